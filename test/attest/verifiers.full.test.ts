/** What programs of others say of Warden's attestations. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import { pushImage, type SmallImage, smallImage, type With } from '../gate/images.ts';
import { openDoor } from '../support/door.ts';
import { goProgram } from '../support/go-program.ts';
import { COSIGN, NOTATION, SLSA_VERIFIER } from '../support/go-programs.ts';
import { describeNeeding } from '../support/needs.ts';
import { type Result, requireSuccess, run } from '../support/process.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { changeSettings } from '../support/warden.ts';

const REGISTRIES = [
  [2, 'docker-registry'],
  [3, 'distribution3'],
] as const;

const BUILD_MS = 900_000;

for (const [version, needed] of REGISTRIES) {
  describeNeeding([needed, 'go'], `verifiers, with a registry of version ${version}`, () => {
    let temp: Temp;
    let front: Front;
    let alice: With;
    let image: SmallImage;
    let cosign: string;
    let slsa: string;
    const digestOnly = () => image.digest.replace('sha256:', '');
    const key = () => temp.at('key.pub');

    beforeAll(async () => {
      cosign = await goProgram(COSIGN);
      slsa = await goProgram(SLSA_VERIFIER);
      temp = makeTemp('verifiers');
      front = await startFront({
        users: ['alice'],
        version,
        settings: {
          attestations: { keyFile: 'keys/attestations.pem', levelPrefix: 'ACME' },
          transparency: { origin: 'registry.test/push-log', keyFile: 'keys/log.pem' },
        },
      });
      alice = {
        token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }),
        from: BUILDER,
      };
      image = smallImage();
      expect((await pushImage(front.place, 'pub', '1.0', image, alice)).status).toBe(201);
      writeFileSync(key(), (await front.ask({ path: '/api/v1/attestations/key' })).text);
      const attached = await front.ask({
        method: 'POST',
        path: '/api/v1/attestations',
        basic: { user: 'alice', password: front.passwords.alice },
        from: BUILDER,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ repository: 'pub', digest: image.digest }),
      });
      expect(attached.status).toBe(200);
    }, BUILD_MS);
    afterAll(async () => {
      await front?.stop();
      await temp?.stop();
    });

    function verifyByCosign(type: string, keyFile: string): Promise<Result> {
      const args = ['verify-attestation', '--key', keyFile, '--insecure-ignore-tlog=true', '--type', type];
      const home = { HOME: temp.path, DOCKER_CONFIG: temp.path };
      return run(
        cosign,
        [
          ...args,
          '--allow-http-registry',
          '--allow-insecure-registry',
          `${front.warden.address}/pub@${image.digest}`,
        ],
        { env: home },
      );
    }

    it.each(['https://in-toto.io/attestation/release/v0.1', 'https://slsa.dev/verification_summary/v1'])(
      'cosign finds %s beside the image and accepts it, without a login',
      async (type) => {
        const { status, stdout, stderr } = await verifyByCosign(type, key());
        expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
        const { payload } = JSON.parse(stdout.trim().split('\n')[0] ?? '') as { payload: string };
        const statement = JSON.parse(Buffer.from(payload, 'base64').toString()) as { predicate: object };
        expect(statement).toMatchObject({
          predicateType: type,
          subject: [{ digest: { sha256: digestOnly() } }],
        });
        expect('urn:registry-warden:log-proof:v1' in statement.predicate).toBe(type.includes('release'));
      },
      60_000,
    );

    it('cosign refuses them by another key, and of a type that is not there', async () => {
      const other = await run('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout']);
      const pem = await run('openssl', ['ec', '-pubout'], { input: other.stdout });
      writeFileSync(temp.at('other.pub'), pem.stdout);
      const release = 'https://in-toto.io/attestation/release/v0.1';
      expect((await verifyByCosign(release, temp.at('other.pub'))).status).not.toBe(0);
      expect((await verifyByCosign('https://slsa.dev/provenance/v1', key())).status).not.toBe(0);
    }, 60_000);

    it('what cosign has put beside an image is shown with it, as not checked', async () => {
      const door = await openDoor(BUILDER, front.place);
      try {
        // It asks no token server at another private address than the registry's.
        changeSettings(front.warden.settingsFile, { alternateUrls: [`http://${door.address}`] });
        await front.warden.restart();
        const other = smallImage();
        expect((await pushImage(front.place, 'pub', 'signed', other, alice)).status).toBe(201);
        const auth = Buffer.from(`alice:${front.passwords.alice}`).toString('base64');
        const config = temp.at('docker');
        mkdirSync(config);
        writeFileSync(`${config}/config.json`, JSON.stringify({ auths: { [door.address]: { auth } } }));
        const env = { HOME: temp.path, DOCKER_CONFIG: config, COSIGN_PASSWORD: '' };
        const prefix = temp.at('theirs');
        requireSuccess(await run(cosign, ['generate-key-pair', '--output-key-prefix', prefix], { env }));
        writeFileSync(temp.at('predicate.json'), '{"reviewed":true}');
        const common = ['--key', `${prefix}.key`, '--tlog-upload=false', '--use-signing-config=false', '-y'];
        const place = [
          '--allow-http-registry',
          '--allow-insecure-registry',
          `${door.address}/pub@${other.digest}`,
        ];
        const legacy = ['--new-bundle-format=false'];
        for (const args of [
          ['sign', ...common, ...legacy, ...place],
          [
            'attest',
            ...common,
            ...legacy,
            '--type',
            'custom',
            '--predicate',
            temp.at('predicate.json'),
            ...place,
          ],
          [
            'attest',
            ...common,
            '--type',
            'https://example.org/review/v1',
            '--predicate',
            temp.at('predicate.json'),
            ...place,
          ],
        ]) {
          requireSuccess(await run(cosign, args, { env }));
        }
        const { text } = await front.ask({
          path: `/api/v1/attestations/attached?repository=pub&digest=${other.digest}`,
          basic: { user: 'alice', password: front.passwords.alice },
        });
        const { items } = JSON.parse(text) as { items: { form: string; place: string; signature: string }[] };
        expect(items.map(({ form, place: where, signature }) => [form, where, signature]).sort()).toEqual([
          ['cosign-attestation', 'tag', 'not-checked'],
          ['cosign-signature', 'tag', 'not-checked'],
          ['sigstore-bundle', 'referrer', 'not-checked'],
        ]);
        const shown = await front.warden.cli(
          [
            'attest',
            `pub@${other.digest}`,
            '--found',
            '--url',
            front.warden.url,
            '--user-name',
            'alice',
            '--password-stdin',
          ],
          { input: front.passwords.alice },
        );
        expect(shown).toMatchObject({
          status: 0,
          stdout: expect.stringMatching(/sigstore-bundle.*not checked/),
        });
      } finally {
        await door.stop();
      }
    }, 120_000);

    it('what notation has put beside an image is shown with it, and notation finds it there', async () => {
      const notation = await goProgram(NOTATION);
      const door = await openDoor(BUILDER, front.place);
      try {
        changeSettings(front.warden.settingsFile, { alternateUrls: [`http://${door.address}`] });
        await front.warden.restart();
        const other = smallImage();
        expect((await pushImage(front.place, 'pub', 'notary', other, alice)).status).toBe(201);
        const env = { HOME: temp.path, XDG_CONFIG_HOME: temp.at('notation') };
        const place = [
          ...['--insecure-registry', '--username', 'alice', '--password', front.passwords.alice],
          `${door.address}/pub@${other.digest}`,
        ];
        requireSuccess(await run(notation, ['cert', 'generate-test', '--default', 'tests.example'], { env }));
        requireSuccess(await run(notation, ['sign', ...place], { env }));
        const listed = requireSuccess(await run(notation, ['list', ...place], { env }));
        const { text } = await front.ask({
          path: `/api/v1/attestations/attached?repository=pub&digest=${other.digest}`,
          basic: { user: 'alice', password: front.passwords.alice },
        });
        const { items } = JSON.parse(text) as { items: { digest: string }[] };
        expect(items).toMatchObject([
          {
            form: 'notation',
            place: 'referrer',
            signature: 'not-checked',
            signer: expect.stringContaining('tests.example'),
          },
        ]);
        expect(listed.stdout).toContain(items[0]?.digest);
      } finally {
        await door.stop();
      }
    }, 900_000);

    it('slsa-verifier accepts the verification summary for its levels, and for no others', async () => {
      const made = await front.warden.cli([
        ...['attest', `pub@${image.digest}`, '--type', 'summary'],
        ...['--format', 'dsse', '--to', temp.at('vsa.json')],
      ]);
      expect(made).toMatchObject({ status: 0, stderr: '' });
      const verifying = (level: string, more: readonly string[] = []) =>
        run(slsa, [
          ...['verify-vsa', '--subject-digest', image.digest, '--attestation-path', temp.at('vsa.json')],
          ...['--verifier-id', front.warden.url, '--public-key-path', key()],
          ...['--resource-uri', `oci://${front.warden.address}/pub:1.0`, '--verified-level', level],
          ...more,
        ]);
      const good = await verifying('ACME_PUSH_ALLOWED_BY_POLICY');
      expect({ status: good.status, stderr: good.status === 0 ? '' : good.stderr }).toEqual({
        status: 0,
        stderr: '',
      });
      expect((await verifying('ACME_BUILD_AUTHENTICATED')).status).not.toBe(0);
      expect((await verifying('SLSA_BUILD_LEVEL_1')).status).not.toBe(0);
    }, 60_000);
  });
}
