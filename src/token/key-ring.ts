/**
 * The keys of clients' tokens, and which of them signs when. Pure.
 *
 * A new key is known to every instance before any of them signs with it, and an old one is believed until the last token
 * that it signed has ended: so a rotation refuses nobody. What says when a key begins to sign is the time in the name of
 * its file, which needs no agreement between instances but clocks.
 */
import type { SigningKey } from './keys.ts';

export interface RingKey {
  readonly file: string;
  readonly key: SigningKey;
  /** Milliseconds since 1970; -Infinity for the first one, which has no time in its name. */
  readonly signsFrom: number;
}

/** In the order in which they sign. */
export type KeyRing = readonly [RingKey, ...RingKey[]];

/** No token is valid for longer, with what clocks may differ by; whatever its settings were. */
const TOKEN_MS = 3_600_000 + 120_000;
/** As long as docker-registry keeps an upload that nobody goes on with: a seal on its address must hold for so long. */
const UPLOAD_MS = 7 * 86_400_000;

/** The key that signs now: the latest that has begun. */
export function signerOf(ring: KeyRing, now: number): RingKey {
  return ring.findLast(({ signsFrom }) => signsFrom <= now) ?? ring[0];
}

/** The one that signs first, then all whose tokens are believed: those of before for a while, and those to come. */
export function believedKeys(ring: KeyRing, now: number): readonly [SigningKey, ...SigningKey[]] {
  return withSigner(ring, now, TOKEN_MS);
}

/** The same for the seals of uploads, which last longer than tokens. */
export function sealingKeys(ring: KeyRing, now: number): readonly [SigningKey, ...SigningKey[]] {
  return withSigner(ring, now, UPLOAD_MS);
}

/** Keys of which nothing is left that could be believed. */
export function endedKeys(ring: KeyRing, now: number): readonly RingKey[] {
  return ring.filter((one) => endOf(ring, one) + UPLOAD_MS <= now);
}

/** When another key has begun to sign in its place; Infinity while there is none. */
export function endOf(ring: KeyRing, one: RingKey): number {
  return ring[ring.indexOf(one) + 1]?.signsFrom ?? Infinity;
}

/** Until when tokens of a key are believed that signs no more. */
export function believedUntil(ring: KeyRing, one: RingKey): number {
  return endOf(ring, one) + TOKEN_MS;
}

function withSigner(ring: KeyRing, now: number, keptMs: number): readonly [SigningKey, ...SigningKey[]] {
  const signer = signerOf(ring, now);
  const others = ring.filter((one) => one !== signer && endOf(ring, one) + keptMs > now);
  return [signer.key, ...others.map(({ key }) => key)];
}
