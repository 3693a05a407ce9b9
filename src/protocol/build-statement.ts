/**
 * Reads what a build says of itself in an in-toto statement of SLSA provenance, as BuildKit pushes it unsigned beside an
 * image: which image it is about, from which images and which source it was built. All of it is the builder's word.
 *
 * @see https://slsa.dev/spec/v0.2/provenance
 * @see https://slsa.dev/spec/v1.0/provenance
 * @see https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md
 */
import { isDigest } from './names.ts';
import { readStrictJson } from './strict-json.ts';

export interface BuildStatement {
  /** The manifest that was built; undefined where it names none, or several. */
  readonly of: string | undefined;
  readonly images: readonly BuildImage[];
  readonly source: { readonly uri?: string; readonly commit?: string };
}

/** An image that the build used. That may be its base, or a tool: the statement does not tell them apart. */
export interface BuildImage {
  readonly name: string;
  readonly digest: string | undefined;
}

const PREDICATES = ['https://slsa.dev/provenance/v0.2', 'https://slsa.dev/provenance/v1'];
const IMAGES_KEPT = 32;
/** In characters. */
const TEXT_LIMIT = 512;

export function isBuildStatement(predicateType: string | undefined): boolean {
  return predicateType !== undefined && PREDICATES.includes(predicateType);
}

/** Never throws. @returns undefined for what is no statement of provenance, or can be read in two ways. */
export function readBuildStatement(bytes: Uint8Array): BuildStatement | undefined {
  const json = readStrictJson(bytes);
  if (!json.ok || !isBuildStatement(textAt(json.value, 'predicateType'))) return undefined;
  const { value } = json;
  const subjects = new Set(listAt(value, 'subject').flatMap((one) => sha256Of(one) ?? []));
  const [of] = subjects;
  const materials = [
    ...listAt(value, 'predicate', 'materials'),
    ...listAt(value, 'predicate', 'buildDefinition', 'resolvedDependencies'),
  ];
  return {
    of: subjects.size === 1 ? of : undefined,
    images: materials.flatMap(imageOf).slice(0, IMAGES_KEPT),
    source: sourceOf(value),
  };
}

function imageOf(material: unknown): readonly BuildImage[] {
  const [, encoded, version] =
    /^pkg:(?:docker|oci)\/([^@?#]+)(?:@([^?#]*))?/.exec(textAt(material, 'uri') ?? '') ?? [];
  if (encoded === undefined) return [];
  const name = decoded(version === undefined ? encoded : `${encoded}:${version}`);
  return name === undefined ? [] : [{ name, digest: sha256Of(material) }];
}

const VCS = [
  ['predicate', 'metadata', 'https://mobyproject.org/buildkit@v1#metadata', 'vcs'],
  ['predicate', 'runDetails', 'metadata', 'buildkit_metadata', 'vcs'],
] as const;
const CONFIG_SOURCES = [
  ['predicate', 'invocation', 'configSource'],
  ['predicate', 'buildDefinition', 'externalParameters', 'configSource'],
] as const;

/** Of the checkout that the command line saw, or, where the build took its context from git, of that. */
function sourceOf(value: unknown): BuildStatement['source'] {
  for (const path of VCS) {
    const found = sourceIn(textAt(value, ...path, 'source'), textAt(value, ...path, 'revision'));
    if (found) return found;
  }
  for (const path of CONFIG_SOURCES) {
    const found = sourceIn(textAt(value, ...path, 'uri'), textAt(value, ...path, 'digest', 'sha1'));
    if (found) return found;
  }
  return {};
}

function sourceIn(uri: string | undefined, commit: string | undefined): BuildStatement['source'] | undefined {
  if (uri === undefined && commit === undefined) return undefined;
  return { ...(uri !== undefined && { uri }), ...(commit !== undefined && { commit }) };
}

function sha256Of(value: unknown): string | undefined {
  const digest = `sha256:${textAt(value, 'digest', 'sha256')}`;
  return isDigest(digest) ? digest : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text).slice(0, TEXT_LIMIT);
  } catch {
    return undefined;
  }
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
        ? (inner as Readonly<Record<string, unknown>>)[key]
        : undefined,
    value,
  );
}

/** Not empty, and cut where it is longer than anything that is meant. */
function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const text = at(value, path);
  return typeof text === 'string' && text !== '' ? text.slice(0, TEXT_LIMIT) : undefined;
}

function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const list = at(value, path);
  return Array.isArray(list) ? list : [];
}
