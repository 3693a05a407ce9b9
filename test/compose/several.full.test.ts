/** docker-compose.several.yml as it stands: read by docker-compose, haproxy and Warden, without an engine. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { describeNeeding } from '../support/needs.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { must } from '../support/process.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { runCli, type Settings } from '../support/warden.ts';

const CHECKOUT = join(import.meta.dirname, '..', '..');
const FOLDER = join(CHECKOUT, 'script', 'compose', 'several');
const STATE = '/var/lib/registry-warden';

interface Service {
  readonly image: string;
  readonly network_mode?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
}

describeNeeding(['docker-compose', 'haproxy', 'postgres'], 'docker-compose.several.yml', () => {
  let temp: Temp;
  let server: RunningPostgres;
  let services: Readonly<Record<string, Service>>;

  beforeAll(async () => {
    temp = makeTemp('several');
    const files = ['-f', 'docker-compose.yml', '-f', 'docker-compose.several.yml'];
    const shown = await must('docker-compose', [...files, 'config'], { cwd: CHECKOUT });
    services = parse(shown).services;
    server = await startPostgres();
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
    await temp?.stop();
  });

  const settingsOf = (number: number): string => readFileSync(join(FOLDER, `warden-${number}.yaml`), 'utf8');
  const portsOf = (text: string): readonly number[] => {
    const { listen, operations } = parse(text) as Record<string, { readonly port: number }>;
    return [listen?.port ?? 0, operations?.port ?? 0];
  };
  const service = (name: string): Service => {
    const found = services[name];
    if (!found) throw new Error(`there is no ${name}, but ${Object.keys(services)}`);
    return found;
  };

  it('runs two Wardens alike, each with the settings of its own and asked for its own health', () => {
    const [first, second] = [service('warden'), service('warden-2')];
    const own = (path: string) => path.includes('warden.yaml');
    expect(second.volumes.filter((path) => !own(path))).toEqual(first.volumes.filter((path) => !own(path)));
    for (const [index, one] of [first, second].entries()) {
      expect(one).toMatchObject({ network_mode: 'host', read_only: true, cap_drop: ['ALL'] });
      const settings = join(FOLDER, `warden-${index + 1}.yaml`);
      expect(one.volumes.filter(own)).toEqual([`${settings}:/etc/registry-warden/warden.yaml:ro`]);
      const [, operations] = portsOf(readFileSync(settings, 'utf8'));
      expect(one.healthcheck?.test.join(' ')).toContain(`http://127.0.0.1:${operations}/readyz`);
    }
  });

  it('opens database, Redis and registry to this machine alone', () => {
    for (const name of ['postgres', 'redis', 'registry']) {
      const { ports } = service(name);
      expect(ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)]);
    }
    expect(service('balancer').network_mode).toBe('host');
  });

  it('gives both Wardens the same settings but for ports and data', () => {
    const shared = (number: number) => {
      const { listen: _listen, operations: _operations, data: _data, ...rest } = parse(settingsOf(number));
      return rest as Settings;
    };
    expect(shared(2)).toEqual(shared(1));
    const own = [1, 2].map((number) => [...portsOf(settingsOf(number)), parse(settingsOf(number)).data]);
    expect(new Set(own.flat()).size).toBe(6);
  });

  it('has a balancer that haproxy takes, before those two', async () => {
    const file = join(FOLDER, 'haproxy.cfg');
    await must('haproxy', ['-c', '-f', file]);
    const text = readFileSync(file, 'utf8');
    expect(`http://${/^ *bind (\S+)$/m.exec(text)?.[1]}`).toBe(parse(settingsOf(1)).publicUrl);
    const servers = [...text.matchAll(/^ *server \S+ 127\.0\.0\.1:(\d+) check port (\d+)$/gm)];
    expect(servers.map(([, listen, operations]) => [Number(listen), Number(operations)])).toEqual(
      [1, 2].map((number) => portsOf(settingsOf(number))),
    );
  });

  it('has settings that warden check finds good, with the keys that one of them made', async () => {
    mkdirSync(temp.at('trust'));
    mkdirSync(temp.at('state'), { mode: 0o700 });
    cpSync(join(CHECKOUT, 'policies'), temp.at('policies'), { recursive: true });
    cpSync(join(CHECKOUT, 'script', 'compose', 'redis-url'), temp.at('redis-url'));
    const address = await server.database();
    writeFileSync(temp.at('state', 'database-url'), `${address}\n`, { mode: 0o600 });
    const files = [1, 2].map((number) => {
      const here = settingsOf(number)
        .replaceAll(`${STATE}-trust`, temp.at('trust'))
        .replaceAll(STATE, temp.at('state'));
      writeFileSync(temp.at(`warden-${number}.yaml`), here);
      return temp.at(`warden-${number}.yaml`);
    });
    const [first = ''] = files;
    expect(await runCli(first, ['keys', 'init'])).toMatchObject({ status: 0 });
    const add = ['user', 'add', 'alice', '--group', 'ci', '--password-stdin'];
    expect(await runCli(first, add, { input: 'made for this test only' })).toMatchObject({ status: 0 });
    for (const file of files) {
      const { status, stdout, stderr } = await runCli(file, ['check']);
      expect({ status, stdout: stdout + stderr }).toEqual({
        status: 0,
        stdout: expect.stringMatching(/: good \(1 warning\)/),
      });
    }
  }, 60_000);
});
