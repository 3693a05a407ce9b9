/** Mutated requests to a running Warden, and what its registry was asked meanwhile. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { registryRequests } from '../gate/front.ts';
import type { Place } from '../gate/wire.ts';
import type { RunningWarden } from '../support/warden.ts';
import { readCorpus } from './corpus.ts';
import { frameOddly } from './frame.ts';
import { mutateRequest } from './mutate.ts';
import { write } from './oracle.ts';
import { pipeline } from './pipeline.ts';
import { createRandom } from './random.ts';

export interface Attack {
  readonly seed: number;
  /** Framed well, many on one connection. */
  readonly pipelined: number;
  /** Framed oddly, each on a connection of its own. */
  readonly odd: number;
  /** Asked for again and again: a token lasts some minutes. */
  readonly authorization: () => Promise<string>;
}

const BATCH = 500;
const TOGETHER = 8;
const PATIENCE_MS = 3_000;

/** @returns how many were answered with a status below 400. */
export async function attack(place: Place, { seed, pipelined, odd, authorization }: Attack): Promise<number> {
  const random = createRandom(seed);
  const corpus = readCorpus();
  let passed = 0;
  for (let done = 0; done < pipelined; done += BATCH) {
    const header = `Authorization: ${await authorization()}`;
    const requests = Array.from({ length: Math.min(BATCH, pipelined - done) }, (_, at) =>
      write(corpus[done + at] ?? mutateRequest(random, corpus), [header]),
    );
    passed += (await pipeline(place, requests)).filter((answer) => answer && answer.status < 400).length;
  }
  const value = await authorization();
  for (let done = 0; done < odd; done += TOGETHER) {
    const requests = Array.from({ length: TOGETHER }, () =>
      frameOddly(random, mutateRequest(random, corpus), value),
    );
    await Promise.all(requests.map((bytes) => send(place, bytes)));
  }
  return passed;
}

/** Writes and ends its own side; done when the other side has ended too, or says nothing for long. */
function send({ host, port }: Place, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, noDelay: true });
    socket.on('error', () => undefined);
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    socket.once('connect', () => socket.end(bytes));
    socket.resume();
    socket.once('close', () => resolve());
  });
}

/** A request that the registry got, and what Warden's log says of the one that caused it. */
export interface Passed {
  readonly method: string;
  readonly target: string;
  /** Warden's id of the request; undefined for Warden's own look-ups. */
  readonly id: string | undefined;
  readonly judged: { readonly method: unknown; readonly repository: unknown } | undefined;
}

/** All that the registry was asked since its log had this length. @throws when Warden does not log what it sent on. */
export async function passedSince(
  { registry, logLines }: RunningWarden,
  length: number,
): Promise<readonly Passed[]> {
  const lines = await registryRequests(registry, length);
  const requests = lines.map((line) => {
    const [, method = '', target = '', agent = ''] =
      /"([A-Z]+) (\S+) HTTP\/1\.[01]" \d{3} \d+ "[^"]*" "(.*)"/.exec(line) ?? [];
    return { line, method, target, agent, id: / ?warden\/([0-9a-f]{16})$/.exec(agent)?.[1] };
  });
  for (let tries = 0; ; tries++) {
    const judged = new Map(logLines().map((line) => [line['requestId'], line]));
    const missing = requests.find(({ id }) => id !== undefined && !judged.has(id));
    if (missing === undefined) {
      return requests.map(({ method, target, agent, id, line }) => {
        // What comes without an id is Warden's own, or nobody's: then the whole line shows in the failure.
        const own = id === undefined && agent === 'registry-warden';
        const entry = judged.get(id);
        return {
          method,
          target: own || id !== undefined ? target : line,
          id,
          judged: entry && { method: entry['method'], repository: entry['repository'] },
        };
      });
    }
    if (tries > 600) throw new Error(`Warden's log does not have what it sent on: ${missing.line}`);
    await sleep(50);
  }
}
