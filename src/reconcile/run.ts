/**
 * One comparison of the whole record with the whole registry, in both directions, a step at a time.
 *
 * First the record, entry by entry: what each tag shows that it last spoke of, and whether each manifest that it has is
 * still there. Then the registry, page by page of its catalogue: the tags that the record has never heard of. Each step
 * ends with a place from which another process goes on.
 */
import type { LogReader } from '../provenance/log-store.ts';
import type { PushRecord } from '../provenance/record.ts';
import type { Recorder } from '../provenance/recorder.ts';
import type { Comparing, Difference, Thing, Unreadable } from './compare.ts';
import { watchPages } from './pages.ts';
import { type Suspicions, unreadable } from './suspicions.ts';

/** Where a run stands. What JSON keeps. */
export interface Place {
  /** Milliseconds since 1970. */
  readonly began: number;
  /** Entries below `size` are compared; the next one is `entry`. */
  readonly entry: number;
  readonly size: number;
  /** The last repository of the catalogue that is done; absent before the first. */
  readonly repository?: string;
  readonly counts: Counts;
}

export interface Counts {
  readonly entries: number;
  readonly repositories: number;
  readonly tags: number;
  readonly manifests: number;
  readonly drifted: number;
  readonly found: number;
  readonly missing: number;
  readonly skipped: number;
  readonly unreadable: number;
}

export interface RunDeps {
  readonly comparing: Comparing;
  readonly suspicions: Suspicions;
  readonly log: Pick<LogReader, 'size' | 'entries'>;
  readonly recorder: Pick<Recorder, 'lastOf'>;
  readonly registry: {
    listRepositories(
      count: number,
      last: string | undefined,
    ): Promise<{ readonly names: readonly string[]; readonly last: string | undefined }>;
    listTags(repository: string, count: number, last: string | undefined): Promise<readonly string[]>;
  };
  /** Before each look at the registry. */
  pace(): Promise<void>;
  /** Waits so many milliseconds, or until the run is to end. */
  sleep(ms: number): Promise<void>;
  readonly signal: AbortSignal;
  /** After each step, durably. */
  save(place: Place): Promise<void>;
  onDifference(difference: Difference | Unreadable): void;
}

export const NOTHING: Counts = {
  entries: 0,
  repositories: 0,
  tags: 0,
  manifests: 0,
  drifted: 0,
  found: 0,
  missing: 0,
  skipped: 0,
  unreadable: 0,
};
const COUNTED = {
  'tag.drift': 'drifted',
  'manifest.found': 'found',
  'manifest.missing': 'missing',
  unreadable: 'unreadable',
} as const;
/** Entries and repositories of one step. */
const ENTRIES = 200;
const REPOSITORIES = 50;
const TAGS = 1000;
/** Manifests that are known to have been looked at in this process. One that is forgotten is looked at again. */
const SEEN_LIMIT = 100_000;
/** Milliseconds that a run waits where its suspicions have no room. */
const FULL_MS = 1_000;

/**
 * @param from where an earlier run stopped; undefined begins anew.
 * @returns the last place; undefined where it was ended by the signal: `save` has where to go on.
 * @throws {WardenError} REGISTRY_UNAVAILABLE, RECORD_UNAVAILABLE, {StoreError}: the same holds.
 */
