/** The two policies that a comparison is about: files, or versions that were in force. */
import { existsSync } from 'node:fs';
import { loadPolicy } from '../config/policy-files.ts';
import { loadSettings, type Settings } from '../config/settings.ts';
import { describeProblem } from '../config/yaml.ts';
import { readVersion } from '../history/policy-history.ts';
import type { Policy } from '../policy/policy.ts';
import { openHistoryOf } from './open-record.ts';

export type Chosen<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };

/** The policy in force, as the history has it. */
export const LIVE = 'live';

/**
 * @param name `live`, a folder or file, or at least 7 hex digits of the digest of a version that was in force.
 * @param settings read where they are needed.
 */
export async function policyNamed(
  name: string,
  settings: () => Promise<Chosen<Settings>>,
): Promise<Chosen<Policy>> {
  if (name !== LIVE && existsSync(name)) {
    const loaded = await loadPolicy([name]);
    return loaded.ok ? { ok: true, value: loaded.policy } : refuse(loaded.problems.map(describeProblem));
  }
  if (name !== LIVE && !/^(?:sha256:)?[0-9a-fA-F]{7,64}$/.test(name))
    return refuse([
      `${name}: there is no such file or folder, and it is neither ${LIVE} nor the digest of a policy`,
    ]);
  const read = await settings();
  if (!read.ok) return read;
  const history = await openHistoryOf(read.value);
  try {
    const digest = name === LIVE ? (await history.periods()).at(-1)?.digest : name;
    if (digest === undefined) return refuse([`${LIVE}: no policy was in force yet`]);
    const found = await history.version(digest);
    if (!found.ok) return refuse([found.reason]);
    const version = readVersion(found.version);
    return version.ok ? { ok: true, value: version.policy } : refuse(version.problems.map(describeProblem));
  } finally {
    await history.close();
  }
}

/** Reads the settings once, when they are asked for. */
export function settingsOf(file: string): () => Promise<Chosen<Settings>> {
  let read: Promise<Chosen<Settings>> | undefined;
  return () => {
    read ??= loadSettings(file).then((loaded) =>
      loaded.ok ? { ok: true, value: loaded.settings } : refuse(loaded.problems.map(describeProblem)),
    );
    return read;
  };
}

function refuse(problems: readonly string[]): { readonly ok: false; readonly problems: readonly string[] } {
  return { ok: false, problems };
}
