/**
 * A real registry as the judge of what a request means. Its access controller of the kind `silly` asks for credentials,
 * names in its challenge what they would have to allow, and takes any: so one request without credentials tells the
 * repositories and actions that the registry derives, and the same with some tells, in its log, what its router read.
 * It keeps everything in memory.
 */
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import type { Place } from '../gate/wire.ts';
import { freePort } from '../support/ports.ts';
import { startChild } from '../support/process.ts';
import { distribution3Program } from '../support/registry.ts';
import { makeTemp } from '../support/temp.ts';
import type { RawRequest } from './corpus.ts';
import { type Answered, pipeline, type Written } from './pipeline.ts';

/** What the registry understands by a request. */
export interface Understood {
  readonly status: number;
  /** Sorted `type:name:action`; undefined where it asked for none: no route, no such method, a redirect. */
  readonly access: readonly string[] | undefined;
  /** What its router read. */
  readonly name: string | undefined;
  /** Tag, digest or session. */
  readonly reference: string | undefined;
}

export interface Oracle {
  readonly place: Place;
  /** What it would have to allow, without doing anything. */
  challenge(requests: readonly RawRequest[]): Promise<readonly (Answered | undefined)[]>;
  /** Has it do the requests. */
  understand(requests: readonly RawRequest[]): Promise<readonly Understood[]>;
  /** Has it do them, and gives the answers. */
  perform(requests: readonly RawRequest[]): Promise<readonly (Answered | undefined)[]>;
  stop(): Promise<void>;
}

export async function startOracle(version: 2 | 3): Promise<Oracle> {
  const program = version === 3 ? distribution3Program() : 'docker-registry';
  if (program === undefined) throw new Error('the registry of distribution 3 is not built here');
  const temp = makeTemp('oracle');
  const port = await freePort();
  const place = { host: '127.0.0.1', port };
  const file = temp.at('registry.yml');
  const logFile = temp.at('log');
  writeFileSync(
    file,
    JSON.stringify({
      version: '0.1',
      log: { accesslog: { disabled: true }, level: 'info' },
      auth: { silly: { realm: 'realm', service: 'service' } },
      storage: { inmemory: {}, delete: { enabled: true } },
      http: { addr: `127.0.0.1:${port}`, secret: 'the same at each start, so that runs are alike' },
    }),
  );
  const child = await startChild(program, ['serve', file], {
    env: { OTEL_TRACES_EXPORTER: 'none' },
    outputFile: logFile,
  });
  await child.waitForPort(port);
  const log = openSync(logFile, 'r');
  let read = 0;
  let cases = 0;

  /** The lines since the last time. The registry writes a line before it answers, so none is still to come. */
  function newLines(): readonly string[] {
    const chunks: Buffer[] = [];
    for (;;) {
      const chunk = Buffer.alloc(1 << 20);
      const size = readSync(log, chunk, 0, chunk.length, read);
      if (size === 0) break;
      read += size;
      chunks.push(chunk.subarray(0, size));
    }
    return Buffer.concat(chunks).toString('latin1').split('\n');
  }

  const perform: Oracle['perform'] = (requests) =>
    pipeline(
      place,
      requests.map((request) => write(request, ['Authorization: any'])),
    );
  const challenge: Oracle['challenge'] = (requests) =>
    pipeline(
      place,
      requests.map((request) => write(request, [])),
    );

  return {
    place,
    challenge,
    perform,
    async understand(requests) {
      const challenges = await challenge(requests);
      newLines();
      const first = cases;
      cases += requests.length;
      await pipeline(
        place,
        requests.map((request, at) =>
          write(request, ['Authorization: any', `User-Agent: case/${first + at}/`]),
        ),
      );
      const routed = new Map<number, string>();
      for (const line of newLines()) {
        const id = / msg="authorized request" .*http\.request\.useragent="?[^" ]*case\/(\d+)\//.exec(
          line,
        )?.[1];
        if (id !== undefined) routed.set(Number(id) - first, line);
      }
      return requests.map((_, at) => {
        const line = routed.get(at);
        return {
          status: challenges[at]?.status ?? 0,
          access: accessOf(challenges[at]),
          name: fieldOf(line, 'name'),
          reference: fieldOf(line, 'reference') ?? fieldOf(line, 'digest') ?? fieldOf(line, 'uuid'),
        };
      });
    },
    async stop() {
      await child.stop();
      closeSync(log);
      await temp.stop();
    },
  };
}

/** The sorted parts of the scope in a challenge. */
export function accessOf(answer: Answered | undefined): readonly string[] | undefined {
  const challenge = answer?.status === 401 ? answer.headers['www-authenticate'] : undefined;
  if (challenge === undefined) return undefined;
  const scope = /scope="([^"]*)"/.exec(challenge)?.[1] ?? '';
  return [...new Set(scope.split(' ').filter((part) => part !== ''))].sort();
}

/** A field of a line of the registry's log, which quotes what is not plain. */
function fieldOf(line: string | undefined, name: string): string | undefined {
  const [, quoted, plain] =
    new RegExp(` vars\\.${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|(\\S+))`).exec(line ?? '') ?? [];
  return quoted ?? plain;
}

/** Framed by its length, as whatever body is there; latin1, so that a character is a byte. */
export function write({ method, target, headers, body }: RawRequest, more: readonly string[]): Written {
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: registry.example',
    ...more,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body !== '' || ['POST', 'PUT', 'PATCH'].includes(method)
      ? [`Content-Length: ${Buffer.byteLength(body, 'latin1')}`]
      : []),
  ];
  return { method, bytes: Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1') };
}
