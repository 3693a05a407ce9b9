/**
 * Loaded into a Warden before its own code (`node --import`): between the durable intent of a push and its request to the
 * registry it stops its process, as SIGSTOP does, while the file named by WARDEN_TEST_FREEZE_FILE is there. Nothing of
 * Warden knows of it.
 */
import { rmSync } from 'node:fs';
import http, { type ClientRequest } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';

const { request } = http;
type Options = { readonly method?: string; readonly path?: string };
http.request = ((options: Options, ...rest: never[]): ClientRequest => {
  if (options.method === 'PUT' && /\/manifests\//.test(options.path ?? '')) freeze();
  return (request as (...all: unknown[]) => ClientRequest)(options, ...rest);
}) as typeof http.request;
syncBuiltinESMExports();

/** Once: who makes the file again wants another. */
function freeze(): void {
  try {
    rmSync(process.env['WARDEN_TEST_FREEZE_FILE'] ?? '');
  } catch {
    return;
  }
  process.kill(process.pid, 'SIGSTOP');
}
