/** What npm packs is what an operator needs and nothing else, and it runs from there: built JavaScript below node_modules. */
import { randomBytes } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { createSkopeo } from '../support/clients.ts';
import { createLayout } from '../support/image.ts';
import { describeNeeding } from '../support/needs.ts';
import { freePort } from '../support/ports.ts';
import { type Child, must, type Result, requireSuccess, run, startChild } from '../support/process.ts';
import { type RunningRegistry, startRegistry } from '../support/registry.ts';
import { makeTemp } from '../support/temp.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SETUP_MS = 180_000;
const READY_MS = 30_000;

const temp = makeTemp('package');
/** Where the package is installed, as operators do: a folder of its own, with the libraries of production only. */
const prefix = temp.at('opt');
const main = join(prefix, 'node_modules/registry-warden/dist/main.js');
let files: readonly string[] = [];

/** Packing builds in the folder that is packed: not in the checkout, where others may be at work. */
function copyCheckout(to: string): void {
  mkdirSync(to);
  for (const name of readdirSync(ROOT)) {
    if (['node_modules', '.git', 'var', 'dist', 'coverage'].includes(name)) continue;
    cpSync(join(ROOT, name), join(to, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(to, 'node_modules'));
}

beforeAll(async () => {
  const checkout = temp.at('checkout');
  copyCheckout(checkout);
  // What must not get out, should `files` ever be widened: keys and settings as operators leave them in a checkout.
  writeFileSync(join(checkout, 'certs', 'registry.key'), 'no key, and must not be packed');
  writeFileSync(join(checkout, 'certs', 'upstream.pem'), 'no key, and must not be packed');
  await must('npm', ['pack', '--silent'], { cwd: checkout });
  const [tarball] = readdirSync(checkout).filter((name) => name.endsWith('.tgz'));
  const listed = await must('tar', ['tzf', join(checkout, tarball!)]);
  files = listed
    .trim()
    .split('\n')
    .map((file) => file.replace(/^package\//, ''));
  const flags = ['--omit=dev', '--prefer-offline', '--no-fund', '--no-audit', '--silent'];
  await must('npm', ['install', '--prefix', prefix, ...flags, join(checkout, tarball!)]);
}, SETUP_MS);

afterAll(() => temp.stop());

function warden(args: readonly string[], options: { readonly input?: string } = {}): Promise<Result> {
  // A folder without a package.json above, as for a service.
  return run(process.execPath, [main, ...args], { cwd: '/', ...options });
}

describe('the package', () => {
  it('holds the program, the policy, the pages and the licence', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        'package.json',
        'LICENSE',
        'README.md',
        'CHANGELOG.md',
        'dist/main.js',
        'dist/store/thread-main.js',
        'dist/provenance/log-thread.js',
        'policies/default.yaml',
        'docs/operating.md',
        'docs/policy.md',
        'certs/README.md',
      ]),
    );
  });

  it('holds JavaScript for each source file', () => {
    const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !file.startsWith('page/'))
      .map((file) => `dist/${file.replace(/\.ts$/, '.js')}`);
    expect(sources.filter((file) => !files.includes(file))).toEqual([]);
  });

  it('holds the page as browsers get it', () => {
    const page = files
      .filter((file) => file.startsWith('dist/page/'))
      .map((file) => file.replace(/-[0-9a-f]{16}\./, '.'));
    const built = ['index.html', 'page.css', 'page.js'].map((name) => `dist/page/${name}`);
    expect(page.sort()).toEqual(built.flatMap((file) => [file, `${file}.br`, `${file}.gz`]));
  });

  it('holds no tests, sources in TypeScript, scripts, keys or settings', () => {
    const wrong = files.filter(
      (file) =>
        /^(?:test|src|script|bench|var|\.)/.test(file) ||
        (file.endsWith('.ts') && !file.endsWith('.d.ts')) ||
        /\.(?:key|pem|crt|p12|db|tgz)$/.test(file) ||
        /(?:^|\/)(?:users|warden)\.yaml$/.test(file),
    );
    expect(wrong).toEqual([]);
  });

  it('needs nothing of development at run time', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    const installed = ['typescript', 'jest', '@biomejs/biome', 'fast-check'];
    expect(Object.keys(devDependencies)).toEqual(expect.arrayContaining(installed));
    expect(installed.filter((name) => existsSync(join(prefix, 'node_modules', name)))).toEqual([]);
  });

  it('says its version', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(await warden(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('says what is wrong with settings, and where', async () => {
    const file = temp.at('wrong.yaml');
    writeFileSync(file, 'publicUrl: https://registry.corp\nlisten: { prot: 5000 }\n');
    const { status, stderr } = await warden(['check', '--config', file]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/wrong\.yaml:2:\d+ .*prot/);
    expect(stderr).toMatch(/wrong\.yaml:1:\d+ .*registry/);
  });

  it('does not start with wrong settings', async () => {
    const { status, stderr } = await warden(['serve', '--config', temp.at('wrong.yaml')]);
    expect(status).toBe(2);
    expect(stderr).toContain('not started');
  });
});

describeNeeding(['docker-registry', 'skopeo'], 'Warden from the package, before a registry', () => {
  const password = randomBytes(18).toString('base64url');
  let registry: RunningRegistry | undefined;
  let child: Child | undefined;
  let address = '';
  const settings = temp.at('etc/warden.yaml');

  beforeAll(async () => {
    const port = await freePort();
    const operations = await freePort();
    const registryPort = await freePort();
    address = `127.0.0.1:${port}`;
    mkdirSync(temp.at('etc'));
    writeFileSync(
      settings,
      stringify({
        publicUrl: `http://${address}`,
        listen: { port },
        operations: { port: operations },
        registry: {
          url: `http://127.0.0.1:${registryPort}`,
          keyFile: 'keys/upstream.pem',
          certificateFile: 'keys/upstream.crt',
        },
        tokens: { keyFile: 'keys/tokens.pem' },
        // The shipped policy, from where the package has it.
        policy: join(prefix, 'node_modules/registry-warden/policies'),
      }),
    );
    requireSuccess(await warden(['keys', 'init', '--config', settings]));
    const user = ['user', 'add', 'jenkins', '--group', 'ci', '--password-stdin', '--config', settings];
    requireSuccess(await warden(user, { input: password }));
    requireSuccess(await warden(['check', '--config', settings]));
    registry = await startRegistry({
      port: registryPort,
      auth: {
        realm: `http://${address}/token`,
        service: 'docker-registry',
        issuer: 'registry-warden',
        rootCertificateFile: temp.at('etc/keys/upstream.crt'),
      },
    });
    child = await startChild(process.execPath, [main, 'serve', '--config', settings], { cwd: '/' });
    const url = `http://127.0.0.1:${operations}/readyz/push`;
    for (const end = Date.now() + READY_MS; ; await sleep(50)) {
      if ((await fetch(url).catch(() => undefined))?.ok) break;
      if (child.hasEnded() || Date.now() > end) throw new Error(`not ready:\n${child.tail()}`);
    }
  }, SETUP_MS);

  afterAll(async () => {
    await child?.stop();
    await registry?.stop();
  });

  it('takes a push, gives it to anyone, and has it on record', async () => {
    const skopeo = createSkopeo({ folder: temp.at('skopeo') });
    const layout = createLayout(temp.at('layout'));
    const { digest } = layout.image({}, '1');
    requireSuccess(await skopeo.login(address, { user: 'jenkins', password }));
    requireSuccess(await skopeo.push(layout.reference('1'), `${address}/ci/packed:1`));
    requireSuccess(await skopeo.logout(address));
    requireSuccess(await skopeo.pull(`${address}/ci/packed:1`));
    const { stdout } = requireSuccess(await warden(['audit', 'pushes', '--json', '--config', settings]));
    const { items } = JSON.parse(stdout) as {
      items: readonly { type: string; subject?: { digest?: string } }[];
    };
    expect(
      items.filter(({ type }) => type === 'push.accepted').map(({ subject }) => subject?.digest),
    ).toEqual([digest]);
  });

  it('stops when it is told to', async () => {
    child?.signal('SIGTERM');
    expect(await child?.ended).toEqual({ code: 0, signal: null });
  });
});
