/**
 * Like events of one minute as two records: the first at once, with count 1; the others together when the minute is over,
 * with what they have in common.
 *
 * So a flood neither hides a fact nor fills the disk. Never on an answer's path, never a failure for the caller: what
 * cannot be written now stays counted and is tried again.
 */
import type { Clock } from '../store/clock.ts';
import { commonFacts } from './common-facts.ts';

export interface Span {
  readonly count: number;
  /** Milliseconds since 1970, of the first and the last event. */
  readonly since: number;
  readonly until: number;
}

export interface Groups<F> {
  /** `key` names the group within its minute; `source` is whoever can cause many of them, a network. */
  add(key: string, facts: F, source: string): void;
  /** Writes the groups whose minute is over. Never rejected. */
  tick(): Promise<void>;
  /** Writes everything that is counted and not yet written. Never rejected. */
  flush(): Promise<void>;
}

export interface GroupsDeps<F> {
  readonly clock: Clock;
  /** Groups of one minute; the events of all others are counted in one group. */
  readonly limit: number;
  /** What the record of that one group says: no facts of its own. */
  readonly others: F;
  /** Groups that one source has in a minute; its further events are counted in one group of its own. */
  readonly sourceLimit: number;
  /** What the record of that group says, from any of them: what they have in common. */
  inCommon(facts: F): F;
  write(facts: F, span: Span): Promise<void>;
}

interface Group<F> {
  readonly minute: number;
  /** Of the events that are not written yet: these three, and what they have in common. */
  facts: F;
  count: number;
  since: number;
  until: number;
  writing: Promise<void> | undefined;
}

const MINUTE_MS = 60_000;
const OTHERS = '';

export function createGroups<F extends object>(deps: GroupsDeps<F>): Groups<F> {
  const { clock, limit, others, sourceLimit, inCommon, write } = deps;
  const groups = new Map<string, Group<F>>();
  /** How many groups each source has in the present minute. */
  let sources = { minute: 0, counts: new Map<string, number>() };

  /** Where an event is counted: in its own group while there is room for it and its source. */
  function place(
    minute: number,
    key: string,
    facts: F,
    source: string,
  ): { readonly name: string; readonly facts: F } {
    const name = `${minute} ${key}`;
    if (groups.has(name)) return { name, facts };
    if (groups.size >= limit) return { name: `${minute} ${OTHERS}`, facts: others };
    if (sources.minute !== minute) sources = { minute, counts: new Map() };
    const count = sources.counts.get(source) ?? 0;
    if (count >= sourceLimit) return { name: `${minute} from ${source}`, facts: inCommon(facts) };
    sources.counts.set(source, count + 1);
    return { name, facts };
  }

  /** One write of a group at a time; events that come meanwhile stay for the next. */
  function writeOut(key: string, group: Group<F>): Promise<void> {
    group.writing ??= attempt(group).finally(() => {
      group.writing = undefined;
      if (group.count === 0 && isOver(group)) groups.delete(key);
    });
    return group.writing;
  }

  async function attempt(group: Group<F>): Promise<void> {
    const span = { count: group.count, since: group.since, until: group.until };
    const { facts } = group;
    if (span.count === 0) return;
    group.count = 0;
    try {
      await write(facts, span);
    } catch {
      // The writer told the record's health. The events are put back.
      group.facts = group.count === 0 ? facts : commonFacts(facts, group.facts);
      group.until = group.count === 0 ? span.until : group.until;
      group.count += span.count;
      group.since = span.since;
    }
  }

  function isOver(group: Group<F>): boolean {
    return group.minute !== Math.floor(clock.now() / MINUTE_MS);
  }

  async function each(which: (group: Group<F>) => boolean): Promise<void> {
    await Promise.all(
      [...groups].filter(([, group]) => which(group)).map(([key, group]) => writeOut(key, group)),
    );
  }

  return {
    add(key, facts, source) {
      const now = clock.now();
      const minute = Math.floor(now / MINUTE_MS);
      const { name, facts: kept } = place(minute, key, facts, source);
      const group = groups.get(name);
      if (group) {
        if (group.count === 0) group.since = now;
        group.facts = group.count === 0 ? kept : commonFacts(group.facts, kept);
        group.count++;
        group.until = now;
        return;
      }
      const first: Group<F> = {
        facts: kept,
        minute,
        count: 1,
        since: now,
        until: now,
        writing: undefined,
      };
      groups.set(name, first);
      void writeOut(name, first);
    },
    tick: () => each(isOver),
    async flush() {
      // A group may be in the middle of a write that fails, or to which more was added: hence twice.
      await each(() => true);
      await each((group) => group.count > 0);
    },
  };
}
