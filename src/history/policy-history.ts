/** The policies that were in force, as whoever asks about an earlier time reads them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type PolicyText, readPolicy } from '../config/policy-texts.ts';
import type { Policy } from '../policy/policy.ts';
import type { Problem } from '../policy/problem.ts';
import type { Postgres } from '../store/postgres.ts';
import { startThread } from '../store/thread.ts';
import { readPostgresVersions } from './postgres-versions.ts';
import { NO_VERSIONS, type PolicyPeriod, sqliteVersions } from './version-store.ts';
import { VERSIONS_FILE, type VersionsOptions } from './versions-thread.ts';

export type { PolicyPeriod } from './version-store.ts';

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
 * @param postgres where the settings name a database; closed by whoever opened it.
 * @throws {StoreError} with one sentence that names what cannot be read.
 */
export async function openPolicyHistory(
  folder: string,
  postgres: Postgres | undefined,
): Promise<PolicyHistory> {
  if (postgres) return createPolicyHistory({ ...NO_VERSIONS, ...readPostgresVersions(postgres) });
  const file = join(folder, VERSIONS_FILE);
  if (!existsSync(file)) return createPolicyHistory(NO_VERSIONS);
  const options = { file, readOnly: true } satisfies VersionsOptions;
  return createPolicyHistory(
    sqliteVersions(await startThread(new URL('./versions-thread', import.meta.url), options)),
  );
}

/** @param store closed with the history. */
export function createPolicyHistory(store: typeof NO_VERSIONS): PolicyHistory {
  const { periods, close } = store;

  async function kept(digest: string): Promise<FoundVersion> {
    const texts = await store.texts(digest);
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
      if (others.every((period) => period.from <= from)) {
        // Instances take a new policy over one after the other.
        const both = [...new Set(meant.map(({ digest }) => digest))].join(' and ');
        return {
          ok: false,
          reason: `instances decided by different policies then: ${both}; name one by its digest`,
        };
      }
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
    close,
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
