import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type DebianRoot, makeDebianRoot } from '../support/debian-root.ts';
import { describeNeeding } from '../support/needs.ts';
import { must } from '../support/process.ts';

const CHECKOUT = join(import.meta.dirname, '..', '..');
const MINUTE_MS = 60_000;

describeNeeding(['root', 'debootstrap', 'git'], 'a clean clone on a machine with git and npm only', () => {
  let root: DebianRoot;

  beforeAll(async () => {
    root = await makeDebianRoot();
    // What is committed, and nothing that merely lies about in this checkout.
    await must('git', [
      'clone',
      '--quiet',
      '--bare',
      `file://${CHECKOUT}`,
      join(root.path, 'srv', 'warden.git'),
    ]);
    await root.mustSh(
      'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install git npm',
    );
    await root.mustSh('git clone --quiet /srv/warden.git /root/registry-warden');
  }, 15 * MINUTE_MS);

  afterAll(async () => {
    await root?.stop();
  }, 5 * MINUTE_MS);

  it(
    'script/start --demo shows a push, a pull, a refusal and their records',
    async () => {
      const said = await root.mustSh('cd /root/registry-warden && script/start --demo');
      expect(said).toMatch(/accepted/);
      expect(said).toMatch(/refused/);
      expect(said).toContain('127.0.0.6');
      expect(said).toContain('ci/hello');
    },
    10 * MINUTE_MS,
  );

  it(
    'script/start --demo passes again over what the first one kept',
    async () => {
      const password = await root.mustSh('cat /root/registry-warden/var/credentials');
      await root.mustSh('cd /root/registry-warden && script/start --demo');
      expect(await root.mustSh('cat /root/registry-warden/var/credentials')).toBe(password);
    },
    10 * MINUTE_MS,
  );

  it('leaves no service running', async () => {
    expect(await root.mustSh('ls /run/*.pid /run/*/*.pid 2> /dev/null || true')).toBe('');
  });

  it(
    'script/test gets what the tests need, and ends with its summary',
    async () => {
      const said = await root.mustSh('cd /root/registry-warden && script/test --only test/support/summary');
      expect(said.trimEnd().split('\n').at(-1)).toMatch(/^[1-9]\d* passed, 0 failed(, \d+ skipped)?$/);
    },
    15 * MINUTE_MS,
  );
});
