/** Programs that tests run: once with a result, or as a child that stays until it is stopped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOpen } from './ports.ts';

/** What a program left behind. `status` is its exit status, or 128 and the signal's number as a shell has it. */
export interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Added to the environment of the tests; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** What the program reads on its standard input; without it that is empty. */
  readonly input?: string;
  /** After this long the program is killed and the promise rejected with what it had said. */
  readonly timeoutMs?: number;
}

export interface ChildOptions extends Pick<RunOptions, 'env' | 'cwd'> {
  /** The child writes straight into this file, which is appended to. Without it the output is kept in memory. */
  readonly outputFile?: string;
}

/** How a child ended: one of the two is null. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  /** Both outputs in the order in which they came. */
  output(): string;
  /** The last lines of the output, for a message of failure. */
  tail(lines?: number): string;
  /** Fulfilled when the child has ended and its output is read to the end. Never rejected. */
  readonly ended: Promise<Ending>;
  hasEnded(): boolean;
  /** The first line that matches, of what was said already or within the time. Rejected when the child ends before. */
  waitForLine(pattern: RegExp, timeoutMs?: number): Promise<string>;
  /** Until something accepts connections there. Rejected when the child ends before. */
  waitForPort(port: number, host?: string, timeoutMs?: number): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL when that was not heeded in time. Idempotent. */
  stop(graceMs?: number): Promise<void>;
}

const READY_TIMEOUT_MS = 20_000;
const STOP_GRACE_MS = 10_000;
const RUN_TIMEOUT_MS = 120_000;

/** Runs a program to its end. Rejected when it cannot be started or takes too long; a failure status is a result. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Result> {
  const child = spawn(command, args, { env: environment(options.env), cwd: options.cwd, stdio: 'pipe' });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  // A program that does not read its input to the end closes the pipe: no failure of the test.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const timeoutMs = options.timeoutMs ?? RUN_TIMEOUT_MS;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const { code, signal } = await endOf(child).finally(() => clearTimeout(timer));
  if (late) {
    throw new Error(
      `${describe(command, args)} did not end within ${timeoutMs} ms; it said: ${stdout()}${stderr()}`,
    );
  }
  return { status: code ?? 128 + (signalNumbers[signal ?? ''] ?? 0), stdout: stdout(), stderr: stderr() };
}

/** The result again, when the program succeeded. @throws with what it said, otherwise. */
export function requireSuccess(result: Result): Result {
  if (result.status === 0) return result;
  throw new Error(`ended with ${result.status}: ${result.stderr.trim() || result.stdout.trim()}`);
}

/** Runs a program that must succeed, and gives its standard output. */
export async function must(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { status, stdout, stderr } = await run(command, args, options);
  if (status === 0) return stdout;
  const said = [stdout, stderr].map((text) => text.trim().split('\n').slice(-30).join('\n')).join('\n');
  throw new Error(`${describe(command, args)} ended with ${status}: ${said}`);
}

/**
 * Starts a program that stays. Should this process die without stopping it, the kernel kills it
 * (PR_SET_PDEATHSIG, by util-linux' setpriv), so that no failed test leaves a server behind.
 */
export async function startChild(
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<Child> {
  const guard = process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'KILL', '--'] : [];
  const file = options.outputFile === undefined ? undefined : openSync(options.outputFile, 'a', 0o600);
  const start = file === undefined ? 0 : fstatSync(file).size;
  const [program, ...rest] = [...guard, command, ...args] as [string, ...string[]]; // command is there
  const child = spawn(program, rest, {
    env: environment(options.env),
    cwd: options.cwd,
    // A group of its own: Ctrl-C reaches this process, which stops its children in the right order.
    detached: true,
    stdio: ['ignore', ...(file === undefined ? (['pipe', 'pipe'] as const) : [file, file])],
  });
  if (file !== undefined) closeSync(file);
  let said = '';
  let ending: Ending | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8');
    stream?.on('data', (part: string) => {
      said += part;
    });
  }
  const output = (): string =>
    options.outputFile === undefined ? said : readFileSync(options.outputFile).subarray(start).toString();
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new Error(`${command} cannot be started: ${error.message}`)));
  });
  const pid = child.pid as number; // it was spawned
  const ended = endOf(child).then((value) => {
    ending = value;
    return value;
  });

  async function until(what: string, timeoutMs: number, look: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!(await look())) {
      if (ending) throw new Error(`${command} ended (${describeEnding(ending)}) before ${what}:\n${tail()}`);
      if (Date.now() > deadline)
        throw new Error(`${command} did not come to ${what} in ${timeoutMs} ms:\n${tail()}`);
      await sleep(20);
    }
  }

  function tail(lines = 30): string {
    return output().trimEnd().split('\n').slice(-lines).join('\n');
  }

  return {
    pid,
    output,
    tail,
    ended,
    hasEnded: () => ending !== undefined,
    async waitForLine(pattern, timeoutMs = READY_TIMEOUT_MS) {
      let found: string | undefined;
      await until(`a line like ${pattern}`, timeoutMs, async () => {
        found = output()
          .split('\n')
          .find((line) => pattern.test(line));
        return found !== undefined;
      });
      return found as string; // until() returns only with one
    },
    waitForPort: (port, host = '127.0.0.1', timeoutMs = READY_TIMEOUT_MS) =>
      until(`listening on ${host}:${port}`, timeoutMs, () => isOpen(port, host)),
    signal(name) {
      if (!ending) process.kill(pid, name);
    },
    async stop(graceMs = STOP_GRACE_MS) {
      if (ending) return;
      process.kill(pid, 'SIGTERM');
      // A paused child takes the signal only when it goes on.
      process.kill(pid, 'SIGCONT');
      const timer = setTimeout(() => ending ?? process.kill(pid, 'SIGKILL'), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Those that a killed program ends with. */
const signalNumbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

function environment(added: RunOptions['env']): NodeJS.ProcessEnv {
  const result: NodeJS.ProcessEnv = { ...process.env };
  for (const [name, value] of Object.entries(added ?? {})) {
    if (value === undefined) delete result[name];
    else result[name] = value;
  }
  return result;
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (part: string) => {
    text += part;
  });
  return () => text;
}

function endOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(new Error(`${child.spawnfile} cannot be started: ${error.message}`)),
    );
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

function describe(command: string, args: readonly string[]): string {
  return [command, ...args].join(' ');
}

function describeEnding({ code, signal }: Ending): string {
  return signal === null ? `status ${code}` : `by ${signal}`;
}
