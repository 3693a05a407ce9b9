import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { runCommand } from '../cli/run-command.ts';
import { makeTemp, type Temp } from '../support/temp.ts';

let temp: Temp;
beforeEach(async () => {
  temp = makeTemp('backup-keys');
  writeFileSync(
    temp.at('warden.yaml'),
    JSON.stringify({
      publicUrl: 'http://127.0.0.1:5000',
      registry: {
        url: 'http://127.0.0.1:5001',
        keyFile: 'keys/upstream.pem',
        certificateFile: 'trust/upstream.crt',
      },
      tokens: { keyFile: 'keys/tokens.pem' },
      attestations: { keyFile: 'keys/attestations.pem' },
      transparency: {
        origin: 'registry.test/push-log',
        keyFile: 'keys/log.pem',
        previousKeyFile: 'keys/log-1.pem',
      },
    }),
  );
  expect(await run('keys', 'init')).toMatchObject({ status: 0, err: [] });
  // What was the key of the log before.
  writeFileSync(temp.at('keys', 'log-1.pem'), readFileSync(temp.at('keys', 'log.pem')), { mode: 0o600 });
  expect((await run('keys', 'rotate')).status).toBe(0);
});
afterEach(() => temp.stop());

const run = (...args: string[]) => runCommand(temp.at('warden.yaml'), args);
const contents = (folder: string) =>
  readdirSync(folder)
    .sort()
    .map((name) => [name, readFileSync(`${folder}/${name}`, 'utf8')]);

it('holds every key that signs, the ones before and after it too, and all are put back', async () => {
  const keys = contents(temp.at('keys'));
  expect(keys.map(([name]) => name)).toEqual([
    'attestations.pem',
    'log-1.pem',
    'log.pem',
    expect.stringMatching(/^tokens\.\d{8}T\d{6}Z\.pem$/),
    'tokens.pem',
    'upstream-ca.pem',
    'upstream.pem',
  ]);
  expect(await run('backup', temp.at('copy'), '--with-keys')).toMatchObject({ status: 0, err: [] });
  for (const folder of ['keys', 'trust', 'data']) renameSync(temp.at(folder), temp.at(`${folder}.lost`));
  expect(await run('restore', temp.at('copy'))).toMatchObject({ status: 0, err: [] });
  expect(contents(temp.at('keys'))).toEqual(keys);
  expect(contents(temp.at('trust'))).toEqual(contents(temp.at('trust.lost')));
  for (const [name = ''] of keys) expect(statSync(temp.at('keys', name)).mode & 0o777).toBe(0o600);
});

it('has no databases of before where all is in PostgreSQL', async () => {
  const settings = JSON.parse(readFileSync(temp.at('warden.yaml'), 'utf8')) as object;
  writeFileSync(
    temp.at('warden.yaml'),
    JSON.stringify({ ...settings, store: { postgresUrlFile: 'database-url' } }),
  );
  writeFileSync(temp.at('data', 'log.db'), 'of before');
  const said = await run('backup', temp.at('shared'));
  expect(said).toMatchObject({ status: 0, err: [expect.stringContaining('use pg_dump for them')] });
  expect(said.out).toEqual([expect.stringContaining(': without a log; ')]);
  expect(readdirSync(temp.at('shared', 'data'))).not.toContain('log.db');
});
