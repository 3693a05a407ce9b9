import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { LOG_TABLES } from '../../src/provenance/postgres-log-tables.ts';
import { postgresLogReader } from '../../src/provenance/postgres-reader.ts';
import { systemClock } from '../../src/store/clock.ts';
import type { Postgres } from '../../src/store/postgres.ts';
import { formatCheckpoint } from '../../src/tlog/checkpoint.ts';
import { formatNote, signText } from '../../src/tlog/note.ts';
import { verifierKey } from '../../src/tlog/vkey.ts';
import type { LastSigned } from '../../src/transparency/last-signed.ts';
import { postgresLastSigned, SIGNING_TABLES } from '../../src/transparency/postgres-last-signed.ts';
import { type Publisher, startPublisher } from '../../src/transparency/publisher.ts';
import type { SigningLock } from '../../src/transparency/signing-lock.ts';
import { eventually } from '../gate/eventually.ts';
import { describeNeeding } from '../support/needs.ts';
import { connectTo } from '../support/on-both.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { ORIGIN, startTree, vkeyOf } from './a-published-log.ts';

function signedBy({ privateKey, publicKey }: KeyPairKeyObjectResult, size: number, root: Buffer): string {
  const text = formatCheckpoint({ origin: ORIGIN, size, root });
  return formatNote({ text, signatures: [signText(verifierKey(ORIGIN, 0x01, publicKey), privateKey, text)] });
}

const IDS = { one: '11111111-1111-4111-8111-111111111111', other: '22222222-2222-4222-8222-222222222222' };

interface Started {
  readonly publisher: Publisher;
  readonly troubles: unknown[];
  /** The checkpoint that it shows. */
  readonly note: () => string;
}

