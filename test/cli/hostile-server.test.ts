/** What a terminal gets of a server that means ill: text that steers it, in every answer whose words a command shows. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { run } from '../support/process.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
/** A title for the window, and text that runs backwards. */
const HOSTILE = '\u001b]0;owned\u0007\u202e\u009b2J';
const attestation = {
  predicateType: HOSTILE,
  envelope: { payload: HOSTILE },
  bundle: { mediaType: HOSTILE },
};
let server: Server;

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url ?? '';
    if (path.includes('/log/')) return response.end(`registry.test\n1\n${HOSTILE}\n`);
    const made = { name: 'r', secret: HOSTILE, expires: HOSTILE, oldUntil: HOSTILE };
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify({ ...made, robot: made, attestations: [attestation] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const IMAGE = `team/app@sha256:${'a'.repeat(64)}`;

test.each([
  ['log checkpoint', ['log', 'checkpoint'], 3],
  ['log proof', ['log', 'proof', '--index', '1'], 3],
  ['robot create', ['robot', 'create', 'r', '--repository', 'team/app', '--days', '1'], 0],
  ['robot rotate', ['robot', 'rotate', 'r'], 0],
  ['attest', ['attest', IMAGE], 0],
])('%s shows none of it as it is', async (_name, command, status) => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ended = await run(
    process.execPath,
    [MAIN, ...command, '--url', url, '--user-name', 'erin', '--password-stdin'],
    { input: 'secret' },
  );
  const shown = ended.stdout + ended.stderr;
  expect([ended.status, shown]).toEqual([status, expect.stringMatching(/\\u|control characters/)]);
  expect([...HOSTILE].filter((one) => /[\p{Cc}\p{Cf}]/u.test(one) && shown.includes(one))).toEqual([]);
});
