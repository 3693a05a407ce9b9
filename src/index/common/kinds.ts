/**
 * The numbers by which the index tells apart what it keeps. They stand in its file and tables: a change of one is a
 * new INDEX_VERSION and POSTGRES_INDEX_VERSION.
 */

/** Of a name. */
export const NAMES = {
  repository: 1,
  actor: 2,
  host: 3,
  address: 4,
  job: 5,
  rule: 6,
  base: 7,
  reason: 8,
  type: 9,
  /** The names of a record's labels together, as `labelSet` writes them. */
  labels: 10,
} as const;
export type NameKind = (typeof NAMES)[keyof typeof NAMES];

/** How a record names a digest. */
export const ROLES = {
  /** The manifest that the record is about. */
  manifest: 0,
  /** Its configuration, which docker calls the image's id. */
  config: 1,
  /** A manifest of the index that the record is about. */
  child: 2,
  /** The manifest that it refers to, as a signature does. */
  of: 3,
  layer: 4,
  /** The chain id of its uppermost layer, which names all its layers together. */
  chain: 5,
} as const;

/** What a record has, as bits of one number. */
export const HAS = {
  build: 1,
  source: 2,
  base: 4,
  labels: 8,
  attest: 16,
  operator: 32,
  grant: 64,
  /** It refers to another manifest: a signature, an attestation. */
  refers: 128,
  recovered: 256,
  meta: 512,
  /** Its push moved the tag from another manifest. */
  moved: 1024,
  /** Its commit has an odd number of digits: the last half byte of the key is none of them. */
  oddCommit: 2048,
} as const;
/** Those that a record has under the same name. */
export type Fact = Exclude<keyof typeof HAS, 'refers' | 'moved' | 'oddCommit'>;

/** The kind of identity that acted, as further bits of the same number. */
export const ACTED = { anonymous: 4096, person: 8192, robot: 16384, build: 32768 } as const;
export type ActorKind = keyof typeof ACTED;

/** The name under which counts of everything stand. */
export const EVERYTHING = 0;

/**
 * Events are counted in spans of 1, 8 and 64 days (2 to the power of the level), so that a long time is added up from few.
 * They begin at whole multiples since 1970.
 */
export const LEVELS = [0, 3, 6] as const;

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
