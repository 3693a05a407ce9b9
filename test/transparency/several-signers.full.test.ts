/** Several instances that all have the block `transparency`: one of them signs, and nobody signs another tree. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { postgresLogReader } from '../../src/provenance/postgres-reader.ts';
import { parseCheckpoint } from '../../src/tlog/checkpoint.ts';
import { createCompactRange } from '../../src/tlog/compact-range.ts';
import { leafHash } from '../../src/tlog/hashing.ts';
import { parseNote } from '../../src/tlog/note.ts';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import { putBlob, putManifest, type SmallImage, smallImage, type With } from '../gate/images.ts';
import { ask, type Place } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';
import { freePort } from '../support/ports.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { connectTo } from '../support/postgres-log.ts';
import { type Child, run, startChild } from '../support/process.ts';
import { type SecondWarden, startSecondWarden } from '../support/second-warden.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { runCli } from '../support/warden.ts';

const ORIGIN = 'registry.test/push-log';
const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
const LEASE_SECONDS = 3;

interface Instance {
  readonly place: Place;
  readonly operationsUrl: string;
  readonly settingsFile: string;
  signal(name: NodeJS.Signals): void;
  kill(): Promise<void>;
  restart(): Promise<void>;
  log(): string;
}

describeNeeding(['docker-registry', 'postgres'], 'instances that may all sign', () => {
  let temp: Temp;
  let server: RunningPostgres;
  let address: string;
  let front: Front;
  let second: SecondWarden;
  let witness: Child;
  let alice: With;
  let image: SmallImage;
  let pushes = 0;
  let instances: readonly [Instance, Instance];
  /** Every checkpoint that anybody ever saw, by any of the instances. */
  const seen = new Set<string>();

  beforeAll(async () => {
    temp = makeTemp('signers');
    server = await startPostgres();
    address = await server.database();
    writeFileSync(temp.at('database'), `${address}\n`, { mode: 0o600 });
    const port = await freePort();
    const config = temp.at('witness.yaml');
    const write = (logs: readonly string[]): void =>
      writeFileSync(
        config,
        stringify({
          name: 'witness.test/w1',
          keyFile: 'witness.pem',
          state: 'seen.db',
          logs,
          listen: { port },
        }),
      );
    // Its own key needs no log, but the file wants one: any will do until Warden's is known.
    write(['example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k']);
    const made = await run(process.execPath, [MAIN, 'witness', 'init', '--config', config], {});
    front = await startFront({
      users: ['alice', 'erin'],
      settings: {
        tokens: { lifetimeSeconds: 3600 },
        store: { postgresUrlFile: temp.at('database'), leaseSeconds: LEASE_SECONDS, timeoutSeconds: 2 },
        transparency: {
          origin: ORIGIN,
          keyFile: 'keys/log.pem',
          witnesses: [{ key: made.stdout.trim(), url: `http://127.0.0.1:${port}` }],
          witnessSeconds: 1,
        },
      },
    });
    const shown = await front.warden.cli(['keys', 'show']);
    write([/registry\.test\/push-log\+\S+/.exec(shown.stdout)?.[0] ?? '']);
    witness = await startChild(process.execPath, [MAIN, 'witness', 'serve', '--config', config], {});
    second = await startSecondWarden(front.warden);
    instances = [
      { ...front.warden, place: front.place },
      { ...second, place: { host: second.host, port: second.port } },
    ];
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
    image = smallImage();
    for (const blob of [image.layer, image.config]) await putBlob(front.place, 'pub', blob, alice);
  }, 90_000);
  afterAll(async () => {
    for (const one of instances ?? []) one.signal('SIGCONT');
    await second?.stop();
    await front?.stop();
    await witness?.stop();
    await server?.stop();
    await temp?.stop();
  });

  async function metric({ operationsUrl }: Instance, name: string): Promise<number> {
    const text = await (await fetch(`${operationsUrl}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  }
  const signs = async (instance: Instance): Promise<boolean> =>
    (await metric(instance, 'warden_log_signer')) === 1;
  async function roles(): Promise<{ readonly signer: Instance; readonly other: Instance }> {
    const [first, next] = instances;
    const both = () => Promise.all(instances.map(signs));
    const [firstSigns] = await eventually(both, (each) => each.filter(Boolean).length === 1, 30_000);
    return firstSigns ? { signer: first, other: next } : { signer: next, other: first };
  }
  async function noteOf({ place }: Instance, name = 'checkpoint'): Promise<string> {
    const basic = { user: 'erin', password: front.passwords.erin };
    const { text, status } = await ask(place, { path: `/api/v1/log/${name}`, basic });
    if (status !== 200) return '';
    seen.add(text);
    return text;
  }
  const sizeIn = (note: string): number => Number(note.split('\n')[1] ?? 0);
  const entries = async (): Promise<number> =>
    Number(await server.sql(address, 'SELECT size FROM warden.head'));
  /** A push of a tag of its own is a record. What is asked of one that is stopped is not answered. */
  const happen = ({ place }: Instance) =>
    putManifest(place, 'pub', `t${pushes++}`, image, alice).catch(() => undefined);
  /** More records than there were, which `instance` shows as signed. */
  async function grows(instance: Instance): Promise<void> {
    const before = await entries();
    await eventually(
      async () => {
        await happen(instance);
        return entries();
      },
      (size) => size > before,
      30_000,
    );
    await eventually(
      () => noteOf(instance),
      (note) => sizeIn(note) > before,
      30_000,
    );
  }
  async function expectOneTree(): Promise<void> {
    const postgres = connectTo(address);
    const leaves = await postgresLogReader(postgres).entries(0, 100_000);
    await postgres.close();
    const roots = new Map<number, string>();
    const range = createCompactRange();
    for (const [index, leaf] of leaves.entries()) {
      range.append(leafHash(leaf));
      roots.set(index + 1, Buffer.from(range.root()).toString('base64'));
    }
    expect(seen.size).toBeGreaterThan(1);
    for (const note of seen) {
      const parsed = parseNote(note);
      const read = parsed.ok ? parseCheckpoint(parsed.note.text) : undefined;
      if (!read?.ok) throw new Error(`no checkpoint: ${note}`);
      const { size, root } = read.checkpoint;
      expect([size, Buffer.from(root).toString('base64')]).toEqual([size, roots.get(size)]);
    }
    for (const { settingsFile, log } of instances) {
      expect(await runCli(settingsFile, ['log', 'verify'])).toMatchObject({ status: 0 });
      expect(log()).not.toContain('has seen another log');
    }
  }

  it('have one who signs, and show the same checkpoint, tiles and cosignatures', async () => {
    const { signer, other } = await roles();
    await grows(other);
    await grows(signer);
    const cosigned = await eventually(
      () => noteOf(signer, 'checkpoint.cosigned'),
      (note) => sizeIn(note) > 0,
      30_000,
    );
    await eventually(
      () => noteOf(other, 'checkpoint.cosigned'),
      (note) => sizeIn(note) >= sizeIn(cosigned),
    );
    for (const one of instances) {
      await eventually(
        () => metric(one, 'warden_log_cosigned_entries'),
        (size) => size >= sizeIn(cosigned),
      );
      expect(await metric(one, 'warden_log_cosigned_timestamp_seconds')).toBeGreaterThan(0);
    }
    const note = await noteOf(signer);
    const basic = { user: 'erin', password: front.passwords.erin };
    const tile = ({ place }: Instance) =>
      ask(place, { path: `/api/v1/log/tile/0/000.p/${sizeIn(note)}`, basic });
    const [mine, theirs] = [await tile(signer), await tile(other)];
    expect([mine.status, theirs.status]).toEqual([200, 200]);
    expect(Buffer.compare(mine.bytes, theirs.bytes)).toBe(0);
    await expectOneTree();
  }, 180_000);

  it('go on signing when the one who signs is killed, and it follows when it is back', async () => {
    const { signer, other } = await roles();
    await grows(signer);
    await signer.kill();
    await eventually(() => signs(other), Boolean, 60_000);
    await grows(other);
    await signer.restart();
    expect(await signs(signer)).toBe(false);
    await grows(signer);
    await expectOneTree();
  }, 180_000);

  it('sign no second tree when the one who signs was stopped and goes on', async () => {
    for (let round = 0; round < 3; round++) {
      const { signer, other } = await roles();
      // In the middle of its work, wherever that is.
      void Promise.all(Array.from({ length: 20 }, () => happen(signer)));
      await sleep(Math.random() * 600);
      signer.signal('SIGSTOP');
      await eventually(() => signs(other), Boolean, 60_000);
      await grows(other);
      signer.signal('SIGCONT');
      await eventually(
        () => signs(signer),
        (does) => !does,
        30_000,
      );
      await grows(signer);
      await grows(other);
    }
    await expectOneTree();
  }, 300_000);

  it('are not fooled by a database that was put back to before what was signed', async () => {
    const { signer, other } = await roles();
    await server.sql(address, 'CREATE TABLE before AS SELECT * FROM warden.signing');
    const there = await entries();
    await grows(signer);
    await eventually(
      () => noteOf(other),
      (note) => sizeIn(note) > there,
    );
    await Promise.all(instances.map((one) => one.kill()));
    await server.sql(
      address,
      `DELETE FROM warden.entry WHERE idx >= ${there}; UPDATE warden.head SET size = ${there};
       DELETE FROM warden.signing; INSERT INTO warden.signing SELECT * FROM before; DELETE FROM warden.instance`,
    );
    await Promise.all(instances.map((one) => one.restart()));
    for (const one of instances) {
      await eventually(
        () => one.log(),
        (text) => /it is older than what was signed|are not those that were signed/.test(text),
        60_000,
      );
    }
    const signed = Number(
      await server.sql(address, `SELECT lock::json->'current'->>'size' FROM warden.signing`),
    );
    expect(signed).toBeGreaterThan(there);
  }, 180_000);
});
