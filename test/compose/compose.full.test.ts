import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { createSkopeo, type Skopeo } from '../support/clients.ts';
import { type DebianRoot, makeDebianRoot } from '../support/debian-root.ts';
import { type Dockerd, startDockerd } from '../support/dockerd.ts';
import { type Host, type Hosts, makeHosts } from '../support/hosts.ts';
import { createLayout, type Layout } from '../support/image.ts';
import { describeNeeding } from '../support/needs.ts';
import { must, requireSuccess } from '../support/process.ts';
import { registrySettings } from '../support/registry.ts';
import { makeTemp, type Temp } from '../support/temp.ts';

const CHECKOUT = join(import.meta.dirname, '..', '..');
const MINUTE_MS = 60_000;
const PASSWORD = 'made for this test only';

/**
 * The engine stands on a host of its own, and this machine is another one that reaches it: so the addresses that the
 * gate sees are those of two machines. That host reaches nothing else, so a second engine builds, here. Images come
 * from no registry: one root has Debian's npm, docker-registry and redis, and is all three bases.
 */
describeNeeding(
  ['root', 'debootstrap', 'git', 'dockerd', 'docker', 'docker-compose', 'ip', 'nsenter', 'openssl', 'skopeo'],
  'docker-compose.yml',
  () => {
    let temp: Temp;
    /** What is committed: a build from a checkout that is being worked on would be of no known state. */
    let clone: string;
    let hosts: Hosts<'engine'>;
    let engine: Host;
    let dockerd: Dockerd;
    let address: string;
    let layout: Layout;
    let here: Skopeo;
    let there: Skopeo;
    let env: Record<string, string>;

    const compose = async (args: readonly string[], input = ''): Promise<string> => {
      const options = { cwd: clone, env, input, timeoutMs: 15 * MINUTE_MS };
      return requireSuccess(await engine.exec('docker-compose', args, options)).stdout;
    };

    beforeAll(async () => {
      temp = makeTemp('compose');
      clone = temp.at('clone');
      await must('git', ['clone', '--quiet', `file://${CHECKOUT}`, clone]);
      hosts = await makeHosts(['engine']);
      engine = hosts.host.engine;
      dockerd = await startDockerd({ host: engine, networks: true, fastStorage: true });
      address = `${engine.address}:5000`;
      await writeSite(temp, clone, hosts);
      env = {
        DOCKER_HOST: `unix://${dockerd.socket}`,
        DOCKER_BUILDKIT: '0',
        COMPOSE_DOCKER_CLI_BUILD: '0',
        COMPOSE_PROJECT_NAME: 'wardentest',
        WARDEN_BASE: 'warden-test-base',
        REGISTRY_IMAGE: 'warden-test-registry',
        REDIS_IMAGE: 'warden-test-redis',
        REGISTRY_REALM: `https://${address}/token`,
        WARDEN_SETTINGS: temp.at('warden.yaml'),
        WARDEN_POLICIES: temp.at('policies'),
        WARDEN_CERTS: temp.at('certs'),
      };
      layout = createLayout(temp.at('layout'));
      layout.image({ layers: 2 }, 'v1');
      const certificates = temp.at('ca');
      here = createSkopeo({ folder: temp.at('here'), certificates });
      there = createSkopeo({ folder: temp.at('there'), certificates, host: engine });
      await buildImages(temp, clone, env, dockerd);
      await compose(['run', '--rm', '-T', 'warden', 'keys', 'init']);
      const add = [
        'run',
        '--rm',
        '-T',
        'warden',
        'user',
        'add',
        'alice',
        '--group',
        'ci',
        '--password-stdin',
      ];
      await compose(add, PASSWORD);
      await compose(['up', '-d']);
      await untilReady(engine);
    }, 30 * MINUTE_MS);

    afterAll(async () => {
      if (env) await compose(['down', '--volumes']).catch(() => undefined);
      await dockerd?.stop();
      await hosts?.stop();
      await temp?.stop();
    }, 5 * MINUTE_MS);

    it('serves a push from the named build host and a pull by anyone', async () => {
      requireSuccess(await here.login(address, { user: 'alice', password: PASSWORD }));
      requireSuccess(await here.push(layout.reference('v1'), `${address}/team/app:v1`));
      requireSuccess(await here.logout(address));
      requireSuccess(await here.pull(`${address}/team/app:v1`));
      requireSuccess(await there.pull(`${address}/team/app:v1`));
    });

    it('refuses a push from another host, and says from which', async () => {
      requireSuccess(await there.login(address, { user: 'alice', password: PASSWORD }));
      const refused = await there.push(layout.reference('v1'), `${address}/team/other:v1`);
      expect(refused.status).not.toBe(0);
      expect(refused.stderr).toContain(engine.address);
    });

    it('has both on record, with the addresses of the two machines', async () => {
      const record = await compose(['exec', '-T', 'warden', 'warden', 'audit', 'pushes', '--json']);
      expect(record).toContain(hosts.lan);
      expect(record).toContain(engine.address);
    });

    it('lets nobody reach the registry but on loopback', async () => {
      await expect(fetch(`http://${engine.address}:5082/v2/`)).rejects.toThrow();
      const ask = `console.log((await fetch('http://127.0.0.1:5082/v2/')).status)`;
      const inside = await engine.exec(process.execPath, ['--input-type=module', '--eval', ask]);
      expect(requireSuccess(inside).stdout).toBe('401\n');
    });

    it('runs Warden as a user without rights, on a root that it cannot write', async () => {
      const id = await compose(['exec', '-T', 'warden', 'id', '-u']);
      expect(id.trim()).toBe('10001');
      await expect(compose(['exec', '-T', 'warden', 'touch', '/app/x'])).rejects.toThrow(/Read-only/);
    });

    it(
      'is not needed to try Warden: script/start --demo makes do with an engine',
      async () => {
        const script = join(CHECKOUT, 'script', 'start.ts');
        const result = await engine.exec(process.execPath, [script, '--demo', '--data', temp.at('demo')], {
          env: { ...env, WARDEN_START_ENGINE: 'docker' },
        });
        const { stdout } = requireSuccess(result);
        expect(stdout).toContain('127.0.0.6');
        expect(stdout).toContain('All went as promised.');
        const left = await engine.exec('docker', ['ps', '--quiet', '--filter', 'name=warden-registry-'], {
          env,
        });
        expect(requireSuccess(left).stdout).toBe('');
      },
      2 * MINUTE_MS,
    );

    it('keeps records over a new start', async () => {
      await compose(['restart', 'warden']);
      await untilReady(engine);
      expect(await compose(['exec', '-T', 'warden', 'warden', 'audit', 'pushes', '--json'])).toContain(
        'team/app',
      );
    });
  },
);

