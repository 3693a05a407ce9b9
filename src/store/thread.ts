/**
 * One SQLite file family, one thread: a disk wait never stands on the event loop.
 *
 * A thread runs a module that exports `open(options)`, which returns its operations. Calls are answered in order.
 * Whatever waits in the port when the thread looks is handed over together, so that a module which implements
 * `together` can commit a whole group with one disk synchronisation.
 */
import { extname } from 'node:path';
import { type MessagePort, receiveMessageOnPort, Worker, workerData } from 'node:worker_threads';

/** A request as it crosses the port. Arguments and results are structured clones: plain data only. */
export interface Call {
  readonly id: number;
  readonly name: string;
  readonly args: unknown;
}

export type Outcome =
  | { readonly id: number; readonly value: unknown }
  | {
      readonly id: number;
      readonly error: { readonly message: string; readonly errcode: number | undefined };
    };

/** What a module's `open` returns. */
export interface Operations {
  /** Answers a group of calls, one outcome each, in order. Must not throw for a failure of a single call. */
  together(calls: readonly Call[]): readonly Outcome[];
  close(): void;
}

/** The same of a module that waits for somebody else: its calls are under way together. */
export interface AsyncOperations {
  readonly each: Readonly<Record<string, (args: never) => Promise<unknown>>>;
  close(): Promise<void>;
}

export interface Thread {
  /** @throws {StoreError} when the operation failed in the thread, or the thread is gone. */
  call<T>(name: string, args?: unknown): Promise<T>;
  /** Answers what is under way, closes the files, ends the thread. */
  close(): Promise<void>;
}

/** A failure in the store's thread. `errcode` is SQLite's extended code (13 disk full, 8 read-only, 5 locked, 26 not a database). */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly errcode: number | undefined;
  constructor(message: string, errcode?: number) {
    super(message);
    this.errcode = errcode;
  }
}

/** The `errcode` of a StoreError when the thread itself is gone: no later call can succeed. Negative, so that it is none of SQLite's. */
export const THREAD_GONE = -1;

/** The `errcode` where a file that is written was taken away or replaced: what is written then is found by nobody. */
export const FILE_GONE = -2;

/** The `errcode` where the disk of a file has not answered for a while. What was asked for may happen still. */
export const DISK_HANGS = -5;

/** A group larger than this is split, so that one caller does not wait for all of a flood. */
const GROUP_LIMIT = 1024;

/**
 * Starts a thread over a module of ours, named relative to the caller: `startThread(new URL('./log-thread', import.meta.url), …)`
 * without its ending, which is .ts in a checkout and .js in an installed package.
 *
 * @throws {StoreError} with the sentence of the module when it cannot open its files.
 */
export function startThread(module: URL, options: unknown): Promise<Thread> {
  const ending = extname(import.meta.filename);
  const worker = new Worker(new URL(`./thread-main${ending}`, import.meta.url), {
    workerData: { module: `${module.href}${ending}`, options },
  });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let next = 0;
  let gone: StoreError | undefined;

  function end(error: StoreError): void {
    gone ??= error;
    for (const call of waiting.values()) call.reject(gone);
    waiting.clear();
  }

  return new Promise((resolve, reject) => {
    worker.on('message', (message: Outcome | { ready: true } | { failed: string; errcode?: number }) => {
      if ('ready' in message) return resolve({ call, close });
      if ('failed' in message) return reject(new StoreError(message.failed, message.errcode));
      const call_ = waiting.get(message.id);
      waiting.delete(message.id);
      if ('error' in message) call_?.reject(new StoreError(message.error.message, message.error.errcode));
      else call_?.resolve(message.value);
    });
    worker.on('error', (error) => {
      const failure = new StoreError(`the store's thread failed: ${error.message}`, THREAD_GONE);
      end(failure);
      reject(failure);
    });
    worker.on('exit', () => {
      end(new StoreError("the store's thread has ended", THREAD_GONE));
      reject(gone);
    });
  });

  function call<T>(name: string, args?: unknown): Promise<T> {
    if (gone) return Promise.reject(gone);
    const id = next++;
    return new Promise<unknown>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, name, args } satisfies Call);
    }) as Promise<T>;
  }

  async function close(): Promise<void> {
    if (gone) return;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.postMessage('close');
    await ended;
  }
}

/** The thread's side: opens the module, answers groups until told to close. Called by thread-main only. */
export async function runThread(port: MessagePort): Promise<void> {
  const { module, options } = workerData as { module: string; options: unknown };
  let operations: Operations | AsyncOperations;
  try {
    const { open } = (await import(module)) as { open(options: unknown): Operations | AsyncOperations };
    operations = open(options);
  } catch (error) {
    const { message, errcode } = error as { message: string; errcode?: number };
    port.postMessage({ failed: message, ...(errcode === undefined ? {} : { errcode }) });
    port.close();
    return;
  }
  if ('each' in operations) answerEach(port, operations);
  else answerTogether(port, operations);
  port.postMessage({ ready: true });
}

function answerEach(port: MessagePort, { each, close }: AsyncOperations): void {
  const underWay = new Set<Promise<void>>();
  async function answer({ id, name, args }: Call): Promise<void> {
    try {
      const operation = each[name];
      if (!operation) throw new Error(`no operation ${name}`);
      port.postMessage({ id, value: await operation(args as never) } satisfies Outcome);
    } catch (error) {
      port.postMessage({ id, error: describeFailure(error) } satisfies Outcome);
    }
  }
  port.on('message', async (message: Call | 'close') => {
    if (message !== 'close') {
      const answering = answer(message).finally(() => underWay.delete(answering));
      underWay.add(answering);
      return;
    }
    await Promise.all(underWay);
    await close();
    port.close();
  });
}

function answerTogether(port: MessagePort, operations: Operations): void {
  port.on('message', (first: Call | 'close') => {
    const group: Call[] = [];
    let closing = false;
    for (let message: Call | 'close' | undefined = first; message !== undefined; ) {
      if (message === 'close') closing = true;
      else group.push(message);
      if (group.length >= GROUP_LIMIT || closing) break;
      message = (receiveMessageOnPort(port) as { message: Call | 'close' } | undefined)?.message;
    }
    if (group.length > 0) for (const outcome of operations.together(group)) port.postMessage(outcome);
    if (closing) {
      operations.close();
      port.close();
    }
  });
}

/** Answers each call of a group on its own, for modules that need no common commit. */
export function oneByOne(
  table: Readonly<Record<string, (args: never) => unknown>>,
): (calls: readonly Call[]) => Outcome[] {
  return (calls) =>
    calls.map(({ id, name, args }) => {
      try {
        const operation = table[name];
        if (!operation) throw new Error(`no operation ${name}`);
        return { id, value: operation(args as never) };
      } catch (error) {
        return { id, error: describeFailure(error) };
      }
    });
}

/** An error loses its `errcode` on the way through a port, so what matters is copied out. */
export function describeFailure(error: unknown): { message: string; errcode: number | undefined } {
  const { message, errcode } = error as { message?: string; errcode?: number };
  return { message: message ?? String(error), errcode };
}
