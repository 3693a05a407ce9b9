import { join } from 'node:path';
import { requireSuccess, run } from '../support/process.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bench', 'run.ts');

/** Runs the benchmark in its smallest size; how many tables it gave, and how many rows of each of these peers. */
export async function smoke(args: readonly string[]): Promise<{
  readonly cases: number;
  readonly rows: Readonly<Record<string, number>>;
}> {
  const result = await run(process.execPath, [PROGRAM, '--smoke', ...args], { timeoutMs: 280_000 });
  const { stdout } = requireSuccess(result);
  const count = (pattern: RegExp): number => stdout.match(pattern)?.length ?? 0;
  const peers = ['direct', 'http-proxy', 'warden', 'warden accel', 'warden redirect'];
  return {
    cases: count(/^### /gm),
    rows: Object.fromEntries(peers.map((peer) => [peer, count(new RegExp(`^\\| ${peer} \\|`, 'gm'))])),
  };
}
