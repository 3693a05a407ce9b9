/**
 * Loaded into a Warden before its own code (`node --import`): it kills its process, as SIGKILL does, at the point that the
 * file named by WARDEN_TEST_DIE_FILE says. Nothing of Warden knows of it.
 */
import { readFileSync } from 'node:fs';
import http, { type ClientRequest, ServerResponse } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { Worker } from 'node:worker_threads';

/** Where a push can die. */
export type Point = 'intend' | 'request' | 'half' | 'sent' | 'conclude' | 'reply';

const MANIFEST = /\/manifests\//;
/** Milliseconds in which what was written reaches the other side. */
const ARRIVES_MS = 300;

/** The point, and for `sent` the process of the registry, which is stopped before it reads. */
function order(): readonly string[] {
  try {
    return readFileSync(process.env['WARDEN_TEST_DIE_FILE'] ?? '', 'utf8')
      .trim()
      .split(' ');
  } catch {
    return [];
  }
}

const wanted = (): string | undefined => order()[0];

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

const post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function postMessage(this: Worker, ...args) {
  const { name } = (args[0] ?? {}) as { readonly name?: string };
  if ((name === 'intend' || name === 'conclude') && wanted() === name) die();
  return post.apply(this, args);
};

const { request } = http;
type Options = { readonly method?: string; readonly path?: string };
http.request = ((options: Options, ...rest: never[]): ClientRequest => {
  const manifest = options.method === 'PUT' && MANIFEST.test(options.path ?? '');
  if (manifest && wanted() === 'request') die();
  const sent = (request as (...all: unknown[]) => ClientRequest)(options, ...rest);
  if (manifest && (wanted() === 'half' || wanted() === 'sent')) {
    const end = sent.end.bind(sent) as (body: Uint8Array) => ClientRequest;
    sent.end = ((body: Uint8Array) => {
      if (wanted() === 'half') sent.write(body.subarray(0, body.length - 1));
      else {
        process.kill(Number(order()[1]), 'SIGSTOP');
        end(body);
      }
      setTimeout(die, ARRIVES_MS);
      return sent;
    }) as typeof sent.end;
  }
  return sent;
}) as typeof http.request;
syncBuiltinESMExports();

const head = ServerResponse.prototype.writeHead;
ServerResponse.prototype.writeHead = function writeHead(this: ServerResponse, ...args: never[]) {
  if (this.req.method === 'PUT' && MANIFEST.test(this.req.url ?? '') && wanted() === 'reply') die();
  return (head as (...all: never[]) => ServerResponse).apply(this, args);
} as typeof head;