describeNeeding(['postgres'], 'a tree that several may sign', () => {
  let server: RunningPostgres;
  let postgres: Postgres;
  let temp: Temp;
  const endings: (() => Promise<void>)[] = [];
  const states: Started[] = [];
  const keys = generateKeyPairSync('ed25519');

  beforeAll(async () => {
    temp = makeTemp('signing');
    server = await startPostgres();
    postgres = connectTo(await server.database(), [LOG_TABLES, SIGNING_TABLES]);
  }, 30_000);
  afterAll(async () => {
    for (const end of endings.toReversed()) await end();
    await postgres?.close();
    await server?.stop();
    await temp?.stop();
  });

  /** Entries as a writer of long ago made them. */
  async function write(count: number): Promise<void> {
    const [head] = await postgres.ask<{ size: string }>('SELECT size FROM warden.head');
    const from = Number(head?.size);
    await postgres.ask(
      `WITH moved AS (UPDATE warden.head SET size = size + $2)
       INSERT INTO warden.entry SELECT n, gen_random_uuid(), convert_to('{"type":"made.up","index":' || n || '}', 'UTF8')
       FROM generate_series($1::bigint, $1 + $2 - 1) AS n`,
      [from, count],
    );
  }
  const live = (id: string) =>
    postgres.ask(
      'INSERT INTO warden.instance VALUES ($1::uuid, $1::text, clock_timestamp()) ON CONFLICT DO NOTHING',
      [id],
    );
  const die = (id: string) => postgres.ask('DELETE FROM warden.instance WHERE id = $1::uuid', [id]);
  const lock = async (): Promise<SigningLock> =>
    JSON.parse(String((await postgres.ask('SELECT lock FROM warden.signing'))[0]?.['lock']));

  async function start(
    name: keyof typeof IDS,
    change: (last: LastSigned) => LastSigned = (last) => last,
  ): Promise<Started> {
    await live(IDS[name]);
    const folder = temp.at(name, 'tlog');
    const file = temp.at(`${name}.lock`);
    const thread = await startTree({
      ...{ folder, lockFile: file, origin: ORIGIN },
      ...{ privateKeys: [keys.privateKey], publicKeys: [keys.publicKey] },
    });
    const memory = {
      file,
      read: () => thread.call<SigningLock | undefined>('readLock'),
      write: (next: SigningLock) => thread.call<void>('writeLock', next),
    };
    const troubles: unknown[] = [];
    const publisher = startPublisher({
      ...{ reader: postgresLogReader(postgres), thread, clock: systemClock, everyMs: 20 },
      lastSigned: change(postgresLastSigned({ postgres, instance: () => IDS[name], name, memory })),
      ...{ origin: ORIGIN, key: vkeyOf(keys) },
      append: () => write(1),
      onTrouble: (why) => troubles.push(why),
    });
    endings.push(async () => {
      await publisher.close();
      await thread.close();
    });
    const checkpoint = join(folder, 'checkpoint');
    const started: Started = {
      publisher,
      troubles,
      note: () => (existsSync(checkpoint) ? readFileSync(checkpoint, 'utf8') : ''),
    };
    states.push(started);
    return started;
  }

  it('lets no checkpoint out that was made before another took over', async () => {
    await write(3);
    /** The one that signs is stopped between its signature and the database, as often as it is told. */
    let stop = false;
    const stopped = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const one = await start('one', (last) => ({
      ...last,
      async swap(...swapped) {
        if (stop) {
          stopped.resolve();
          await goOn.promise;
        }
        return last.swap(...swapped);
      },
    }));
    await eventually(one.note, (note) => note.split('\n')[1] === '4');
    const before = one.note();
    const other = await start('other');
    await eventually(other.note, (note) => note === before);
    expect(other.publisher.state().signs).toBe(false);
    expect(other.publisher.newest()).toBeUndefined();

    stop = true;
    await write(1);
    await stopped.promise;
    await die(IDS.one);
    await eventually(() => other.publisher.state().signs, Boolean);
    await write(5);
    await eventually(other.note, (note) => note.split('\n')[1] === '10');
    stop = false;
    goOn.resolve();
    await eventually(
      () => one.publisher.state().signs,
      (signs) => !signs,
    );
    await eventually(one.note, (note) => note === other.note());
    expect((await lock()).checkpoint).toBe(other.note());
    expect([...one.troubles, ...other.troubles].filter((why) => why !== undefined)).toEqual([]);
  }, 30_000);

  it('is told by whoever remembers more than the database, and then by nobody signed on', async () => {
    const [row] = await postgres.ask('SELECT * FROM warden.signing');
    const earlier = { ...(await lock()), current: { ...(await lock()).current, size: 4 } };
    await postgres.ask('UPDATE warden.signing SET lock = $1, version = 0', [JSON.stringify(earlier)]);
    await eventually(
      async () => (await lock()).current.size,
      (size) => size === 10,
    );
    expect(Number(row?.['version'])).toBeGreaterThan(0);
  });

  it.each([
    ['no key of the log has signed', (note: string) => note.replace(/.{10}=\n$/, 'AAAAAAAAAA=\n')],
    ['is of another tree', () => signedBy(keys, 7, Buffer.alloc(32, 7))],
  ])('is not shown by a note of the database that %s', async (_what, forge) => {
    const follower = states.find(({ publisher }) => !publisher.state().signs);
    const note = follower?.note() ?? '';
    expect(note.split('\n')[1]).toBe('10');
    const put = (now: string) =>
      postgres.ask('UPDATE warden.signing SET note = $1, shown = shown + 1', [now]);
    const forged = forge(note);
    expect(forged).not.toBe(note);
    await put(forged);
    await eventually(
      () => follower?.publisher.state().trouble ?? '',
      (why) => why.includes('has a note that is not shown here'),
    );
    expect(follower?.note()).toBe(note);
    await put(note);
    await eventually(
      () => follower?.publisher.state().trouble,
      (why) => why === undefined,
    );
  });

  it('is not begun anew where the database says that its name may follow another, and a machine saw it signed', async () => {
    const before = await lock();
    const [other, forged] = ['registry.test/other', `${ORIGIN}\n1\n`];
    await postgres.ask('UPDATE warden.signing SET lock = $1, version = version + 1', [
      JSON.stringify({
        ...{ version: 1, next: ORIGIN, former: [forged] },
        current: { ...before.current, origin: other, size: 0 },
      }),
    ]);
    await write(1);
    await eventually(
      () => states.map(({ publisher }) => publisher.state().trouble ?? ''),
      (told) => told.every((why) => why.includes('a name is used once, and nothing is signed')),
    );
    expect((await lock()).current.origin).toBe(other);
  });
});
