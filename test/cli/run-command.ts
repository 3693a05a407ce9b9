/** Runs commands of a program in this process, and keeps what they say. */
import { PassThrough } from 'node:stream';
import { Command } from 'commander';
import { addBackupCommands } from '../../src/cli/backup.ts';
import { addImportCommands } from '../../src/cli/import.ts';
import { addKeysCommands } from '../../src/cli/keys.ts';
import { addPolicyCommands } from '../../src/cli/policy.ts';
import type { Input } from '../../src/cli/read-password.ts';
import { addSessionCommands } from '../../src/cli/session.ts';
import { addUserCommands } from '../../src/cli/user.ts';

export interface Said {
  readonly status: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

/** What stands in for standard input: a text that is piped in, or a terminal at which it is typed. */
export interface Typed {
  readonly piped?: string | Uint8Array;
  readonly typed?: readonly string[];
  /** How wide the terminal is; undefined: none. */
  readonly columns?: number;
  /** The present, in milliseconds since 1970. */
  readonly now?: number;
}

export interface Terminal extends Said {
  /** Raw mode as it was switched. */
  readonly raw: readonly boolean[];
  /** Whether anything still reads. */
  readonly reading: boolean;
}

export async function runCommand(
  config: string,
  args: readonly string[],
  input: Typed = {},
): Promise<Terminal> {
  const out: string[] = [];
  const err: string[] = [];
  const raw: boolean[] = [];
  let status = 0;
  const stream = new PassThrough();
  const stdin: Input = Object.assign(stream, {
    ...(input.typed && {
      isTTY: true,
      setRawMode: (on: boolean) => {
        raw.push(on);
      },
    }),
  });
  if (input.typed) for (const part of input.typed) stream.write(part);
  else stream.end(input.piped ?? '');
  const deps = {
    io: { out: (line: string) => out.push(line), err: (line: string) => err.push(line) },
    stdin,
    defaultConfig: config,
    exit: (code: number) => {
      status = code;
    },
  };
  const program = new Command('warden').enablePositionalOptions().exitOverride();
  addKeysCommands(program, deps);
  addUserCommands(program, deps);
  addPolicyCommands(program, { ...deps, columns: input.columns, now: () => input.now ?? Date.now() });
  addBackupCommands(program, { ...deps, version: 'test' });
  addImportCommands(program, deps);
  addSessionCommands(program, {
    ...deps,
    columns: input.columns,
    readStdin: async () => String(input.piped ?? ''),
  });
  await program.parseAsync([...args], { from: 'user' });
  return { status, out, err, raw, reading: stream.listenerCount('data') > 0 };
}
