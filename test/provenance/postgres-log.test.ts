import { expect, it } from '@jest/globals';
import type { DeletionIntent } from '../../src/provenance/record.ts';
import { RecordBusy, RecordUnavailable } from '../../src/provenance/record-errors.ts';
import { ANSWERED, aDigest, anIntent, until } from './a-log.ts';
import { describeInstances } from './describe-instances.ts';
import { NOTHING_THERE, push } from './postgres-instances.ts';

describeInstances('the push log in PostgreSQL', ({ start: instance, records, leave, server, address }) => {
  it('is opened by one record, however many instances start at once', async () => {
    await Promise.all([instance(), instance(), instance()]);
    expect(await records()).toMatchObject([{ type: 'log.opened' }]);
  });

  it('has one order of records and whole chains of tags, whoever writes', async () => {
    const all = await Promise.all([instance({ waitMs: 20_000 }), instance({ waitMs: 25_000 })]);
    const digests = new Map<string, string>();
    await Promise.all(
      all.flatMap((recorder, who) =>
        Array.from({ length: 8 }, async (_, at) => {
          for (let n = 0; n < 4; n++) {
            const tag = `t${at % 3}`;
            await recorder.withLock('team/app', tag, async () => {
              const from = (await recorder.lastOf('team/app', tag))?.digest;
              expect(from).toBe(digests.get(tag));
              const intent = anIntent({ tag, from });
              await recorder.intend(intent);
              await recorder.conclude(intent.id, ANSWERED);
              digests.set(tag, intent.subject.digest);
            });
            await push(recorder, anIntent({ repo: `own/${who}` }));
          }
        }),
      ),
    );
    const last = new Map<string, { index: number; digest: string }>();
    for (const [index, record] of (await records()).entries()) {
      if (record.type !== 'push.accepted' || record.subject.repo !== 'team/app') continue;
      const name = record.tag?.name ?? '';
      expect(record.tag).toMatchObject({ name });
      expect(record.tag?.prev).toBe(last.get(name)?.index);
      expect(record.tag?.from).toBe(last.get(name)?.digest);
      last.set(name, { index, digest: record.subject.digest });
    }
    expect(last.size).toBe(3);
    expect((await records()).length).toBe(1 + 2 * 8 * 4 * 2);
  }, 30_000);

  it('lets nobody intend what another instance has open, and says so after a while', async () => {
    const [one, other] = [await instance({ waitMs: 300 }), await instance({ waitMs: 300 })];
    const intent = anIntent({ tag: '1.0' });
    await one.withLock('team/app', '1.0', async () => {
      await one.intend(intent);
      await expect(push(other, anIntent({ tag: '1.0' }))).rejects.toBeInstanceOf(RecordBusy);
      await push(other, anIntent({ tag: '1.1' }));
      await one.conclude(intent.id, ANSWERED);
    });
    await push(other, anIntent({ tag: '1.0', from: intent.subject.digest }));
  });

  it('keeps every instance out of a repository while a manifest is deleted there', async () => {
    const [one, other] = [await instance(), await instance()];
    const digest = aDigest();
    for (const tag of ['1.0', '1.1']) await push(one, anIntent({ tag, digest }));
    const { id, began, actor, peer, policy } = anIntent();
    const deletion: DeletionIntent = {
      ...{ id, began, deletes: 'manifest', subject: { repo: 'team/app', digest }, actor, peer, policy },
    };
    const entered: string[] = [];
    const pushing = Promise.withResolvers<void>();
    const first = other.withLock('team/app', '2.0', async () => {
      await pushing.promise;
      entered.push('first');
    });
    await until(
      'it is claimed',
      async () => (await server().sql(address(), 'SELECT count(*) FROM warden.claim')) === '1',
    );
    const deleting = one.withRepository('team/app', async () => {
      entered.push('deletion');
      await one.intend(deletion);
      await one.conclude(id, { type: 'manifest.deleted', backend: { status: 202 } });
    });
    await until(
      'it is waited for',
      async () => (await server().sql(address(), 'SELECT count(*) FROM warden.claim')) === '2',
    );
    const second = other.withLock('team/app', '3.0', async () => entered.push('second'));
    await other.withLock('team/else', '3.0', async () => undefined);
    pushing.resolve();
    await Promise.all([first, deleting, second]);
    expect(entered).toEqual(['first', 'deletion', 'second']);
    for (const tag of ['1.0', '1.1']) expect(await other.lastOf('team/app', tag)).toEqual({ index: 3 });
  });

  it('has what an instance left open settled by another, at once where it said good-bye', async () => {
    const one = await instance();
    const other = await instance();
    const settled = other.settle(NOTHING_THERE);
    const intent = anIntent({ tag: '1.0' });
    await one.withLock('team/app', '1.0', () => one.intend(intent));
    await leave(one);
    await settled;
    await until('it is settled', async () => (await records()).length === 2);
    expect((await records())[1]).toMatchObject({ id: intent.id, type: 'push.aborted' });
    await push(other, anIntent({ tag: '1.0' }));
  });

  it('keeps what another recorded of an instance that was taken for dead, whatever that one says later', async () => {
    const one = await instance({ leaseMs: 5_000, waitMs: 20_000 });
    const other = await instance({ leaseMs: 5_000, waitMs: 20_000 });
    // Whoever comes first.
    for (const recorder of [one, other]) await recorder.settle(NOTHING_THERE);
    // PostgreSQL cannot read the JSON of a record in which a client has such a sign.
    const slow = anIntent({ tag: 'slow', labels: { odd: 'a\u0000b\u2028' } });
    await one.withLock('team/app', 'slow', async () => {
      await one.intend(slow);
      // Taken for dead, as one that was stopped for too long.
      await server().sql(
        address(),
        'DELETE FROM warden.instance WHERE id = (SELECT owner FROM warden.intent)',
      );
      await until('it is taken over', async () => (await records()).length === 2);
      await expect(one.conclude(slow.id, ANSWERED)).rejects.toBeInstanceOf(RecordUnavailable);
      const looks = { ...NOTHING_THERE, lookTag: async () => slow.subject.digest };
      expect(await one.settleOne(slow, looks)).toEqual({ type: 'push.aborted', index: 1 });
      // What it held is lost with its lease.
      await expect(one.intend(anIntent({ tag: 'slow' }))).rejects.toBeInstanceOf(RecordBusy);
    });
    await push(one, anIntent({ tag: 'slow' }));
    expect((await records()).map(({ type }) => type)).toEqual([
      'log.opened',
      'push.aborted',
      'push.accepted',
    ]);
  }, 30_000);

  it('takes for dead who died before the clock of the database was set back, and nobody who lives', async () => {
    for (let nth = 0; nth < 2; nth++) await (await instance({ leaseMs: 2_000 })).settle(NOTHING_THERE);
    const ids = () => server().sql(address(), 'SELECT id FROM warden.instance ORDER BY id');
    const alive = await ids();
    expect(alive.split('\n')).toHaveLength(2);
    await server().sql(
      address(),
      `INSERT INTO warden.instance VALUES (gen_random_uuid(), 'dead', now());
       UPDATE warden.instance SET seen = seen + interval '1 hour'`,
    );
    await until('the dead one is gone', async () => (await ids()) === alive);
  }, 30_000);
});
