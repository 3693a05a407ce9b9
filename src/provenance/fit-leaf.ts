/**
 * Makes facts fit for a leaf: text well-formed, absent facts absent, claims cut until the leaf is small.
 *
 * Only claims are cut, and `truncated` names each. What Warden observed is never cut: where that alone exceeds the hard
 * limit of a leaf, the push must be refused before the registry is asked.
 */
import { WardenError } from '../errors.ts';
import { canonicalBytes } from './canonical.ts';

/** In bytes: claims are cut until a leaf is at most this long. */
export const LEAF_TARGET = 16_384;
/** In bytes: the length of a leaf stands in two bytes wherever leaves are bundled. */
export const LEAF_LIMIT = 65_535;
/** In bytes: room for what an outcome adds to an intent, and for `tag.prev`, `proxy` and `recovered`. */
const OUTCOME_ROOM = 1_024;

/** In UTF-16 code units. */
export const UA_LIMIT = 512;
const CLAIM_TEXT_LIMIT = 1_024;

/** Those that go first stand first. Each is left out as a whole when cutting its texts was not enough. */
const CLAIMS = ['labels', 'meta', 'image', 'attest', 'base', 'source', 'build', 'operator'] as const;

/**
 * @returns a copy that the canonical form can hold, and whose leaf is at most LEAF_TARGET bytes where claims alone were in the way.
 * @throws {WardenError} MANIFEST_REFUSED when what must be recorded does not fit into a leaf.
 */
export function fitLeaf<T extends object>(facts: T): T {
  const result = wellFormed(facts) as Record<string, unknown>;
  const truncated = [...((result['truncated'] as readonly string[] | undefined) ?? [])];

  const peer = result['peer'] as { ua?: string } | undefined;
  if (peer?.ua !== undefined && peer.ua.length > UA_LIMIT) {
    peer.ua = cut(peer.ua, UA_LIMIT);
    truncated.push('peer.ua');
  }
  for (const claim of CLAIMS) {
    if (!isClaim(claim, result[claim])) continue;
    let short = false;
    result[claim] = mapTexts(result[claim], (text) => {
      if (text.length <= CLAIM_TEXT_LIMIT) return text;
      short = true;
      return cut(text, CLAIM_TEXT_LIMIT);
    });
    if (short && !truncated.includes(claim)) truncated.push(claim);
  }
  for (const claim of CLAIMS) {
    if (size(result) + OUTCOME_ROOM <= LEAF_TARGET) break;
    if (!isClaim(claim, result[claim])) continue;
    delete result[claim];
    if (!truncated.includes(claim)) truncated.push(claim);
  }
  if (truncated.length > 0) result['truncated'] = truncated.sort();
  if (size(result) + OUTCOME_ROOM > LEAF_LIMIT) {
    throw new WardenError('MANIFEST_REFUSED', {
      sentence: `the manifest lists more than a push record can hold (${LEAF_LIMIT} bytes)`,
    });
  }
  return result as T;
}

function size(value: unknown): number {
  return canonicalBytes(value).length;
}

/** Labels, headers and what a configuration says always are. Of the others only what says so: a base found by its layers is observed and stays. */
function isClaim(name: string, value: unknown): boolean {
  if (value === undefined) return false;
  if (name === 'labels' || name === 'meta' || name === 'image') return true;
  return [value].flat().every((item) => (item as { evidence?: string }).evidence === 'claimed');
}

/** At a code point's boundary. */
function cut(text: string, limit: number): string {
  return text.slice(0, limit).replace(/[\ud800-\udbff]$/, '');
}

function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [change(key), mapTexts(item, change)]),
  );
}

/** Lone surrogates become U+FFFD, undefined members go. */
function wellFormed(value: unknown): unknown {
  return mapTexts(value, (text) => text.toWellFormed());
}
