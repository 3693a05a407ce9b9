/** The policies that were in force, as whoever asks about an earlier time reads them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type PolicyText, readPolicy } from '../config/policy-texts.ts';
import type { Policy } from '../policy/policy.ts';
import type { Problem } from '../policy/problem.ts';
import { startThread, type Thread } from '../store/thread.ts';
import { type Begun, VERSIONS_FILE, type VersionsOptions } from './versions-thread.ts';

/** When one version was in force. A stop of Warden does not end it. */
export interface PolicyPeriod {
  /** `sha256:…`, as records and the log name it. */
  readonly digest: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  /** Exclusive; undefined: it is the last one. */
  readonly until: number | undefined;
}

/** A version as its files were written. */
export interface KeptVersion {
  readonly digest: string;
  /** With the files' names, without their folder. */
  readonly texts: readonly PolicyText[];
}

export type FoundVersion =
  | { readonly ok: true; readonly version: KeptVersion }
  /** One sentence: none is kept for it, or it is not one version. */
  | { readonly ok: false; readonly reason: string };

export interface PolicyHistory {
  /** Oldest first. */
  periods(): Promise<readonly PolicyPeriod[]>;
  /** The one that was in force all the time from `from` until before `to`, in milliseconds since 1970; a moment where both are the same. */
  at(span: { readonly from: number; readonly to: number }): Promise<FoundVersion>;
  /** By its digest, with or without `sha256:`; the first 7 hex digits are enough where they are of one version only. */
  version(prefix: string): Promise<FoundVersion>;
  close(): Promise<void>;
}

/**
 * Opens the history beside a running server or without one. A folder that has none yet is a history of nothing.
 *
 * @param folder `data` of the settings.
 * @throws {StoreError} with one sentence that names the file which cannot be read.
 */
export async function openPolicyHistory(folder: string): Promise<PolicyHistory> {
  const file = join(folder, VERSIONS_FILE);
  if (!existsSync(file)) return createPolicyHistory(undefined);
  const options = { file, readOnly: true } satisfies VersionsOptions;
  return createPolicyHistory(await startThread(new URL('./versions-thread', import.meta.url), options));
}

/** @param thread over versions-thread, closed with the history; undefined: nothing was kept yet. */
export function createPolicyHistory(thread: Thread | undefined): PolicyHistory {
  async function periods(): Promise<readonly PolicyPeriod[]> {
    const begun = (await thread?.call<readonly Begun[]>('periods')) ?? [];
    return begun.map(({ digest, since }, index) => ({ digest, from: since, until: begun[index + 1]?.since }));
  }

  async function kept(digest: string): Promise<FoundVersion> {
    const texts = await thread?.call<readonly PolicyText[] | undefined>('texts', { digest });
    return texts === undefined
      ? { ok: false, reason: `the files of policy ${digest} are not kept` }
      : { ok: true, version: { digest, texts } };
  }

  return {
    periods,
    async at({ from, to }) {
      const all = await periods();
      const meant = all.filter(
        (period) =>
          period.from <= Math.max(from, to - 1) && (period.until === undefined || period.until > from),
      );
      const [first, ...others] = meant;
      if (first === undefined || first.from > from) {
        const since = all[0] === undefined ? 'no policy is kept yet' : `kept since ${iso(all[0].from)}`;
        if (first === undefined) return { ok: false, reason: `no policy is kept for ${iso(from)}: ${since}` };
        return {
          ok: false,
          reason: `the first policy that is kept began at ${iso(first.from)}: name a moment after it`,
        };
      }
      if (new Set(meant.map(({ digest }) => digest)).size === 1) return kept(first.digest);
      const changes = others.map((period) => iso(period.from)).join(', ');
      return { ok: false, reason: `the policy changed within that time (${changes}): name a moment` };
    },
    async version(prefix) {
      const hex = prefix.replace(/^sha256:/, '').toLowerCase();
      if (!/^[0-9a-f]{7,64}$/.test(hex))
        return {
          ok: false,
          reason: `${JSON.stringify(prefix)} is no digest: expected at least 7 hex digits`,
        };
      const digests = new Set((await periods()).map(({ digest }) => digest));
      const found = [...digests].filter((digest) => digest.startsWith(`sha256:${hex}`));
      const [digest, ...others] = found;
      if (digest === undefined) return { ok: false, reason: `no policy with the digest ${hex} was in force` };
      if (others.length > 0)
        return { ok: false, reason: `${found.length} policies begin with ${hex}: give more digits` };
      return kept(digest);
    },
    async close() {
      await thread?.close();
    },
  };
}

export type ReadVersion =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * The policy of a version, ready to be asked. What this release reads otherwise than the one that kept it is a problem:
 * its answers would not be those of then.
 */
export function readVersion({ digest, texts }: KeptVersion): ReadVersion {
  const read = readPolicy(texts);
  if (!read.ok) return read;
  if (read.policy.digest === digest) return { ok: true, policy: read.policy };
  const message = `policy ${digest}: this release of Warden reads these files as ${read.policy.digest}; ask with the release that kept them`;
  return { ok: false, problems: [{ file: texts[0]?.file ?? '(policy)', line: 1, column: 1, message }] };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