/** The three images, built by an engine that reaches the package registries, and handed to the other. */
async function buildImages(
  temp: Temp,
  clone: string,
  env: Readonly<Record<string, string>>,
  receiver: Dockerd,
): Promise<void> {
  const builder = await startDockerd({ fastStorage: true });
  try {
    const socket = `unix://${builder.socket}`;
    const docker = (to: string, ...args: string[]): Promise<string> =>
      must('docker', ['-H', to, ...args], { timeoutMs: 10 * MINUTE_MS });
    await makeBase(temp);
    await docker(socket, 'import', temp.at('root.tar'), 'warden-test-base');
    await docker(socket, 'tag', 'warden-test-base', 'warden-test-redis');
    // As the registry's own image has them.
    const changes = ['ENTRYPOINT ["docker-registry"]', 'CMD ["serve", "/etc/docker/registry/config.yml"]'];
    const flags = changes.flatMap((change) => ['--change', change]);
    await docker(socket, 'import', ...flags, temp.at('root.tar'), 'warden-test-registry');
    await must('docker-compose', ['build'], {
      cwd: clone,
      env: { ...env, DOCKER_HOST: socket },
      timeoutMs: 15 * MINUTE_MS,
    });
    const images = ['registry-warden', 'warden-test-redis', 'warden-test-registry'];
    await docker(socket, 'save', '--output', temp.at('images.tar'), ...images);
    await docker(`unix://${receiver.socket}`, 'load', '--input', temp.at('images.tar'));
  } finally {
    await builder.stop();
  }
}

