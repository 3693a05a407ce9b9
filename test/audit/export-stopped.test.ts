/** What `warden audit --output` leaves where it is stopped, and what a terminal gets of a server that means ill. */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { makeTemp } from '../support/temp.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
/** A title for the window, a colour, and text that runs backwards. */
const HOSTILE = 'name,\u001b]0;owned\u0007\u001b[31mred\u202e\u009b2J';
const temp = makeTemp('export-stopped');
let server: Server;
/** That of the last request; it is kept open until somebody ends it. */
let answer: ServerResponse | undefined;

beforeAll(async () => {
  server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/csv');
    response.write(`${HOSTILE}\r\n`);
    answer = response;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await temp.stop();
});

const asked = () => [
  ...['audit', 'pushes', '--all', '--csv', '--user-name', 'erin', '--password-stdin'],
  ...['--url', `http://127.0.0.1:${(server.address() as AddressInfo).port}`],
];

interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

function start(program: string, args: readonly string[], input: string) {
  const child = spawn(program, args);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (status, signal) =>
      resolve({ status, signal, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }),
    );
  });
  child.stdin.end(input);
  return { child, ended, seen: () => Buffer.concat(out).toString() };
}

describe('an export by command', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'that %s ends leaves no part of a file',
    async (name) => {
      const folder = temp.at(name);
      mkdirSync(folder);
      const file = join(folder, 'pushes.csv');
      const { child, ended } = start(process.execPath, [MAIN, ...asked(), '--output', file], 'secret');
      await eventually(
        () => readdirSync(folder),
        (names) => names.some((one) => one.endsWith('.part')),
      );
      child.kill(name);
      const { status, signal, err } = await ended;
      expect({ status, signal, err }).toEqual({
        status: null,
        signal: name,
        err: `ended by ${name}: ${file} was not written\n`,
      });
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  test('shows a terminal nothing that it obeys, and gives a pipe the bytes as they are', async () => {
    // What runs in a terminal of its own, which `script` makes.
    const line = [process.execPath, MAIN, ...asked()].map((word) => `'${word}'`).join(' ');
    const shown = start('script', ['-qec', `stty -echo; echo secret | ${line}`, '/dev/null'], '');
    await eventually(shown.seen, (text) => text.includes('red'));
    answer?.end();
    const terminal = (await shown.ended).out;
    expect(terminal).toContain('name,\\u{1b}]0;owned\\u{7}\\u{1b}[31mred\\u{202e}\\u{9b}2J');
    expect([...'\u001b\u0007\u009b\u202e'].filter((one) => terminal.includes(one))).toEqual([]);
    const piped = start(process.execPath, [MAIN, ...asked()], 'secret');
    await eventually(piped.seen, (text) => text.includes('red'));
    answer?.end();
    expect((await piped.ended).out).toContain(HOSTILE);
  });
});
