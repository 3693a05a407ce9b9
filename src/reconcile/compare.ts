/**
 * Compares one tag, or one manifest, of the registry with the record.
 *
 * A difference counts only if it is still the same a settling time later, and under the lock: what is being pushed or
 * deleted just now, here or by another instance, is a difference too, and means nothing.
 */
import { WardenError } from '../errors.ts';
import type { Recorder } from '../provenance/recorder.ts';

/** What is compared: what a tag shows, or whether a manifest is there. */
export interface Thing {
  readonly repo: string;
  readonly reference: { readonly tag: string } | { readonly digest: string };
}

export type Difference =
  | {
      readonly type: 'tag.drift';
      readonly repo: string;
      readonly tag: string;
      /** By the record; undefined for no such tag. */
      readonly expected: string | undefined;
      /** In the registry. */
      readonly found: string | undefined;
    }
  | {
      readonly type: 'manifest.found' | 'manifest.missing';
      readonly repo: string;
      readonly digest: string;
      readonly tag?: string;
    };

/** The registry answers, but not about this: its storage is damaged there. Nothing is recorded, since nothing is known. */
export interface Unreadable {
  readonly type: 'unreadable';
  readonly repo: string;
  readonly reference: string;
}

export interface Comparing {
  /** Whether an error means that the registry cannot say anything of this one thing. Never throws. */
  isUnreadable(error: unknown): Promise<boolean>;
  /** Whether registry and record differ at this moment. */
  differ(thing: Thing): Promise<boolean>;
  /**
   * Looks once more, under the lock, and records what differs.
   *
   * @throws {RecordBusy} where somebody else has the lock for longer than a moment.
   */
  record(thing: Thing): Promise<readonly Difference[]>;
}

/** What the record last says of a manifest. */
export type ManifestState = 'there' | 'gone' | 'unknown';

export interface CompareDeps {
  readonly recorder: Pick<Recorder, 'withLock' | 'reconcileTag' | 'append' | 'lastOf'>;
  readonly registry: {
    lookTag(repo: string, tag: string): Promise<string | undefined>;
    lookDigest(repo: string, digest: string): Promise<boolean>;
    ping(): Promise<{ readonly ok: boolean }>;
  };
  /** Of exactly this manifest. */
  stateOf(repo: string, digest: string): Promise<ManifestState>;
}

/** Milliseconds that a lock is waited for. Whoever has it longer is a push or deletion that is not settled. */
const LOCK_MS = 10_000;

export function createComparing({ recorder, registry, stateOf }: CompareDeps): Comparing {
  async function tagDiffers(repo: string, tag: string): Promise<boolean> {
    const found = await registry.lookTag(repo, tag);
    return (await recorder.lastOf(repo, tag))?.digest !== found;
  }

  async function recordTag(repo: string, tag: string): Promise<readonly Difference[]> {
    const found = await registry.lookTag(repo, tag);
    const expected = (await recorder.lastOf(repo, tag))?.digest;
    if (!(await recorder.reconcileTag(repo, tag, found))) return [];
    const drift: Difference = { type: 'tag.drift', repo, tag, expected, found };
    if (found === undefined || (await stateOf(repo, found)) === 'there') return [drift];
    return [drift, await recordFound(repo, found, tag)];
  }

  async function recordFound(repo: string, digest: string, tag?: string): Promise<Difference> {
    const under = tag === undefined ? {} : { tag: { name: tag } };
    await recorder.append({ type: 'manifest.found', subject: { repo, digest }, ...under });
    return { type: 'manifest.found', repo, digest, ...(tag !== undefined && { tag }) };
  }

  async function recordManifest(repo: string, digest: string): Promise<readonly Difference[]> {
    const there = await registry.lookDigest(repo, digest);
    const state = await stateOf(repo, digest);
    if (there && state !== 'there') return [await recordFound(repo, digest)];
    if (there || state !== 'there') return [];
    await recorder.append({ type: 'manifest.missing', subject: { repo, digest } });
    return [{ type: 'manifest.missing', repo, digest }];
  }

  return {
    async isUnreadable(error) {
      if (!(error instanceof WardenError && error.name === 'REGISTRY_UNAVAILABLE')) return false;
      return (await registry.ping()).ok;
    },
    async differ({ repo, reference }) {
      if ('tag' in reference) return tagDiffers(repo, reference.tag);
      const there = await registry.lookDigest(repo, reference.digest);
      return there !== ((await stateOf(repo, reference.digest)) === 'there');
    },
    record({ repo, reference }) {
      return recorder.withLock(
        repo,
        referenceOf(reference),
        () => ('tag' in reference ? recordTag(repo, reference.tag) : recordManifest(repo, reference.digest)),
        AbortSignal.timeout(LOCK_MS),
      );
    },
  };
}

export function referenceOf(reference: Thing['reference']): string {
  return 'tag' in reference ? reference.tag : reference.digest;
}
