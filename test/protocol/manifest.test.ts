import { describe, expect, it } from '@jest/globals';
import { readImageConfig } from '../../src/protocol/image-config.ts';
import { MANIFEST_TYPES, readManifest } from '../../src/protocol/manifest.ts';
import { readStrictJson } from '../../src/protocol/strict-json.ts';

const D = (char: string): string => `sha256:${char.repeat(64)}`;
const OCI = MANIFEST_TYPES.ociManifest;
const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: D('c'), size: 3 };
const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: D('1'), size: 10 };
const image = { schemaVersion: 2, mediaType: OCI, config, layers: [layer] };

function read(body: unknown, type: string | undefined = OCI) {
  return readManifest(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), type);
}

describe('a manifest', () => {
  it('of an image is read with its parts', () => {
    const annotated = { ...image, annotations: { a: 'b', n: 1 }, subject: { ...layer, digest: D('5') } };
    expect(read({ ...annotated, artifactType: 'a/b' })).toEqual({
      ok: true,
      manifest: {
        mediaType: OCI,
        artifactType: 'a/b',
        config,
        layers: [layer],
        children: [],
        subject: { ...layer, digest: D('5') },
        annotations: { a: 'b' },
      },
    });
  });

  it('of an index is read with the platforms of its children', () => {
    const child = {
      mediaType: OCI,
      digest: D('2'),
      size: 4,
      platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
    };
    const result = read({ schemaVersion: 2, manifests: [child] }, MANIFEST_TYPES.ociIndex);
    expect(result).toMatchObject({
      manifest: { children: [{ digest: D('2'), platform: 'linux/arm64/v8' }] },
    });
  });

  it('may have a Content-Type with a charset', () => {
    expect(read(image, `${OCI}; charset=utf-8`).ok).toBe(true);
  });

  it.each([
    ['no Content-Type', image, ''],
    ['plain JSON as type', image, 'application/json'],
    ['a form as type', image, 'application/x-www-form-urlencoded'],
    [
      'schema 1',
      { schemaVersion: 1, fsLayers: [] },
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
    ],
    ['schema 1 under a type of schema 2', { schemaVersion: 1, config, layers: [] }, OCI],
    [
      'a mediaType that differs from the Content-Type',
      { ...image, mediaType: MANIFEST_TYPES.dockerManifest },
      OCI,
    ],
    ['an image that is an index too', { ...image, manifests: [] }, OCI],
    [
      'an index that is an image too',
      { schemaVersion: 2, manifests: [], layers: [layer] },
      MANIFEST_TYPES.ociIndex,
    ],
    ['no config', { schemaVersion: 2, layers: [layer] }, OCI],
    ['a layer without a digest', { ...image, layers: [{ mediaType: 'x', size: 1 }] }, OCI],
    ['a list', [], OCI],
    ['null', 'null', OCI],
  ])('with %s is refused', (_what, body, type) => {
    expect(read(body, type).ok).toBe(false);
  });

  const text = JSON.stringify(image);
  it.each([
    [
      'a second config in other letters',
      text.replace('"layers"', `"Config":${JSON.stringify(config)},"layers"`),
    ],
    ['layers twice', text.replace('"layers"', '"layers":[],"layers"')],
    ['layers twice, once escaped', text.replace('"layers"', '"\\u006cayers":[],"layers"')],
    ['only capital keys', text.replace('"config"', '"CONFIG"').replace('"layers"', '"LAYERS"')],
    ['layers spelt with a long s', text.replace('"layers"', '"layer\u017f":[],"layers"')],
    [
      'a digest in capitals within a layer',
      text.replace(`"digest":"${D('1')}"`, `"digest":"${D('1')}","Digest":"${D('2')}"`),
    ],
    ['a byte order mark', `\ufeff${text}`],
    ['a comma too many', text.replace('}', ',}')],
  ])('with %s has two readings and is refused', (_what, body) => {
    expect(read(body).ok).toBe(false);
  });

  it('that is not UTF-8 is refused', () => {
    expect(readManifest(Buffer.concat([Buffer.from(text), Buffer.from([0xff])]), OCI).ok).toBe(false);
  });

  it('may hold keys that nobody knows, and annotations of any spelling', () => {
    expect(read({ ...image, novel: 1, annotations: { Config: 'x', config: 'y' } }).ok).toBe(true);
  });
});

describe('an image configuration', () => {
  function readConfig(body: unknown) {
    return readImageConfig(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
  }

  it('gives labels, platform and layers', () => {
    const body = {
      os: 'linux',
      architecture: 'amd64',
      created: '2026-01-01T00:00:00Z',
      config: { Labels: { a: 'b' } },
      rootfs: { type: 'layers', diff_ids: [D('d')] },
    };
    expect(readConfig(body)).toMatchObject({
      ok: true,
      config: {
        platform: 'linux/amd64',
        created: '2026-01-01T00:00:00Z',
        labels: { a: 'b' },
        diffIds: [D('d')],
      },
    });
  });

  it('with a label called __proto__ keeps it as a label', () => {
    const result = readConfig('{"config":{"Labels":{"__proto__":"x","constructor":"y"}}}');
    expect(result.ok && Object.entries(result.config.labels)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  it.each([
    ['labels in other letters', '{"config":{"labels":{"a":"b"}}}'],
    ['Labels twice', '{"config":{"Labels":{"a":"b"},"Labels":{"a":"c"}}}'],
    ['Config for config', '{"Config":{"Labels":{}}}'],
    ['a label that is a number', '{"config":{"Labels":{"a":1}}}'],
    ['a KELVIN SIGN in a key', '{"config":{"\u212aey":1,"Cmd":null,"Labels":{}},"rootf\u017f":{}}'],
  ])('with %s is refused', (_what, body) => {
    expect(readConfig(body).ok).toBe(false);
  });
});

describe('strict JSON', () => {
  it.each([
    ['{"a":1,"b":{"a":2},"c":[{"a":1},{"a":2}]}', true],
    ['{"a":1,"\\u0061":2}', false],
    ['{"x":[{"k":1,"k":1}]}', false],
    ['{"a":"},{\\"a\\":","b":"a"}', true],
    ['[1,2,"a","a"]', true],
    ['{"a":{},"a":[]}', false],
    ['{"":1,"":2}', false],
  ])('%s: one reading? %s', (text, ok) => {
    expect(readStrictJson(Buffer.from(text)).ok).toBe(ok);
  });
});
