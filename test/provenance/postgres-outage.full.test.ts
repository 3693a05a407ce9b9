/** What a push log in PostgreSQL does while the database, or a connection to it, is gone. */
import { expect, it } from '@jest/globals';
import { RecordUnavailable } from '../../src/provenance/record-errors.ts';
import { anIntent, until } from './a-log.ts';
import { describeInstances } from './describe-instances.ts';
import { NOTHING_THERE, push } from './postgres-instances.ts';

describeInstances(
  'the push log in a PostgreSQL that is gone for a while',
  ({ start: instance, records, server, address }) => {
    it('refuses pushes at once while it is stopped or gone, and takes them again when it is back', async () => {
      const recorder = await instance();
      await push(recorder, anIntent());
      server().pause();
      await expect(push(recorder, anIntent())).rejects.toBeInstanceOf(RecordUnavailable);
      await until('it is known', () => !recorder.health().writable);
      expect(recorder.health()).toEqual({
        writable: false,
        why: expect.stringMatching(/^the push record cannot be written: PostgreSQL does not answer/),
      });
      server().resume();
      await until('it is writable', () => recorder.health().writable);
      await push(recorder, anIntent());
      await server().kill();
      await until('it is known without a push', () => !recorder.health().writable);
      await server().restart();
      await until('it is writable', () => recorder.health().writable);
      await push(recorder, anIntent());
      expect((await records()).filter(({ type }) => type === 'push.accepted')).toHaveLength(3);
    }, 30_000);

    it('finds out what became of a commit whose answer was lost, and neither loses nor doubles it', async () => {
      const recorder = await instance();
      let lost = 0;
      for (let round = 0; round < 12; round++) {
        // Backends are killed at any moment, also between a commit and its answer: pushes follow each other until then.
        let going = true;
        const killing = server()
          .sql(
            address(),
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'warden test'",
          )
          .finally(() => {
            going = false;
          });
        while (going) {
          const intent = anIntent({ tag: 'same' });
          const told = await push(recorder, intent).then(
            () => true,
            () => false,
          );
          if (told) continue;
          lost++;
          await until('it is writable', () => recorder.health().writable);
          await recorder.settleOne(intent, NOTHING_THERE).catch(() => undefined);
        }
        await killing;
      }
      expect(lost).toBeGreaterThan(0);
      await until(
        'nothing is open',
        async () => (await server().sql(address(), 'SELECT count(*) FROM warden.intent')) === '0',
      );
      const ids = (await records()).map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
    }, 60_000);

    it('starts while the database is away, and opens when it is there', async () => {
      await server().kill();
      const recorder = await instance();
      expect(recorder.health().writable).toBe(false);
      await expect(push(recorder, anIntent())).rejects.toBeInstanceOf(RecordUnavailable);
      await server().restart();
      await until('it is writable', () => recorder.health().writable);
      await push(recorder, anIntent());
    }, 30_000);
  },
);