/** A root with Debian's npm, docker-registry and redis; the registry set as its own image has it. */
async function makeBase(temp: Temp): Promise<void> {
  let root: DebianRoot | undefined;
  try {
    root = await makeDebianRoot();
    const install = 'DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install';
    await root.mustSh(`apt-get -q update && ${install} npm docker-registry redis-server && apt-get clean`);
    const config = registrySettings({ host: '0.0.0.0', port: 5000, storage: '/var/lib/registry' });
    writeFileSync(join(root.path, 'etc', 'docker', 'registry', 'config.yml'), JSON.stringify(config));
    await must('tar', ['-C', root.path, '--numeric-owner', '-cf', temp.at('root.tar'), '.']);
  } finally {
    await root?.stop();
  }
}

/** The site's own files: the shipped settings with an address and TLS, a policy, a certificate of a CA made for it. */
async function writeSite(
  temp: Temp,
  clone: string,
  { lan, subnet, host: { engine } }: Hosts<'engine'>,
): Promise<void> {
  for (const folder of ['ca', 'certs', 'policies']) mkdirSync(temp.at(folder));
  const openssl = (...args: string[]) => must('openssl', args, { cwd: temp.path });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca/ca.crt',
    '-subj',
    '/CN=test CA',
    '-days',
    '2',
  );
  await openssl(
    'req',
    ...newKey,
    '-keyout',
    'certs/registry.key',
    '-out',
    'registry.csr',
    '-subj',
    '/CN=registry',
  );
  writeFileSync(temp.at('san'), `subjectAltName=IP:${engine.address}\n`);
  const issuer = ['-CA', 'ca/ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'];
  await openssl(
    ...[
      'x509',
      '-req',
      '-in',
      'registry.csr',
      ...issuer,
      '-extfile',
      'san',
      '-days',
      '2',
      '-out',
      'certs/registry.crt',
    ],
  );
  // Warden runs as user 10001 in its container.
  await must('chown', ['-R', '10001', temp.at('certs')]);
  const shipped = parse(readFileSync(join(clone, 'script', 'compose', 'warden.yaml'), 'utf8')) as {
    readonly listen: object;
  };
  const settings = {
    ...shipped,
    publicUrl: `https://${engine.address}:5000`,
    listen: {
      ...shipped.listen,
      tls: { certificateFile: 'certs/registry.crt', keyFile: 'certs/registry.key' },
    },
  };
  writeFileSync(temp.at('warden.yaml'), stringify(settings));
  const policy = {
    hosts: { builder: { addresses: [lan] } },
    networks: { intranet: [subnet], builders: ['builder'] },
    rules: [
      { id: 'pulls', allow: ['pull'], repositories: ['**'], from: ['intranet'] },
      { id: 'pushes', allow: ['push'], repositories: ['**'], who: { groups: ['ci'] }, from: ['builders'] },
    ],
  };
  writeFileSync(temp.at('policies', 'policy.yaml'), stringify(policy));
  // The test's folder is closed to others; a container looks in as another user.
  await must('chmod', ['755', temp.path]);
}

/** Until Warden says that it serves pulls; its operations listener is on the loopback of the engine's host. */
async function untilReady(engine: Host): Promise<void> {
  const script = `
    for (let left = 300; ; left--) {
      const status = await fetch('http://127.0.0.1:9464/readyz').then((answer) => answer.status, () => 0);
      if (status === 200) break;
      if (left === 0) throw new Error('warden is not ready: ' + status);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }`;
  requireSuccess(await engine.exec(process.execPath, ['--input-type=module', '--eval', script]));
}
