/**
 * Manifests with one reading, and with two. They are written as text, since no object can hold a key twice.
 */
import { MANIFEST_TYPES } from '../../src/protocol/manifest.ts';
import type { Random } from './random.ts';

export interface ManifestText {
  readonly contentType: string;
  readonly text: string;
  /** A key of a struct stands there twice, or spelt so that only some readers take it: two may differ. */
  readonly ambiguous: boolean;
}

type Json = string | number | boolean | null | readonly Json[] | Members;
/** Members in order, a key as often as it comes. */
interface Members {
  readonly members: readonly (readonly [string, Json])[];
}

const TYPES = Object.values(MANIFEST_TYPES);
const LAYER_TYPES = [
  'application/vnd.oci.image.layer.v1.tar',
  'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.docker.image.rootfs.diff.tar.gzip',
  'application/x',
];
const CONFIG_TYPES = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
  'application/vnd.oci.empty.v1+json',
];
interface Struct {
  readonly keys: readonly string[];
  /** Which struct stands below a key; a key that is not here holds a map or a plain value. */
  readonly below: Readonly<Record<string, Struct>>;
}
/** What the structs of the registry and of its clients have fields for. */
const PLATFORM: Struct = { keys: ['architecture', 'os', 'variant', 'features'], below: {} };
const DESCRIPTOR: Struct = {
  keys: ['mediaType', 'digest', 'size', 'urls', 'annotations', 'platform', 'artifactType', 'data'],
  below: { platform: PLATFORM },
};
const MANIFEST: Struct = {
  keys: [
    'schemaVersion',
    'mediaType',
    'config',
    'layers',
    'manifests',
    'subject',
    'annotations',
    'artifactType',
  ],
  below: { config: DESCRIPTOR, layers: DESCRIPTOR, manifests: DESCRIPTOR, subject: DESCRIPTOR },
};
/** To put elsewhere. Not `urls`: of what has an address of its own the registry does not ask for the content. */
const KNOWN = [...MANIFEST.keys, ...DESCRIPTOR.keys].filter((key) => key !== 'urls');
const ODD_VALUES: readonly Json[] = [
  null,
  '',
  0,
  -1,
  1.5,
  1e3,
  2 ** 53,
  true,
  [],
  { members: [] },
  'sha256:',
  '2',
  [null],
  [[]],
];
const SPACES = ['', '', '', ' ', '\n', '\t', '\r\n  '];

export function makeManifest(random: Random): ManifestText {
  const mediaType = random.pick(TYPES);
  const index = mediaType.includes('list') || mediaType.includes('index');
  const digest = (): string =>
    `sha256:${Array.from({ length: 64 }, () => random.pick([...'0123456789abcdef'])).join('')}`;
  const descriptor = (types: readonly string[]): Members => ({
    members: [
      ['mediaType', random.pick(types)],
      ['digest', digest()],
      ['size', random.below(10_000)],
      ...(random.once(6) ? [['annotations', { members: [['k', 'v']] }] as const] : []),
      ...(index
        ? [
            [
              'platform',
              {
                members: [
                  ['architecture', 'amd64'],
                  ['os', 'linux'],
                ],
              },
            ] as const,
          ]
        : []),
    ],
  });
  const list = (types: readonly string[]): readonly Members[] =>
    Array.from({ length: random.below(4) }, () => descriptor(types));
  const plain: Members = {
    members: [
      ['schemaVersion', 2],
      ['mediaType', mediaType],
      ...(index
        ? [['manifests', list([MANIFEST_TYPES.ociManifest, MANIFEST_TYPES.dockerManifest])] as const]
        : [['config', descriptor(CONFIG_TYPES)] as const, ['layers', list(LAYER_TYPES)] as const]),
      ...(random.once(5) ? [['subject', descriptor([MANIFEST_TYPES.ociManifest])] as const] : []),
      ...(random.once(5) ? [['annotations', { members: [['a', 'b']] }] as const] : []),
    ],
  };
  let document = plain;
  for (let changes = random.below(3); changes > 0; changes--) document = change(random, document);
  const contentType = random.once(10)
    ? random.pick([...TYPES, `${mediaType}; charset=utf-8`, mediaType.toUpperCase()])
    : mediaType;
  return { contentType, text: print(random, document), ambiguous: isAmbiguous(document, MANIFEST) };
}

