/** One measurement: the time on the wall, and what the proxy's processor spent. */
import type { Peer } from './peers.ts';
import { processorSeconds } from './process-facts.ts';

/** Numbers of one run of a case against one peer, by their names. */
export type Sample = Readonly<Record<string, number>>;

export interface Measured {
  readonly wallSeconds: number;
  /** Undefined without a proxy. */
  readonly cpuSeconds: number | undefined;
}

/** @param tls which of the peer's processes is looked at, where it has one for each. */
export async function measure(peer: Peer, tls: boolean, work: () => Promise<unknown>): Promise<Measured> {
  const pids = [tls ? peer.tlsPid : peer.pid, peer.behind].filter((pid) => pid !== undefined);
  const spent = (): number => pids.reduce((sum, pid) => sum + processorSeconds(pid), 0);
  const before = spent();
  const started = performance.now();
  await work();
  const wallSeconds = (performance.now() - started) / 1000;
  return { wallSeconds, cpuSeconds: pids.length === 0 ? undefined : spent() - before };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = low] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}
