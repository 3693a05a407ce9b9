/** The set-up of README.md and docs/operating.md, done as they say: from an empty machine to a push through nginx. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSkopeo } from '../support/clients.ts';
import { openDoor } from '../support/door.ts';
import { createLayout } from '../support/image.ts';
import { describeNeeding } from '../support/needs.ts';
import type { Result } from '../support/process.ts';
import { type Block, blocksOf } from './blocks.ts';
import { createSandbox, type Sandbox } from './sandbox.ts';

/** Neither a builder nor a proxy in any of the settings. */
const STRANGER = '127.0.0.6';
const STEP_MS = 120_000;
/** Of the image's layer: enough to be left to nginx. */
const LAYER_BYTES = 200_000;

const has = (program: string): boolean =>
  [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** A token for so much is a longer header than nginx takes unless told. */
const MANY_SCOPES = `https://registry.corp:5000/token?service=registry.corp:5000${Array.from(
  { length: 100 },
  (_, nth) => `&scope=repository:team-with-a-long-name/component-${nth}:pull,push`,
).join('')}`;

/** What differs from run to run. */
function normalized(text: string): string[] {
  return (
    text
      .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?/g, 'TIME')
      .replace(/\b[0-9a-f]{12,64}\b/g, 'HEX')
      // A root, as a checkpoint has it.
      .replace(/[A-Za-z0-9+/]{43}=/g, 'ROOT')
      .replace(/\(\d+ warnings?\)/g, '(N warnings)')
      .replace(/\b\d+ (record|file)s?\b/g, 'N $1s')
      .split('\n')
      .map((line) => line.trim().replace(/\s+/g, ' '))
      .filter((line) => line !== '' && !line.endsWith('(warning)'))
  );
}

/** The pages ask for health with curl, and so does the stand-in for systemctl. */
const describeSetUp: typeof describeNeeding = has('curl')
  ? describeNeeding
  : (_needs, title, body) => describe.skip(`${title} [curl is not installed]`, body);

describeSetUp(
  ['docker-registry', 'skopeo', 'openssl'],
  'the set-up of README.md and docs/operating.md',
  () => {
    let sandbox: Sandbox;
    let last: Result | undefined;
    /** Each step stands on those before it. */
    let broken: string | undefined;

    beforeAll(async () => {
      sandbox = await createSandbox();
      createLayout(join(sandbox.checkout, 'hello')).image({ labels: {}, layerBytes: LAYER_BYTES }, '1.0');
      const [authority, certificate] = blocksOf('certs/README.md').filter(
        ({ language }) => language === 'sh',
      );
      for (const block of [authority!, certificate!]) {
        const { status, stdout } = await sandbox.run(block);
        if (status !== 0) throw new Error(`certs/README.md:${block.line}: ${stdout}`);
      }
    }, STEP_MS);
    afterAll(() => sandbox.stop(), STEP_MS);

    async function perform(block: Block): Promise<void> {
      const { words, text } = block;
      if (words.has('file')) return sandbox.write(block);
      if (words.has('run')) {
        last = await sandbox.run(block);
        const expected = Number(words.get('fails') ?? 0);
        if (last.status !== expected) {
          throw new Error(`ended with ${last.status}:\n${last.stdout}\n${sandbox.tails()}`);
        }
        return;
      }
      expect(normalized(last?.stdout ?? '')).toEqual(normalized(sandbox.map(text)));
    }

    async function inOrder(title: string, block: Block): Promise<void> {
      if (broken !== undefined) throw new Error(`not tried, because this failed: ${broken}`);
      broken = title;
      await perform(block);
      broken = undefined;
    }

    function steps(page: string): void {
      let missing: string | undefined;
      for (const block of blocksOf(page)) {
        const { words, language, line } = block;
        const acts =
          words.has('file') || words.has('run') || (words.has('output') && words.get('output') === '');
        if (!acts) continue;
        // What is printed by a block that was left out is left out with it.
        if (!words.has('output')) {
          const need = words.get('needs');
          missing = need === undefined || has(need) ? undefined : need;
        }
        const title = `${page}:${line} ${language} ${[...words.keys()].join(' ')}`;
        if (missing !== undefined) it.skip(`${title} [${missing} is not installed]`, () => undefined);
        else it(title, () => inOrder(title, block), STEP_MS);
      }
    }

    /** @returns what the client said, on one line. */
    async function pushFromStranger(name: string): Promise<string> {
      const door = await openDoor(STRANGER, { host: '127.0.0.1', port: sandbox.port });
      try {
        const certificates = sandbox.at('etc/docker/certs.d/localhost:0').replace(/:0$/, `:${sandbox.port}`);
        const skopeo = createSkopeo({ folder: sandbox.at(name), certificates });
        const { stdout } = await sandbox.run({ text: 'cat jenkins.password' });
        const credentials = { user: 'jenkins', password: stdout.trim() };
        const target = `localhost:${door.port}`;
        const login = await skopeo.login(target, credentials);
        if (login.status !== 0) throw new Error(login.stderr);
        const pushed = await skopeo.push(`oci:${sandbox.checkout}/hello:1.0`, `${target}/ci/${name}:1.0`);
        expect(pushed.status).not.toBe(0);
        return pushed.stderr.replace(/\s+/g, ' ');
      } finally {
        await door.stop();
      }
    }

    steps('README.md');
    it(
      'refuses a push from a machine that is no build host, with the words of the policy',
      async () => {
        await sandbox.run({
          text: 'install -D -m 644 ca.crt /etc/docker/certs.d/registry.corp:5000/ca.crt',
        });
        const said = await pushFromStranger('direct');
        expect(said).toContain('Push through Jenkins.');
        expect(said).toContain(`jenkins from ${STRANGER}`);
      },
      STEP_MS,
    );
    steps('docs/operating.md');
    if (has('nginx')) {
      it(
        'pushes through nginx as a build host, and is refused through nginx as another',
        async () => {
          const pushed = await sandbox.run({
            text:
              'skopeo login --username jenkins --password-stdin registry.corp:5000 < jenkins.password\n' +
              'skopeo copy oci:hello:1.0 docker://registry.corp:5000/ci/through-nginx:1.0\n' +
              'warden audit pushes --repository ci/through-nginx --accepted --json\n' +
              'skopeo copy docker://registry.corp:5000/ci/through-nginx:1.0 dir:pulled\n' +
              `curl --silent --cacert ca.crt --user "jenkins:$(cat jenkins.password)" '${MANY_SCOPES}' > many.json\n` +
              'curl --fail --silent --show-error --cacert ca.crt https://registry.corp:5000/v2/ ' +
              `--header "Authorization: Bearer $(node -p 'JSON.parse(fs.readFileSync("many.json")).token')"\n` +
              'curl --fail --silent http://127.0.0.1:9464/metrics',
          });
          if (pushed.status !== 0) throw new Error(`${pushed.stdout}\n${sandbox.tails()}`);
          expect(pushed.stdout).toContain('"forwarded":["127.0.0.1"]');
          // The last settings of the page.
          expect(pushed.stdout).toMatch(/^warden_offloaded_bodies_total\{mode="accel"\} 1$/m);
          expect(await pushFromStranger('foreign')).toContain(`jenkins from ${STRANGER}`);
        },
        STEP_MS,
      );
    }
  },
);
