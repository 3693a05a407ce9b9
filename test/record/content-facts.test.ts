import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import { blobOf, startUpload, type With } from '../gate/images.ts';
import { describeNeeding } from '../support/needs.ts';
import { artifact, compressedAnew, indexOf, layer, layeredImage, type Pushable, pushed } from './layered.ts';
import { type Leaf, readLog } from './read-log.ts';

const GIT = 'https://git.example/team/app';
const COMMIT = '9f2c1e7d000000000000000000000000000000aa';
const IN_TOTO = 'application/vnd.in-toto+json';

describeNeeding(['docker-registry'], 'the record of a push', () => {
  let front: Front;
  let alice: With;

  beforeAll(async () => {
    front = await startFront({ users: ['alice'] });
    const scope = ['repository:pub/base:pull,push', 'repository:team/app:pull,push'];
    alice = { token: await front.token({ user: 'alice', scope }), from: BUILDER };
  }, 60_000);
  afterAll(() => front?.stop());

  const push = (repository: string, tag: string | undefined, what: Pushable) =>
    pushed(front.place, repository, tag, what, alice);
  const recordOf = ({ digest }: Pushable): Leaf => {
    const leaves = readLog(join(front.warden.folder, 'data'));
    const found = leaves.findLast(
      ({ type, subject }) => type === 'push.accepted' && subject?.digest === digest,
    );
    if (!found) throw new Error('there is no record of it');
    return found;
  };

  const [ground, tools, app] = [layer('ground'), layer('tools'), layer('app')];
  const base = layeredImage([ground, tools]);

  it('has the layers, what the configuration says, and what the registry answered, and how long it took', async () => {
    await push('pub/base', '12', base);
    const record = recordOf(base);
    expect(record).toMatchObject({
      subject: { layers: 2, layerDigests: [ground.digest, tools.digest] },
      image: {
        platform: 'linux/arm64',
        created: '2026-03-01T10:00:00Z',
        diffIds: [ground.diffId, tools.diffId],
      },
      backend: {
        status: 201,
        instance: new URL(front.registry.url).host,
        ms: expect.any(Number),
      },
    });
    expect(record).not.toHaveProperty('base');
    expect(record).not.toHaveProperty('truncated');
  });

  it('names the image that it is built on, by the longest row of layers and not by a shorter one', async () => {
    await push('pub/base', 'small', layeredImage([ground]));
    const built = layeredImage([ground, tools, app]);
    await push('team/app', '1', built);
    expect(recordOf(built)['base']).toEqual([
      { name: 'pub/base:12', digest: base.digest, by: 'layers', evidence: 'observed' },
    ]);
    expect(recordOf(base)['base']).toBeUndefined();
  });

  it('names each image that has those layers, the latest first', async () => {
    const twin = layeredImage([ground, tools], { labels: { twin: 'yes' } });
    await push('pub/base', '13', twin);
    const built = layeredImage([ground, tools, layer('other app')]);
    await push('team/app', '2', built);
    expect(recordOf(built)['base']).toMatchObject([{ name: 'pub/base:13' }, { name: 'pub/base:12' }]);
  });

  it('calls it claimed where only the configuration says that the layers are the same', async () => {
    const built = layeredImage([compressedAnew(ground), compressedAnew(tools), layer('third app')]);
    await push('team/app', '3', built);
    expect(recordOf(built)['base']).toContainEqual({
      name: 'pub/base:12',
      digest: base.digest,
      by: 'layers',
      evidence: 'claimed',
    });
  });

  it('has base and source as annotations and labels claim them', async () => {
    const digest = `sha256:${'b'.repeat(64)}`;
    const built = layeredImage([layer('unrelated')], {
      annotations: {
        'org.opencontainers.image.base.name': 'docker.io/library/debian:12',
        'org.opencontainers.image.base.digest': digest,
        'org.opencontainers.image.source': GIT,
        'org.opencontainers.image.revision': COMMIT,
      },
      labels: { 'org.opencontainers.image.base.name': 'debian' },
    });
    await push('team/app', '4', built);
    expect(recordOf(built)).toMatchObject({
      base: [
        { name: 'docker.io/library/debian:12', digest, by: 'annotation', evidence: 'claimed' },
        { name: 'debian', by: 'label', evidence: 'claimed' },
      ],
      source: { uri: GIT, commit: COMMIT, evidence: 'claimed' },
      labels: { 'org.opencontainers.image.base.name': 'debian' },
    });
  });

  it('names the repository from which layers were taken over', async () => {
    const mount = `?mount=${tools.digest}&from=pub/base`;
    expect((await startUpload(front.place, 'team/app', alice, mount)).status).toBe(201);
    const built = layeredImage([tools, layer('fifth app')]);
    await push('team/app', '5', built);
    expect(recordOf(built)).toMatchObject({
      base: [{ name: 'pub/base', by: 'mount', evidence: 'observed' }],
      mounted: [{ digest: tools.digest, from: 'pub/base' }],
    });
  });

  it('knows an attestation of BuildKit, whose statement says from what the image was built', async () => {
    const image = layeredImage([layer('built by BuildKit')]);
    const material = `sha256:${'c'.repeat(64)}`;
    const statement = blobOf(
      JSON.stringify({
        _type: 'https://in-toto.io/Statement/v0.1',
        predicateType: 'https://slsa.dev/provenance/v0.2',
        subject: [{ name: 'pkg:docker/team/app@6', digest: { sha256: image.digest.slice(7) } }],
        predicate: {
          materials: [
            { uri: 'pkg:docker/alpine@3.18?platform=linux%2Farm64', digest: { sha256: material.slice(7) } },
            { uri: GIT, digest: { sha1: COMMIT } },
          ],
          metadata: {
            'https://mobyproject.org/buildkit@v1#metadata': { vcs: { source: GIT, revision: COMMIT } },
          },
        },
      }),
    );
    const config = blobOf(
      JSON.stringify({
        architecture: 'unknown',
        os: 'unknown',
        config: {},
        rootfs: { type: 'layers', diff_ids: [statement.digest] },
      }),
    );
    const attestation = artifact(
      [
        {
          blob: statement,
          mediaType: IN_TOTO,
          annotations: { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v0.2' },
        },
      ],
      { config, configType: 'application/vnd.oci.image.config.v1+json' },
    );
    const index = indexOf([
      { of: image, more: { platform: { os: 'linux', architecture: 'arm64' } } },
      {
        of: attestation,
        more: {
          platform: { os: 'unknown', architecture: 'unknown' },
          annotations: {
            'vnd.docker.reference.type': 'attestation-manifest',
            'vnd.docker.reference.digest': image.digest,
          },
        },
      },
    ]);
    await push('team/app', undefined, image);
    await push('team/app', undefined, attestation);
    await push('team/app', '6', index);
    const record = recordOf(attestation);
    expect(record).toMatchObject({
      attest: [
        {
          digest: statement.digest,
          form: 'in-toto',
          predicateType: 'https://slsa.dev/provenance/v0.2',
          evidence: 'claimed',
        },
      ],
      base: [
        { name: 'alpine:3.18', digest: material, of: image.digest, by: 'buildkit', evidence: 'claimed' },
      ],
      source: { uri: GIT, commit: COMMIT, evidence: 'claimed' },
    });
    expect(record).not.toHaveProperty('image');
    expect(recordOf(index)).toMatchObject({
      attest: [{ digest: attestation.digest, form: 'in-toto', of: image.digest, evidence: 'claimed' }],
      subject: {
        children: [{ digest: image.digest, platform: 'linux/arm64' }, { digest: attestation.digest }],
      },
      push: recordOf(image)['push'],
    });
    expect(recordOf(index)['push']).toBe(record['push']);
  });

  const about = `sha256:${'d'.repeat(64)}`;
  const signature = { mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json', blob: blobOf('signed') };
  const envelope = {
    mediaType: 'application/vnd.dsse.envelope.v1+json',
    blob: blobOf('envelope'),
    annotations: { predicateType: 'https://slsa.dev/provenance/v1' },
  };
  const subject = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: about, size: 7 };
  const bundle = 'application/vnd.dev.sigstore.bundle.v0.3+json';

  it.each([
    [
      'a signature of cosign',
      `${about.replace(':', '-')}.sig`,
      artifact([signature]),
      { form: 'cosign-signature', of: about },
    ],
    [
      'an attestation of cosign',
      `${about.replace(':', '-')}.att`,
      artifact([envelope]),
      { form: 'cosign-attestation', of: about, predicateType: 'https://slsa.dev/provenance/v1' },
    ],
    [
      'a bundle of sigstore',
      undefined,
      artifact([{ mediaType: bundle, blob: blobOf('bundle') }], {
        more: {
          artifactType: bundle,
          subject,
          annotations: { 'dev.sigstore.bundle.predicateType': 'https://cosign.sigstore.dev/attestation/v1' },
        },
      }),
      {
        form: 'sigstore-bundle',
        of: about,
        predicateType: 'https://cosign.sigstore.dev/attestation/v1',
      },
    ],
    [
      'a signature of notation',
      undefined,
      artifact([{ mediaType: 'application/jose+json', blob: blobOf('jws') }], {
        configType: 'application/vnd.cncf.notary.signature',
        more: { subject },
      }),
      { form: 'notation', of: about },
    ],
    [
      'a bill of materials',
      undefined,
      artifact([{ mediaType: 'application/spdx+json', blob: blobOf('spdx') }], {
        more: { artifactType: 'application/spdx+json', subject },
      }),
      { form: 'sbom', of: about },
    ],
  ] as const)('knows %s, and what it is about', async (_what, tag, pushable, expected) => {
    await push('team/app', tag, pushable);
    expect(recordOf(pushable)['attest']).toEqual([
      { digest: pushable.blobs.at(-1)?.digest, ...expected, evidence: 'claimed' },
    ]);
  });

  it('does not take any artifact for an attestation', async () => {
    const pushable = artifact([{ mediaType: 'application/vnd.example.notes', blob: blobOf('notes') }], {
      more: { artifactType: 'application/vnd.example.notes', subject },
    });
    await push('team/app', undefined, pushable);
    expect(recordOf(pushable)).not.toHaveProperty('attest');
    expect(recordOf(pushable)).toMatchObject({ subject: { of: about } });
  });

  it('says where there were more layers than it lists', async () => {
    const one = blobOf('a part');
    const parts = Array.from({ length: 251 }, () => ({ mediaType: 'application/x-part', blob: one }));
    const pushable = { ...artifact(parts), blobs: [blobOf('{}'), one] };
    await push('team/app', undefined, pushable);
    const record = recordOf(pushable);
    expect(record).toMatchObject({ subject: { layers: 251 }, truncated: ['subject.layerDigests'] });
    expect(record.subject).not.toHaveProperty('layerDigests');
  });
});
