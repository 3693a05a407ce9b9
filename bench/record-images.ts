/** The images of the made-up company by their numbers: bases, what is built on them in two further steps, and their rebuilds. */
import { hash } from 'node:crypto';

/** Images that others are built on: bases, middles on bases, stacks on middles; numbered one after the other. */
export const BASES = 30;
const MIDDLES = 300;
const STACKS = 600;
export const FOUNDATIONS = BASES + MIDDLES + STACKS;

export function digestOf(kind: string, n: number | string): string {
  return `sha256:${hash('sha256', `${kind} ${n}`)}`;
}

/** One that others are built on, in its nth rebuild. */
export interface Foundation {
  readonly repo: string;
  readonly digest: string;
  /** Lowest first. */
  readonly layers: readonly string[];
  /** What it is built on itself; undefined for a base. */
  readonly on: Foundation | undefined;
}

const known = new Map<string, Foundation>();

/** @param which below FOUNDATIONS. */
export function foundation(which: number, rebuild: number): Foundation {
  const key = `${which} ${rebuild}`;
  const before = known.get(key);
  if (before) return before;
  const on =
    which < BASES
      ? undefined
      : which < BASES + MIDDLES
        ? foundation(which % BASES, rebuild)
        : foundation(BASES + (which % MIDDLES), rebuild);
  const own = on ? (on.on ? 1 : 2) : 3;
  const made: Foundation = {
    repo: on === undefined ? `os/base-${which}` : on.on ? `stack/stack-${which}` : `os/middle-${which}`,
    digest: digestOf('foundation', key),
    layers: [
      ...(on?.layers ?? []),
      ...Array.from({ length: own }, (_, at) => digestOf('layer of foundation', `${key} ${at}`)),
    ],
    on,
  };
  known.set(key, made);
  return made;
}

/** Numbers from 0 to 1, the same for the same seed. */
export function randomOf(seed: number | string): () => number {
  const bytes = hash('sha256', `random ${seed}`, 'buffer');
  let at = 0;
  return () => {
    const value = bytes.readUInt32BE(at % 32) / 0x1_0000_0000;
    at += 4;
    return value;
  };
}

/** From 0 on; small numbers most of the time. */
export function skewed(random: number, count: number): number {
  return Math.floor(count * random ** 3);
}
