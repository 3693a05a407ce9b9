import { describe, expect, it } from '@jest/globals';
import { readBuildStatement } from '../../src/protocol/build-statement.ts';

const hex = (character: string): string => character.repeat(64);
const read = (value: unknown) =>
  readBuildStatement(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
const V1 = {
  predicateType: 'https://slsa.dev/provenance/v1',
  subject: [{ name: 'x', digest: { sha256: hex('1') } }],
  predicate: {
    buildDefinition: {
      externalParameters: { configSource: { uri: 'https://git.example/a.git', digest: { sha1: 'abc' } } },
      resolvedDependencies: [
        { uri: 'pkg:docker/team/base%2Fos@12?platform=linux%2Famd64', digest: { sha256: hex('2') } },
        { uri: 'pkg:oci/tool', digest: { sha256: 'short' } },
        { uri: 'https://example/file.tgz', digest: { sha256: hex('3') } },
      ],
    },
  },
};

describe('the statement of a build', () => {
  it('of SLSA 1 names what was built, from which images, and from which source', () => {
    expect(read(V1)).toEqual({
      of: `sha256:${hex('1')}`,
      images: [
        { name: 'team/base/os:12', digest: `sha256:${hex('2')}` },
        { name: 'tool', digest: undefined },
      ],
      source: { uri: 'https://git.example/a.git', commit: 'abc' },
    });
  });

  it('prefers the checkout that the command line saw', () => {
    const runDetails = { metadata: { buildkit_metadata: { vcs: { source: 'git@a', revision: 'def' } } } };
    const statement = { ...V1, predicate: { ...V1.predicate, runDetails } };
    expect(read(statement)?.source).toEqual({ uri: 'git@a', commit: 'def' });
  });

  it('about several manifests says of none that it was built', () => {
    const subject = [...V1.subject, { name: 'y', digest: { sha256: hex('4') } }];
    expect(read({ ...V1, subject })?.of).toBeUndefined();
  });

  it.each([
    ['is of another predicate', { ...V1, predicateType: 'https://spdx.dev/Document' }],
    ['is no JSON', '{'],
    ['is a list', []],
    ['is null', 'null'],
    ['names its predicate twice', `{"predicateType":"a",${JSON.stringify(V1).slice(1)}`],
  ])('is none where it %s', (_why, value) => {
    expect(read(value)).toBeUndefined();
  });

  it.each([
    ['without a predicate', { predicateType: V1.predicateType }],
    ['of wrong types', { ...V1, subject: 'x', predicate: { materials: [1, null, { uri: 7 }] } }],
    [
      'with a name that is not encoded well',
      { ...V1, predicate: { materials: [{ uri: 'pkg:docker/%zz' }] } },
    ],
    [
      'with keys of every object',
      { ...V1, subject: [{ digest: { __proto__: 1 } }], predicate: { constructor: 1 } },
    ],
  ])('%s claims nothing', (_how, value) => {
    const statement = read(value);
    expect(statement?.images).toEqual([]);
    expect(statement?.source).toEqual({});
  });
});
