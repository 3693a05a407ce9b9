/**
 * Brings every record of the log to one destination, in order, however often either side is away.
 *
 * There is no queue beside the log: the log is the queue, and a cursor that is as durable as the log says how far a
 * destination is. It moves after the delivery, so a record can arrive twice and none is left out.
 */
import type { Clock } from '../store/clock.ts';
import type { Cursor, Cursors, Mark } from './cursors.ts';
import type { Destination, LeafFacts, Outgoing } from './destination.ts';

/** The log as far as it is read here. */
export interface Source {
  size(): Promise<number>;
  /** Bytes of leaves, in order, from an index on. */
  entries(from: number, limit: number): Promise<readonly Uint8Array[]>;
}

export interface ForwarderOptions {
  readonly name: string;
  readonly destination: Destination;
  readonly source: Source;
  readonly cursors: Cursors;
  readonly clock: Clock;
  /** Whether records of a type go there. */
  readonly wants: (type: string) => boolean;
  /** Where a destination begins that was never forwarded to. */
  readonly from: 'start' | 'now';
  readonly digest: (leaf: Uint8Array) => string;
  readonly onState: (state: ForwardState) => void;
  readonly onDelivered: (count: number) => void;
}

export interface ForwardState {
  /** Records of the log that were not looked at yet; undefined while another instance forwards. */
  readonly behind: number | undefined;
  /** Of the last try; undefined when it went well. */
  readonly problem: string | undefined;
}

export interface Forwarder {
  /** Ends what is under way. What was not confirmed is sent again by the next start. */
  close(): Promise<void>;
}

/** Milliseconds. */
const LOOK_EVERY = 1_000;
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 60_000;
/** Entries read at once: those that a destination does not want cost no round of their own. */
const READ_AT_ONCE = 256;

export function startForwarder(options: ForwarderOptions): Forwarder {
  const { name, destination, source, cursors, clock, onState } = options;
  const ending = new AbortController();
  const { signal } = ending;

  async function run(): Promise<void> {
    let wait = FIRST_WAIT;
    while (!signal.aborted) {
      try {
        const moved = await round();
        wait = FIRST_WAIT;
        if (!moved) await clock.sleep(LOOK_EVERY, signal);
      } catch (error) {
        if (signal.aborted) return;
        onState({ behind: await behindOf(), problem: (error as Error).message });
        // Half of it by chance, so that several instances and destinations do not all come at once.
        await clock.sleep(wait / 2 + Math.random() * (wait / 2), signal);
        wait = Math.min(wait * 2, LONGEST_WAIT);
      }
    }
  }

  /** @returns whether there may be more to do at once. */
  async function round(): Promise<boolean> {
    const size = await source.size();
    const held = await cursors.hold(name, () => firstMark(size));
    if (held === undefined) {
      onState({ behind: undefined, problem: undefined });
      return false;
    }
    const mark = await checked(held, size);
    if (mark.next >= size) {
      await destination.repeat?.(signal);
      onState({ behind: 0, problem: undefined });
      return false;
    }
    const leaves = await source.entries(mark.next, READ_AT_ONCE);
    if (leaves.length === 0) return false;
    let at: Mark = mark;
    let batch: Outgoing[] = [];
    const send = async (next: number, leaf: Uint8Array): Promise<void> => {
      if (batch.length > 0) await destination.deliver(batch, signal);
      at = { next, sequence: at.sequence + batch.length, last: options.digest(leaf) };
      if (!(await cursors.move(held, at))) throw new Error('another instance has taken over');
      options.onDelivered(batch.length);
      batch = [];
    };
    for (const [offset, leaf] of leaves.entries()) {
      const text = Buffer.from(leaf).toString('utf8');
      const facts = JSON.parse(text) as LeafFacts;
      const index = mark.next + offset;
      if (options.wants(facts.type))
        batch.push({ index, sequence: at.sequence + batch.length, leaf: text, facts });
      if (batch.length >= destination.atOnce || offset === leaves.length - 1) await send(index + 1, leaf);
    }
    onState({ behind: Math.max(0, size - at.next), problem: undefined });
    return true;
  }

  async function firstMark(size: number): Promise<Mark> {
    const next = options.from === 'now' ? size : 0;
    return { next, sequence: 0, last: await digestBefore(next) };
  }

  async function digestBefore(next: number): Promise<string> {
    const [leaf] = next === 0 ? [] : await source.entries(next - 1, 1);
    return leaf === undefined ? '' : options.digest(leaf);
  }

  /**
   * The mark, if the log is the one that it was made with. A log that was restored from a backup is shorter: what is
   * written from its end on is new. Any other difference makes it another log, all of which is to be forwarded.
   */
  async function checked({ mark }: Cursor, size: number): Promise<Mark> {
    if (mark.next > size) return { ...mark, next: size, last: await digestBefore(size) };
    if ((await digestBefore(mark.next)) === mark.last) return mark;
    return { ...mark, next: 0, last: '' };
  }

  async function behindOf(): Promise<number | undefined> {
    try {
      const [size, mark] = [await source.size(), await cursors.look(name)];
      return Math.max(0, size - (mark?.next ?? 0));
    } catch {
      return undefined;
    }
  }

  const running = run();
  return {
    async close() {
      ending.abort();
      await running;
      await destination.close();
      await cursors.release(name).catch(() => undefined);
    },
  };
}
