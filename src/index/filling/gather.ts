/**
 * A batch of leaves as the rows that the index gets, added up where several leaves touch the same row. Pure: what is
 * written, and how, is the database's affair.
 */
import type { PushRecord } from '../../provenance/record.ts';
import { DAY_MS, EVERYTHING, HOUR_MS, LEVELS, NAMES, type NameKind } from '../common/kinds.ts';
import { columnsOf } from './columns.ts';
import type {
  Gathered,
  GatheredName,
  GatheredRecord,
  GatheredRefusals,
  GatheredSpan,
  GatheredTag,
  GatheredTally,
  GatheredTotal,
} from './gathered.ts';

const REFUSALS: readonly string[] = ['push.refused', 'login.failed'];
const ACCEPTED = 'push.accepted';

/**
 * @param from the index of the first leaf.
 * @param fitting makes a name such as the database can hold.
 */
export function gather(
  leaves: readonly Uint8Array[],
  from: number,
  fitting: (text: string) => string = (text) => text,
): Gathered {
  const names = new Map<string, GatheredName>();
  const tags = new Map<string, GatheredTag>();
  const tallies = new Map<string, GatheredTally>();
  const daySpans = new Map<string, GatheredSpan>();
  const totals = new Map<string, GatheredTotal>();
  const refusals = new Map<string, GatheredRefusals>();
  const spans = new Map<number, { first: number; last: number }>();
  const numbers = new Map<GatheredName, number>();

  function nameOf<T extends string | undefined>(
    kind: NameKind,
    given: T,
    idx: number,
    time: number,
    sort?: Uint8Array,
  ): GatheredName | (T & undefined) {
    if (given === undefined) return given as T & undefined;
    const text = fitting(given);
    const key = `${kind} ${text}`;
    let name = names.get(key);
    if (!name) {
      name = {
        ...{ kind, text, sort, records: 0 },
        ...{ firstIdx: idx, lastIdx: idx, firstTime: time, lastTime: time },
      };
      names.set(key, name);
      numbers.set(name, numbers.size);
    }
    name.records++;
    name.lastIdx = idx;
    name.firstTime = Math.min(name.firstTime, time);
    name.lastTime = Math.max(name.lastTime, time);
    return name;
  }

  function keyOf(...parts: readonly (GatheredName | number | undefined)[]): string {
    return parts.map((part) => (typeof part === 'object' ? `n${numbers.get(part)}` : part)).join(' ');
  }

  function tagOf(repo: GatheredName, given: string, idx: number): GatheredTag {
    const name = fitting(given);
    const key = `${repo.text} ${name}`;
    let tag = tags.get(key);
    if (!tag) {
      tag = { repo, name, records: 0, lastIdx: idx, movedIdx: undefined, by: new Map() };
      tags.set(key, tag);
    }
    tag.records++;
    tag.lastIdx = idx;
    return tag;
  }

  function movedBy(tag: GatheredTag, who: GatheredName | undefined, idx: number): void {
    if (!who) return;
    const known = tag.by.get(who);
    if (!known) tag.by.set(who, { pushes: 1, lastIdx: idx });
    else {
      known.pushes++;
      known.lastIdx = idx;
    }
  }

  function count(name: GatheredName | undefined, hour: number, type: GatheredName, events: number): void {
    const key = keyOf(name ?? EVERYTHING, hour, type);
    const known = tallies.get(key);
    if (known) known.events += events;
    else tallies.set(key, { name, hour, type, events });
  }

  function countTotal(name: GatheredName, type: GatheredName): void {
    const key = keyOf(name, type);
    const known = totals.get(key);
    if (known) known.records++;
    else totals.set(key, { name, type, records: 1 });
  }

  /** From the hours, which are fewer than the records. */
  function addDays({ name, hour, type, events }: GatheredTally): void {
    for (const level of LEVELS) {
      const bucket = dayOf(hour) >> level;
      const key = keyOf(name ?? EVERYTHING, level, bucket, type);
      const known = daySpans.get(key);
      if (known) known.events += events;
      else daySpans.set(key, { name, level, bucket, type, events });
    }
  }

  function refuse(record: GatheredRecord, hour: number): void {
    const { columns, idx, rules, reason } = record;
    const [rule] = rules;
    const key = keyOf(
      hour,
      record.type,
      record.repo,
      record.actor,
      record.host,
      record.address,
      rule,
      reason,
    );
    const known = refusals.get(key);
    if (known) {
      known.events += columns.events;
      known.lastIdx = idx;
      return;
    }
    refusals.set(key, {
      ...{ hour, of: record, rule },
      ...{ events: columns.events, firstIdx: idx, lastIdx: idx },
    });
  }

  const records = leaves.map((leaf, at): GatheredRecord => {
    const idx = from + at;
    const columns = columnsOf(recordOf(leaf));
    const { time, events } = columns;
    const type = nameOf(NAMES.type, columns.type, idx, time);
    const repo = nameOf(NAMES.repository, columns.repo, idx, time);
    const actor = nameOf(NAMES.actor, columns.actor, idx, time);
    const host = nameOf(NAMES.host, columns.host, idx, time);
    const address = nameOf(NAMES.address, columns.address, idx, time, columns.addressKey);
    const tag = repo && columns.tag !== undefined ? tagOf(repo, columns.tag, idx) : undefined;
    if (tag && columns.movesTag) tag.movedIdx = idx;
    const record: GatheredRecord = {
      ...{ idx, columns, type, repo, tag, actor, host, address },
      job: nameOf(NAMES.job, columns.job, idx, time),
      labels: nameOf(NAMES.labels, columns.labels, idx, time),
      reason: nameOf(NAMES.reason, columns.reason, idx, time),
      rules: columns.rules.map((rule) => nameOf(NAMES.rule, rule, idx, time)),
      bases:
        columns.type === ACCEPTED
          ? columns.bases.map(({ digest, of, claimed }) => ({
              base: nameOf(NAMES.base, digest, idx, time),
              of,
              claimed,
            }))
          : [],
    };
    if (tag && columns.type === ACCEPTED) for (const who of [actor, host]) movedBy(tag, who, idx);
    const hour = Math.floor(time / HOUR_MS);
    count(undefined, hour, type, events);
    for (const name of [repo, actor, host]) if (name) count(name, hour, type, events);
    if (repo) countTotal(repo, type);
    if (REFUSALS.includes(columns.type)) refuse(record, hour);
    const span = spans.get(hour);
    if (span) span.last = idx;
    else spans.set(hour, { first: idx, last: idx });
    return record;
  });
  for (const tally of tallies.values()) addDays(tally);
  return {
    names: [...names.values()],
    tags: [...tags.values()],
    records,
    tallies: [...tallies.values()],
    daySpans: [...daySpans.values()],
    totals: [...totals.values()],
    refusals: [...refusals.values()],
    spans,
  };
}

/** Of an hour since 1970. */
export function dayOf(hour: number): number {
  return Math.floor((hour * HOUR_MS) / DAY_MS);
}

/** Without a copy of the bytes. */
function recordOf({ buffer, byteOffset, byteLength }: Uint8Array): PushRecord {
  return JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString('utf8')) as PushRecord;
}
