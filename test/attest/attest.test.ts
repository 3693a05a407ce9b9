import { createPublicKey, verify } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { BUILDER, ELSEWHERE, type Front, startFront } from '../gate/front.ts';
import { pushImage, putManifest, type SmallImage, smallImage, type With } from '../gate/images.ts';
import { readLog } from '../record/read-log.ts';
import { describeNeeding } from '../support/needs.ts';

interface Envelope {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly sig: string }[];
}
interface Statement {
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
  readonly predicateType: string;
  readonly predicate: Readonly<Record<string, unknown>>;
}

/** By the specification, and not by the code that signed. */
function opened(envelope: Envelope, pem: string): Statement {
  const { payload, payloadType, signatures } = envelope;
  const body = Buffer.from(payload, 'base64');
  const signed = Buffer.concat([
    Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${body.length} `),
    body,
  ]);
  const sig = Buffer.from(signatures[0]?.sig ?? '', 'base64');
  expect(verify('sha256', signed, createPublicKey(pem), sig)).toBe(true);
  return JSON.parse(body.toString('utf8')) as Statement;
}

describeNeeding(['docker-registry'], 'an attestation', () => {
  let front: Front;
  let alice: With;
  let image: SmallImage;
  let pem: string;
  const basic = (user: 'alice' | 'bob' | 'erin') => ({ basic: { user, password: front.passwords[user] } });
  const reference = () => `pub@${image.digest}`;
  const attest = (...args: string[]) => front.warden.cli(['attest', ...args]);
  const viaServer = (user: 'alice' | 'erin', ...args: string[]) =>
    front.warden.cli(
      ['attest', ...args, '--url', front.warden.url, '--user-name', user, '--password-stdin'],
      {
        input: front.passwords[user],
      },
    );
  const post = (body: unknown, from = BUILDER, user: 'alice' | 'bob' = 'alice') =>
    front.ask({
      method: 'POST',
      path: '/api/v1/attestations',
      ...basic(user),
      from,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  beforeAll(async () => {
    front = await startFront({
      users: ['alice', 'bob', 'erin'],
      settings: { attestations: { keyFile: 'keys/attestations.pem', levelPrefix: 'ACME' } },
    });
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
    image = smallImage();
    expect((await pushImage(front.place, 'pub', '1.0', image, alice)).status).toBe(201);
    pem = (await front.ask({ path: '/api/v1/attestations/key' })).text;
  }, 60_000);
  afterAll(() => front?.stop());

  it('says what is on record and no more, signed with a key that everyone can fetch', async () => {
    const { status, stdout, stderr } = await attest(reference(), '--format', 'dsse');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect((await attest('--public-key')).stdout).toBe(pem);
    const [release, summary] = stdout
      .trim()
      .split('\n')
      .map((line) => opened(JSON.parse(line) as Envelope, pem));
    const sha256 = image.digest.replace('sha256:', '');
    const name = `${front.warden.address}/pub`;
    const record = readLog(join(front.warden.folder, 'data')).find(({ type }) => type === 'push.accepted');
    expect(release).toEqual({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name, digest: { sha256 } }],
      predicateType: 'https://in-toto.io/attestation/release/v0.1',
      predicate: { purl: `pkg:oci/pub@sha256%3A${sha256}?repository_url=${name}&tag=1.0` },
    });
    expect(summary).toMatchObject({
      subject: [{ name, digest: { sha256 } }],
      predicateType: 'https://slsa.dev/verification_summary/v1',
      predicate: {
        verifier: { id: front.warden.url },
        timeVerified: record?.['began'],
        resourceUri: `oci://${name}:1.0`,
        verificationResult: 'PASSED',
        verifiedLevels: [
          'ACME_PUSH_ALLOWED_BY_POLICY',
          'ACME_PUSHER_AUTHENTICATED',
          'ACME_HOST_ADDRESS_LISTED',
        ],
      },
    });
    // Who pushed, from where and by which rule is in the record, and not in what is put where all may pull it.
    for (const word of ['alice', BUILDER, 'jenkins-01', 'team-push']) {
      expect(JSON.stringify([release, summary])).not.toContain(word);
    }
  });

  it('of the type push-record holds the very bytes of the leaf', async () => {
    const { stdout } = await attest(reference(), '--type', 'push-record', '--format', 'dsse');
    const { predicate } = opened(JSON.parse(stdout) as Envelope, pem);
    const leaf = JSON.parse(Buffer.from(String(predicate['leaf']), 'base64').toString()) as object;
    expect(leaf).toEqual(predicate['record']);
    expect(leaf).toMatchObject({ type: 'push.accepted', subject: { digest: image.digest } });
  });

  it('is asked from the server by those who may read the record, and by no one else', async () => {
    const { status, stdout } = await viaServer('erin', reference(), '--format', 'dsse');
    expect(status).toBe(0);
    expect(opened(JSON.parse(stdout.split('\n')[0] ?? '') as Envelope, pem).predicate['purl']).toBeDefined();
    const path = `/api/v1/attestations?repository=pub&digest=${image.digest}`;
    expect((await front.ask({ path, ...basic('bob') })).status).toBe(403);
    expect((await front.ask({ path })).status).toBe(401);
  });

  it('is made of nothing else than an accepted push of that manifest', async () => {
    const cases: readonly (readonly [readonly string[], string])[] = [
      [[`pub@sha256:${'0'.repeat(64)}`], 'no push of pub@sha256:0'],
      [[`team/x@${image.digest}`], 'no push of team/x@'],
      [[reference(), '--index', '0'], 'record 0 is no accepted push of pub@'],
      [['pub:1.0'], 'expected an image as repository@sha256:'],
      [[reference(), '--attach'], '--attach needs --url'],
    ];
    await Promise.all(
      cases.map(async ([args, sentence]) => {
        const { status, stdout, stderr } = await attest(...args);
        expect({ stdout, stderr }).toEqual({ stdout: '', stderr: expect.stringContaining(sentence) });
        expect([2, 3]).toContain(status);
      }),
    );
  }, 30_000);

  it('is attached as a push of whoever asks, once, recorded, and listed', async () => {
    const first = await viaServer('alice', reference(), '--attach');
    // From this machine alice may not push, whatever the command.
    expect(first).toMatchObject({ status: 3, stderr: expect.stringContaining('403') });
    const made = await post({ repository: 'pub', digest: image.digest });
    expect({ status: made.status, text: made.status === 200 ? '' : made.text }).toEqual({
      status: 200,
      text: '',
    });
    const { attached } = JSON.parse(made.text) as {
      attached: { predicateType: string; digest: string; already: boolean }[];
    };
    expect(attached.map(({ already }) => already)).toEqual([false, false]);
    const again = JSON.parse(
      (await post({ repository: 'pub', digest: image.digest })).text,
    ) as typeof attached;
    expect(again).toEqual({ attached: attached.map((one) => ({ ...one, already: true })) });

    const listed = await front.ask({ path: `/v2/pub/referrers/${image.digest}`, ...alice });
    const { manifests } = JSON.parse(listed.text) as {
      manifests: { digest: string; artifactType: string; annotations: Record<string, string> }[];
    };
    expect(manifests.map(({ digest }) => digest)).toEqual(attached.map(({ digest }) => digest));
    expect(manifests.map(({ annotations }) => annotations['dev.sigstore.bundle.predicateType'])).toEqual(
      attached.map(({ predicateType }) => predicateType),
    );
    const leaves = readLog(join(front.warden.folder, 'data'));
    for (const { digest } of attached) {
      const of = leaves.filter(({ type, subject }) => type === 'push.accepted' && subject?.digest === digest);
      expect(of).toMatchObject([{ madeBy: 'warden', actor: { sub: 'alice' }, peer: { host: 'jenkins-01' } }]);
    }
    // What Warden wrote is not attested in its turn.
    expect(await attest(`pub@${attached[0]?.digest}`)).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('is on record'),
    });
  });

  it.each<[string, () => ReturnType<typeof post>, number]>([
    ['one who may not push', () => post({ repository: 'pub', digest: image.digest }, BUILDER, 'bob'), 403],
    ['a host that may not', () => post({ repository: 'pub', digest: image.digest }, ELSEWHERE), 403],
    [
      'a web page',
      () =>
        front.ask({
          method: 'POST',
          path: '/api/v1/attestations',
          ...basic('alice'),
          from: BUILDER,
          body: '{}',
        }),
      415,
    ],
    ['a push record', () => post({ repository: 'pub', digest: image.digest, type: ['push-record'] }), 400],
    ['an unknown parameter', () => post({ repository: 'pub', digest: image.digest, tag: 'x' }), 400],
    ['a name that is none', () => post({ repository: '../pub', digest: image.digest }), 400],
    ['a missing digest', () => post({ repository: 'pub' }), 400],
  ])('is not attached for %s', async (_who, ask, status) => {
    expect((await ask()).status).toBe(status);
  });

  it('is shown beside what others put there, and only its own signature is called verified', async () => {
    const other = smallImage({
      change(manifest) {
        manifest['layers'] = (manifest['layers'] as Record<string, unknown>[]).map((layer) => ({
          ...layer,
          mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
          annotations: { 'dev.cosignproject.cosign/signature': 'MEUCIQ==' },
        }));
      },
    });
    const tag = `${image.digest.replace(':', '-')}.sig`;
    const bytes = JSON.parse(other.bytes.toString()) as Record<string, unknown>;
    expect(bytes['layers']).toHaveLength(1);
    expect((await pushImage(front.place, 'pub', tag, other, alice)).status).toBe(201);
    const document = smallImage({
      change(manifest) {
        manifest['artifactType'] = 'application/vnd.example.review';
        manifest['subject'] = {
          mediaType: image.mediaType,
          digest: image.digest,
          size: image.bytes.length,
        };
      },
    });
    expect((await pushImage(front.place, 'pub', document.digest, document, alice)).status).toBe(201);

    const { status, text } = await front.ask({
      path: `/api/v1/attestations/attached?repository=pub&digest=${image.digest}`,
      ...basic('bob'),
    });
    expect(status).toBe(200);
    const { items } = JSON.parse(text) as { items: Record<string, unknown>[] };
    expect(items).toMatchObject([
      {
        place: 'referrer',
        form: 'sigstore-bundle',
        signature: 'verified',
        predicateType: expect.stringContaining('release'),
      },
      { place: 'referrer', form: 'sigstore-bundle', signature: 'verified' },
      { place: 'referrer', form: 'other', artifactType: 'application/vnd.example.review', signature: 'none' },
      { place: 'tag', tag, form: 'cosign-signature', signature: 'not-checked' },
    ]);
    const hidden = `/api/v1/attestations/attached?repository=sec&digest=${image.digest}`;
    expect((await front.ask({ path: hidden, ...basic('bob') })).status).toBe(403);
  });

  it('of an image that was pushed again is about the last push, or the one that is named', async () => {
    expect((await putManifest(front.place, 'pub', '2.0', image, alice)).status).toBe(201);
    const purls = [];
    const first = readLog(join(front.warden.folder, 'data')).find(({ tag }) => tag?.name === '1.0')?.index;
    for (const more of [[], ['--index', String(first)]]) {
      const { stdout } = await attest(reference(), '--type', 'release', '--format', 'dsse', ...more);
      purls.push(String(opened(JSON.parse(stdout) as Envelope, pem).predicate['purl']));
    }
    expect(purls.map((purl) => /tag=(.*)$/.exec(purl)?.[1])).toEqual(['2.0', '1.0']);
  });
});
