/** Fills a log in PostgreSQL. */
import type { Ask, Postgres } from '../store/postgres.ts';
import { type LogTarget, NOT_EMPTY, OTHER_IMPORT, type TagState } from './log-target.ts';

/** Tags of one statement. */
const TAGS = 1_000;

/** @param postgres closed with the target. */
export function openPostgresTarget(postgres: Postgres): LogTarget {
  return {
    begin: (root) =>
      postgres.transaction(async (ask) => {
        // Whoever opens the log at this moment waits, and then finds the mark.
        const [head] = await ask<{ size: string }>('SELECT size FROM warden.head FOR UPDATE');
        const [mark] = await ask<{ root: string }>('SELECT root FROM warden.importing');
        if (mark) {
          if (mark.root !== root) throw new Error(OTHER_IMPORT);
          return Number(head?.size);
        }
        const [used] = await ask<{ used: boolean }>(
          'SELECT EXISTS (SELECT FROM warden.instance) OR EXISTS (SELECT FROM warden.intent) AS used',
        );
        if (Number(head?.size) > 0 || used?.used) throw new Error(NOT_EMPTY);
        await ask('INSERT INTO warden.importing (root) VALUES ($1)', [root]);
        return 0;
      }),
    add: (from, entries) =>
      postgres.transaction(async (ask) => {
        await ask(
          'INSERT INTO warden.entry (idx, id, leaf) SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bytea[])',
          [
            entries.map((_, at) => from + at),
            entries.map((entry) => (JSON.parse(Buffer.from(entry).toString('utf8')) as { id: string }).id),
            entries.map((entry) => Buffer.from(entry)),
          ],
        );
        await ask('UPDATE warden.head SET size = $1', [from + entries.length]);
      }),
    end: (tags) =>
      postgres.transaction(async (ask) => {
        let some: TagState[] = [];
        for (const tag of tags) {
          some.push(tag);
          if (some.length < TAGS) continue;
          await addTags(ask, some);
          some = [];
        }
        await addTags(ask, some);
        await ask('DELETE FROM warden.importing');
      }),
    close: () => postgres.close(),
  };
}

async function addTags(ask: Ask, tags: readonly TagState[]): Promise<void> {
  await ask(
    'INSERT INTO warden.tag (repo, tag, idx, digest) SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])',
    [
      tags.map(({ repo }) => repo),
      tags.map(({ tag }) => tag),
      tags.map(({ index }) => index),
      tags.map(({ digest }) => digest ?? null),
    ],
  );
}
