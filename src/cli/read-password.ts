/** Passwords from the terminal, not shown, or from what is piped in. */
import type { Readable } from 'node:stream';
import type { Io } from './io.ts';

/** Standard input. The two additions are those of a terminal. */
export type Input = Readable & {
  readonly isTTY?: boolean;
  setRawMode?(on: boolean): unknown;
};

export type ReadPassword =
  | { readonly ok: true; readonly password: string }
  | { readonly ok: false; readonly reason: string };

/** More than any password, and less than what hurts. */
const INPUT_LIMIT = 64 * 1024;

const ENTER = /^[\r\n]$/;
const ERASE = /^[\b\x7f]$/;
const INTERRUPT = '\x03';
const END = '\x04';

/** Everything that is piped in, without one line end behind it. */
export async function readPipedPassword(input: Input): Promise<ReadPassword> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of input) {
    parts.push(Buffer.from(part as Uint8Array | string));
    size += (parts.at(-1) as Buffer).length; // just pushed
    if (size > INPUT_LIMIT) return { ok: false, reason: 'standard input is too long for a password' };
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(parts));
    return { ok: true, password: text.replace(/\r?\n$/, '') };
  } catch {
    return { ok: false, reason: 'standard input is not UTF-8 text' };
  }
}

/** Asks twice on a terminal, and shows nothing of what is typed. */
export async function askNewPassword(input: Input, io: Io, user: string): Promise<ReadPassword> {
  if (!input.isTTY || !input.setRawMode) {
    return { ok: false, reason: 'no terminal to ask for the password; use --password-stdin or --generate' };
  }
  input.setRawMode(true);
  const typed = createLineReader(input);
  try {
    io.err(`New password for ${user} (not shown):`);
    const first = await typed.line();
    if (first === undefined) return { ok: false, reason: 'given up' };
    io.err('Again:');
    const second = await typed.line();
    if (second === undefined) return { ok: false, reason: 'given up' };
    return first === second ? { ok: true, password: first } : { ok: false, reason: 'the two differ' };
  } finally {
    typed.stop();
    input.setRawMode(false);
  }
}

/** Lines of a terminal in raw mode, where a line ends, is mended and is given up by what is typed. */
function createLineReader(input: Input): {
  /** @returns undefined when it was given up. */
  line(): Promise<string | undefined>;
  stop(): void;
} {
  const lines: (string | undefined)[] = [];
  let typed: string[] = [];
  let wake: () => void = () => undefined;

  function give(line: string | undefined): void {
    lines.push(line);
    typed = [];
    wake();
  }
  function take(text: string): void {
    for (const letter of text) {
      if (ENTER.test(letter)) give(typed.join(''));
      else if (letter === INTERRUPT || letter === END) give(undefined);
      else if (ERASE.test(letter)) typed.pop();
      else typed.push(letter);
    }
  }
  const end = (): void => give(undefined);
  input.setEncoding('utf8');
  input.on('data', take);
  input.once('end', end);
  input.resume();

  return {
    async line() {
      while (lines.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return lines.shift();
    },
    stop() {
      input.off('data', take);
      input.off('end', end);
      // Otherwise the open terminal keeps the process alive.
      input.pause();
    },
  };
}