export async function runReconciliation(
  deps: RunDeps,
  now: number,
  from: Place | undefined,
): Promise<Place | undefined> {
  const { log, registry, suspicions, signal } = deps;
  const size = await log.size();
  // A log that is shorter than it was is another one.
  const start: Place =
    from !== undefined && from.size <= size ? from : { began: now, entry: 0, size, counts: NOTHING };
  const counts: { -readonly [K in keyof Counts]: number } = { ...start.counts };
  const seen = new Set<string>();
  let { entry, repository } = start;

  async function settle(): Promise<void> {
    const { differences, skipped } = await suspicions.settle();
    counts.skipped += skipped;
    for (const difference of differences) tell(difference);
  }

  function tell(difference: Difference | Unreadable): void {
    counts[COUNTED[difference.type]]++;
    deps.onDifference(difference);
  }

  /** What is only suspected so far is not done: who goes on must come by it again. */
  async function save(): Promise<Place> {
    const place = { began: start.began, entry, size: start.size, counts: { ...counts } };
    const at: Place = repository === undefined ? place : { ...place, repository };
    if (suspicions.size() === 0) await deps.save(at);
    return at;
  }

  /** @returns whether they agree. */
  async function compare(thing: Thing): Promise<boolean> {
    if (signal.aborted) return false;
    if ('tag' in thing.reference) counts.tags++;
    else counts.manifests++;
    await deps.pace();
    try {
      if (!(await deps.comparing.differ(thing))) return true;
    } catch (error) {
      if (!(await deps.comparing.isUnreadable(error))) throw error;
      tell(unreadable(thing));
      return false;
    }
    while (!suspicions.add(thing) && !signal.aborted) {
      await settle();
      await deps.sleep(FULL_MS);
    }
    return false;
  }

  async function compareEntry(record: PushRecord, index: number): Promise<void> {
    counts.entries++;
    if (record.type !== 'push.accepted' && record.type !== 'tag.drift') return;
    const { repo, digest } = record.subject;
    const tag = record.tag?.name;
    const shown =
      tag !== undefined &&
      (await deps.recorder.lastOf(repo, tag))?.index === index &&
      (await compare({ repo, reference: { tag } }));
    if (digest === undefined) return;
    const name = `${repo} ${digest}`;
    // A tag that shows it says that it is there. That somebody pushed it, only the record of that says.
    if (seen.has(name) || (shown && record.type === 'push.accepted')) return remember(name);
    remember(name);
    await compare({ repo, reference: { digest } });
  }

  function remember(name: string): void {
    seen.add(name);
    const [oldest] = seen;
    if (seen.size > SEEN_LIMIT && oldest !== undefined) seen.delete(oldest);
  }

  async function compareRecord(): Promise<void> {
    while (entry < start.size && !signal.aborted) {
      const leaves = await log.entries(entry, Math.min(ENTRIES, start.size - entry));
      if (leaves.length === 0) throw new Error(`the push log has no entry ${entry}`);
      for (const [at, leaf] of leaves.entries()) {
        await compareEntry(JSON.parse(Buffer.from(leaf).toString('utf8')) as PushRecord, entry + at);
      }
      if (signal.aborted) return;
      entry += leaves.length;
      await settle();
      await save();
    }
  }

  async function compareTags(repo: string): Promise<void> {
    counts.repositories++;
    const known = new Set<string>();
    const look = watchPages(`GET /v2/${repo}/tags/list`);
    for (let last: string | undefined; !signal.aborted; ) {
      await deps.pace();
      const page = await registry.listTags(repo, TAGS, last);
      const fresh = page.filter((tag) => !known.has(tag));
      look(page.at(-1));
      for (const tag of fresh) {
        known.add(tag);
        // One that the record knows was compared with it before.
        if ((await deps.recorder.lastOf(repo, tag))?.digest !== undefined) continue;
        await compare({ repo, reference: { tag } });
      }
      // A page that is not full is the last; one that says nothing new comes from a registry that does not page.
      if (page.length !== TAGS || fresh.length === 0) return;
      last = [...fresh].sort().at(-1);
    }
  }

  async function compareRegistry(): Promise<void> {
    const look = watchPages('GET /v2/_catalog');
    while (!signal.aborted) {
      await deps.pace();
      const page = await registry.listRepositories(REPOSITORIES, repository);
      look(page.last);
      for (const name of page.names) await compareTags(name);
      if (signal.aborted) return;
      await settle();
      if (page.last === undefined || page.last === repository) return;
      repository = page.last;
      await save();
    }
  }

  await save();
  await compareRecord();
  if (!signal.aborted) await compareRegistry();
  for (
    let left = suspicions.nextInMs();
    left !== undefined && !signal.aborted;
    left = suspicions.nextInMs()
  ) {
    await deps.sleep(left);
    await settle();
  }
  return signal.aborted ? undefined : save();
}
