import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DocumentExists, type DocumentStore } from '../../src/store/documents.ts';
import { describeNeeding } from '../support/needs.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { makeTemp } from '../support/temp.ts';
import { openDocumentsAt } from './documents-at.ts';

const temp = makeTemp('documents');
afterAll(() => temp.stop());
let turn = 0;
const WRITER = new URL('./document-writer.ts', import.meta.url).pathname;

interface Note {
  readonly text: string;
}

describe('documents in a file', () => {
  itKeepsDocuments(async () => temp.at(`${turn++}`, 'credentials.db'));

  it('are nobody else’s to read', async () => {
    const file = temp.at(`${turn++}`, 'credentials.db');
    const store = await openDocumentsAt(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await store.close();
  });
});

describeNeeding(['postgres'], 'documents in PostgreSQL', () => {
  let server: RunningPostgres;
  beforeAll(async () => {
    server = await startPostgres();
  }, 30_000);
  afterAll(() => server.stop());
  itKeepsDocuments(() => server.database());
});

/** @param make a place that has none yet. */
function itKeepsDocuments(make: () => Promise<string>): void {
  async function withStore(run: (store: DocumentStore, place: string) => Promise<void>): Promise<void> {
    const place = await make();
    const store = await openDocumentsAt(place);
    try {
      await run(store, place);
    } finally {
      await store.close();
    }
  }

  it('are kept over a restart, for their owner alone', () =>
    withStore(async (store, file) => {
      await store.of<Note>('note').create({ id: 'a', subject: 'alice', expiresAt: 70, body: { text: 'é' } });
      await store.close();
      const again = await openDocumentsAt(file);
      expect(await again.of<Note>('note').get('a')).toEqual({
        ...{ id: 'a', version: expect.any(Number), subject: 'alice', expiresAt: 70 },
        body: { text: 'é' },
      });
      await again.close();
    }));

  it('are one list for each kind, and for each subject in it', () =>
    withStore(async (store) => {
      const notes = store.of<Note>('note');
      for (const [id, subject] of [
        ['b', 'bob'],
        ['a', 'alice'],
        ['c', 'alice'],
      ] as const) {
        await notes.create({ id, subject, body: { text: id } });
      }
      await store.of<Note>('other').create({ id: 'a', subject: 'alice', body: { text: 'other' } });
      const ids = async (filter?: { subject: string }) => (await notes.list(filter)).map(({ id }) => id);
      expect(await ids()).toEqual(['a', 'b', 'c']);
      expect(await ids({ subject: 'alice' })).toEqual(['a', 'c']);
      expect(await ids({ subject: 'nobody' })).toEqual([]);
      expect((await store.of<Note>('other').get('a'))?.body).toEqual({ text: 'other' });
    }));

  it('are created once', () =>
    withStore(async (store) => {
      const notes = store.of<Note>('note');
      const one = { id: 'a', subject: '', body: { text: 'first' } };
      const made = await Promise.allSettled([notes.create(one), notes.create(one), notes.create(one)]);
      expect(made.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
      await expect(notes.create(one)).rejects.toThrow(new DocumentExists('note', 'a'));
    }));

  it('are replaced and removed only as they were seen, also when made again under the same id', () =>
    withStore(async (store) => {
      const notes = store.of<Note>('note');
      const one = { id: 'a', subject: '', body: { text: 'first' } };
      await notes.create(one);
      const seen = (await notes.get('a'))?.version ?? 0;
      expect(await notes.replace('a', seen, { expiresAt: 5, body: { text: 'second' } })).toBe(true);
      expect(await notes.replace('a', seen, { body: { text: 'third' } })).toBe(false);
      expect(await notes.remove('a', seen)).toBe(false);
      expect(await notes.get('a')).toMatchObject({ expiresAt: 5, body: { text: 'second' } });
      expect(await notes.remove('a')).toBe(true);
      expect(await notes.remove('a')).toBe(false);
      expect(await notes.replace('a', seen, { body: { text: 'fourth' } })).toBe(false);
      await notes.create(one);
      expect(await notes.replace('a', seen, { body: { text: 'fifth' } })).toBe(false);
    }));

  it('stay until somebody removes what has expired', () =>
    withStore(async (store) => {
      const notes = store.of<Note>('note');
      for (const [id, expiresAt] of [
        ['never', undefined],
        ['past', 10],
        ['now', 20],
        ['later', 21],
      ] as const) {
        await notes.create({ id, subject: '', expiresAt, body: { text: id } });
      }
      await store.of<Note>('other').create({ id: 'past', subject: '', expiresAt: 10, body: { text: '' } });
      expect(await notes.list()).toHaveLength(4);
      expect(await notes.removeExpired(20)).toBe(2);
      expect((await notes.list()).map(({ id }) => id)).toEqual(['later', 'never']);
      expect(await store.of<Note>('other').list()).toHaveLength(1);
    }));

  it('move the revision with every write, that of their kind too, and with nothing else', () =>
    withStore(async (store) => {
      const notes = store.of<Note>('note');
      const other = store.of<Note>('other');
      const steps: (() => Promise<unknown>)[] = [
        () => notes.create({ id: 'a', subject: '', expiresAt: 1, body: { text: '' } }),
        async () =>
          notes.replace('a', (await notes.get('a'))?.version ?? 0, { expiresAt: 1, body: { text: '' } }),
        () => notes.removeExpired(1),
        () => notes.create({ id: 'a', subject: '', body: { text: '' } }),
        () => notes.remove('a'),
      ];
      await other.create({ id: 'a', subject: '', body: { text: '' } });
      const ofOther = await store.revision('other');
      for (const step of steps) {
        const [all, own] = [await store.revision(), await store.revision('note')];
        await step();
        expect(await store.revision()).toBeGreaterThan(all);
        expect(await store.revision('note')).toBeGreaterThan(own);
      }
      const before = await store.revision();
      expect(await notes.replace('a', 1, { body: { text: '' } })).toBe(false);
      expect(await notes.remove('a')).toBe(false);
      expect(await notes.removeExpired(1)).toBe(0);
      await expect(other.create({ id: 'a', subject: '', body: { text: '' } })).rejects.toThrow('already');
      expect(await store.revision()).toBe(before);
      expect(await store.revision('other')).toBe(ofOther);
    }));

  it('lose no write of two processes that change the same one', () =>
    withStore(async (store, file) => {
      await store.of('counter').create({ id: 'a', subject: '', body: { count: 0 } });
      const before = await store.revision('counter');
      const writers = [1, 2].map(() =>
        spawn(process.execPath, [WRITER, file, 'a', '40'], { stdio: 'inherit' }),
      );
      await Promise.all(writers.map((writer) => once(writer, 'close')));
      expect(writers.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
      expect((await store.of('counter').get('a'))?.body).toEqual({ count: 80 });
      expect(await store.revision('counter')).toBe(before + 80);
    }));
}
