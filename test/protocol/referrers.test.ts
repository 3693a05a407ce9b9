import { describe, expect, it } from '@jest/globals';
import { MANIFEST_LIMIT, MANIFEST_TYPES, readManifest } from '../../src/protocol/manifest.ts';
import {
  NO_REFERRERS,
  ofArtifactType,
  readReferrers,
  referrerOf,
  referrersTag,
  withoutReferrer,
  withReferrer,
  writeReferrers,
} from '../../src/protocol/referrers.ts';

const INDEX = MANIFEST_TYPES.ociIndex;
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const one = {
  mediaType: MANIFEST_TYPES.ociManifest,
  digest: digest('a'),
  size: 3,
  artifactType: 'application/x',
};
const other = { ...one, digest: digest('b'), artifactType: 'application/y' };
const bytesOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

describe('the list of referrers', () => {
  it('stands under the tag of the specification', () => {
    expect(referrersTag(digest('a'))).toBe(`sha256-${'a'.repeat(64)}`);
  });

  it('is read as it was written, with what this version does not know', () => {
    const index = {
      schemaVersion: 2,
      mediaType: INDEX,
      manifests: [{ ...one, 'x-more': [1] }],
      annotations: { a: 'b' },
    };
    const read = readReferrers(bytesOf(index), INDEX);
    expect(JSON.parse(String(read && writeReferrers(read)))).toEqual(index);
  });

  it.each([
    ['an image', { schemaVersion: 2, config: one, layers: [] }, MANIFEST_TYPES.ociManifest],
    ['a list of the docker kind', { schemaVersion: 2, manifests: [] }, MANIFEST_TYPES.dockerList],
    ['a key that only some readers take', { schemaVersion: 2, manifests: [], Manifests: [one] }, INDEX],
    ['an entry without a digest', { schemaVersion: 2, manifests: [{ size: 1 }] }, INDEX],
    ['no content', '', INDEX],
  ])('is not read from %s', (_what, value, contentType) => {
    expect(readReferrers(bytesOf(value), contentType)).toBeUndefined();
  });

  it('takes an entry once, and gives it up again', () => {
    const both = withReferrer(withReferrer(NO_REFERRERS, one), other);
    expect(both.manifests).toEqual([one, other]);
    expect(withReferrer(both, { ...one, size: 4 })).toBe(both);
    expect(withoutReferrer(both, one.digest).manifests).toEqual([other]);
    expect(withoutReferrer(both, digest('c'))).toBe(both);
  });

  it('is filtered by the type of artifact, exactly', () => {
    const both = withReferrer(withReferrer(NO_REFERRERS, one), other);
    expect(ofArtifactType(both, 'application/y').manifests).toEqual([other]);
    expect(ofArtifactType(both, 'application').manifests).toEqual([]);
  });

  it('is not written larger than the registry takes', () => {
    const large = withReferrer(NO_REFERRERS, { ...one, annotations: { a: 'x'.repeat(MANIFEST_LIMIT) } });
    expect(writeReferrers(large)).toBeUndefined();
  });
});

describe('the entry of a manifest', () => {
  function entryOf(change: Record<string, unknown>): unknown {
    const bytes = bytesOf({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPES.ociManifest,
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digest('e'), size: 2 },
      layers: [],
      subject: one,
      ...change,
    });
    const read = readManifest(bytes, MANIFEST_TYPES.ociManifest);
    return read.ok && referrerOf(bytes, digest('d'), read.manifest);
  }

  it('has its type and its annotations', () => {
    expect(entryOf({ artifactType: 'application/sbom', annotations: { made: 'today' } })).toMatchObject({
      mediaType: MANIFEST_TYPES.ociManifest,
      digest: digest('d'),
      artifactType: 'application/sbom',
      annotations: { made: 'today' },
    });
  });

  it.each([[{}], [{ artifactType: '' }]])(
    'has the type of its configuration where it names none: %j',
    (change) => {
      expect(entryOf(change)).toMatchObject({ artifactType: 'application/vnd.oci.empty.v1+json' });
    },
  );

  it('has no annotations that are not texts', () => {
    expect(entryOf({ annotations: { a: 1 } })).not.toHaveProperty('annotations');
  });
});
