/** Whether the tree may be signed: what was signed last decides, which no backup brings back. */
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fromBase64 } from '../tlog/base64.ts';
import { EMPTY_ROOT, sameHash } from '../tlog/hashing.ts';
import { originHash } from '../tlog/witness-message.ts';
import { emptyLock, type SigningLock } from './signing-lock.ts';
import { CHECKPOINT_FILE, readIfThere } from './tile-files.ts';
import type { GrowingTree } from './tree.ts';

/** Where a log is with its origin. */
export type Standing =
  /** Nothing was ever signed here. The log must not say otherwise. */
  | { readonly kind: 'new' }
  /** The operator allowed the origin of the settings to follow the one before, whose last note this is. */
  | { readonly kind: 'following'; readonly previous: string | undefined }
  /** Signed before, up to this size. `keys`: those that signed it. */
  | { readonly kind: 'going-on'; readonly size: number; readonly keys: readonly string[] }
  | { readonly kind: 'refused'; readonly why: string };

/** What was signed last, and where that is kept, for sentences. */
export interface KeptLock {
  readonly lock: SigningLock | undefined;
  readonly place: string;
}

export function standingOf({ lock, place }: KeptLock, folder: string, origin: string): Standing {
  if (lock === undefined) {
    const note = readIfThere(join(folder, CHECKPOINT_FILE))?.toString('utf8');
    if (note === undefined) return { kind: 'new' };
    return refused(
      `a checkpoint was signed (${describeNote(note)}), and ${place}, which says what was signed last, is missing: bring it back, or open a new origin with warden log open-origin`,
    );
  }
  const { current } = lock;
  if (current.origin === origin) return { kind: 'going-on', size: current.size, keys: current.keys };
  if (lock.next === origin) return { kind: 'following', previous: lock.checkpoint };
  return refused(
    `transparency.origin is ${origin}, and ${current.origin} was signed before (${place}): set it back, or open the new origin with warden log open-origin ${origin}`,
  );
}

/** The lock that begins an origin: from now on its trees are compared. */
export function beginOrigin(
  before: SigningLock | undefined,
  origin: string,
  keys: readonly string[],
): SigningLock {
  const last = before?.checkpoint === undefined ? [] : [before.checkpoint];
  return emptyLock(origin, keys, [...(before?.former ?? []), ...last]);
}

/** The tiles and notes of the origin before `origin` stay beside those that are made from now on. */
export function putAside(folder: string, origin: string): void {
  const aside = `${folder}.before-${originHash(origin).slice(0, 8)}`;
  if (existsSync(folder) && !existsSync(aside)) renameSync(folder, aside);
}

/**
 * What keeps the tree from being signed, or the lock that is to follow.
 *
 * @param known the lock as this process last saw it: another one would mean a second signer.
 */
export function mayBeSigned(
  { lock, place }: KeptLock,
  tree: GrowingTree,
  origin: string,
  known: SigningLock | undefined,
): { readonly ok: true; readonly lock: SigningLock } | { readonly ok: false; readonly why: string } {
  if (lock?.current.origin !== origin)
    return { ok: false, why: `${place} does not say that ${origin} was begun` };
  const { size, root } = lock.current;
  if (known !== undefined && (known.current.size !== size || known.current.root !== root))
    return { ok: false, why: `${place} was changed by somebody else while Warden was signing` };
  if (size > tree.size()) return { ok: false, why: shorter(tree.size(), size, origin) };
  if (known === undefined && !sameHash(tree.rootAt(size), fromBase64(root) ?? EMPTY_ROOT))
    return { ok: false, why: another(size, origin) };
  return { ok: true, lock };
}

export function shorter(have: number, signed: number, origin: string): string {
  return `the log has ${have} entries, and ${signed} were signed for ${origin}: it is older than what was signed, as after restoring a backup; nothing is signed until the operator opens a new origin with warden log open-origin`;
}

export function another(size: number, origin: string): string {
  return `the first ${size} entries of the log are not those that were signed for ${origin}: nothing is signed; see warden log verify, and warden log open-origin`;
}

/** Origin and size, without a belief in the signature. */
export function describeNote(note: string): string {
  const [origin = '', size = ''] = note.split('\n');
  return `${origin} at ${size} entries`;
}

function refused(why: string): Standing {
  return { kind: 'refused', why };
}
