/** Daemons that mount things: what they mount is seen by nobody else and gone with them, however they end. */
import type { Host } from './hosts.ts';
import { type Child, type ChildOptions, startChild } from './process.ts';
import type { Temp } from './temp.ts';

export interface Unshared {
  readonly child: Child;
  /** Ends it, then takes its folder away. */
  stop(): Promise<void>;
}

/** Starts it and waits for the line by which it says that it is ready. Where that fails nothing is left, `temp` neither. */
export async function startUnshared(
  { host, temp, ready }: { readonly host: Host | undefined; readonly temp: Temp; readonly ready: RegExp },
  program: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<Unshared> {
  const words = ['--mount', '--', program, ...args];
  let child: Child | undefined;
  try {
    child = await (host ? host.spawn('unshare', words, options) : startChild('unshare', words, options));
    await child.waitForLine(ready, 40_000);
  } catch (error) {
    await child?.stop();
    await temp.stop();
    throw error;
  }
  const started = child;
  return {
    child: started,
    async stop() {
      await started.stop(30_000);
      await temp.stop();
    },
  };
}