/** Changes one object somewhere in the document. */
function change(random: Random, object: Members): Members {
  const inner = object.members.flatMap(([key, value], at) =>
    holdsObject(value) ? [{ key, value, at }] : [],
  );
  // Most changes at the top, where most keys count.
  if (inner.length > 0 && random.once(2)) {
    const { key, value, at } = random.pick(inner);
    const changed = changeValue(random, value);
    return { members: object.members.map((member, other) => (other === at ? [key, changed] : member)) };
  }
  const members = [...object.members];
  const at = random.below(members.length + 1);
  const [key = 'config', value = null] = random.pick(members.length > 0 ? members : [['config', null]]);
  switch (random.below(8)) {
    case 0: // the same key twice, which the last or the first of them may win
      members.splice(at, 0, [key, random.once(2) ? value : random.pick(ODD_VALUES)]);
      break;
    case 1: // a key that folds to the same
      members.splice(at, 0, [refold(random, key), random.pick([value, null, [], { members: [] }])]);
      break;
    case 2: // that one alone
      members.splice(
        members.findIndex(([name]) => name === key),
        1,
        [refold(random, key), value],
      );
      break;
    case 3: // both an image and an index, or a key of elsewhere
      members.splice(at, 0, [
        random.pick(KNOWN),
        random.pick([[], { members: [] }, null, 'x', ...ODD_VALUES]),
      ]);
      break;
    case 4:
      members.splice(
        members.findIndex(([name]) => name === key),
        1,
      );
      break;
    case 5:
      members.splice(
        members.findIndex(([name]) => name === key),
        1,
        [key, random.pick(ODD_VALUES)],
      );
      break;
    case 6:
      members.sort(() => (random.once(2) ? 1 : -1));
      break;
    default:
      members.splice(at, 0, [
        random.pick([
          'x',
          'fsLayers',
          'signatures',
          'history',
          'name',
          'tag',
          '__proto__',
          'constructor',
          '',
        ]),
        random.pick(ODD_VALUES),
      ]);
  }
  return { members };
}

function changeValue(random: Random, value: Json): Json {
  if (isMembers(value)) return change(random, value);
  if (!Array.isArray(value) || value.length === 0) return value;
  const at = random.below(value.length);
  return value.map((item, other) => (other === at ? changeValue(random, item) : item));
}

/** Another spelling that Go takes for the same key: letters of the other case, and the two signs that fold to s and k. */
function refold(random: Random, key: string): string {
  const signs = key.replace(/s/g, '\u017f').replace(/k/g, '\u212a');
  const other = random.pick([
    key.toUpperCase(),
    (key[0] ?? '').toUpperCase() + key.slice(1),
    signs === key ? key.toUpperCase() : signs,
  ]);
  return other === key ? `${key.slice(0, -1)}${(key.at(-1) ?? '').toUpperCase()}` : other;
}

/** Found in the document itself, not with the parser under test. */
function isAmbiguous(value: Json, struct: Struct | undefined): boolean {
  if (!isMembers(value)) return Array.isArray(value) && value.some((item) => isAmbiguous(item, struct));
  const keys = value.members.map(([key]) => key);
  if (new Set(keys).size < keys.length) return true;
  // Own keys only: a document may have one that is called constructor.
  const below = (key: string): Struct | undefined =>
    struct && Object.hasOwn(struct.below, key) ? struct.below[key] : undefined;
  const folded = keys.some((key) =>
    struct?.keys.some((known) => known !== key && known.toLowerCase() === unfold(key)),
  );
  return folded || value.members.some(([key, item]) => isAmbiguous(item, below(key)));
}

/** The one spelling of all that Go takes for the same key. */
function unfold(key: string): string {
  return key.replaceAll('\u017f', 's').replaceAll('\u212a', 'k').toLowerCase();
}

function holdsObject(value: Json): boolean {
  return isMembers(value) || (Array.isArray(value) && value.some(isMembers));
}

function isMembers(value: Json): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON text, with blanks at random and a letter of a key written as an escape now and then. */
function print(random: Random, value: Json): string {
  const space = (): string => random.pick(SPACES);
  if (isMembers(value)) {
    const members = value.members.map(([key, item]) => {
      return `${space()}${printKey(random, key)}${space()}:${space()}${print(random, item)}${space()}`;
    });
    return `{${members.join(',')}}`;
  }
  if (Array.isArray(value)) return `[${value.map((item) => print(random, item)).join(',')}]`;
  return JSON.stringify(value);
}

function printKey(random: Random, key: string): string {
  if (key === '' || !random.once(15)) return JSON.stringify(key);
  const at = random.below(key.length);
  const escaped = `\\u${key.charCodeAt(at).toString(16).padStart(4, '0')}`;
  return `"${key.slice(0, at)}${escaped}${key.slice(at + 1)}"`;
}
