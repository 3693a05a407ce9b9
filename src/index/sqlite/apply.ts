/** Writes what was gathered into the tables of SQLite. The caller holds the transaction. */
import type { DatabaseSync } from 'node:sqlite';
import { EVERYTHING, NAMES } from '../common/kinds.ts';
import { builtsOf } from '../filling/built.ts';
import type { Gathered, GatheredName, GatheredRecord } from '../filling/gathered.ts';
import type { All } from './rows.ts';
import { LATE_DIGESTS } from './schema.ts';
import { createAncestry } from './ways.ts';

/** @param late of a filling that puts off what costs most; `finishBulk` does it. */
export function createApply(db: DatabaseSync, all: All): (gathered: Gathered, late: boolean) => void {
  const putName = db.prepare(
    `INSERT INTO name (kind, text, sort, records, first_idx, last_idx, first_time, last_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (kind, text) DO UPDATE SET records = records + excluded.records, last_idx = excluded.last_idx,
       first_time = min(first_time, excluded.first_time), last_time = max(last_time, excluded.last_time)
     RETURNING id`,
  );
  const putTag = db.prepare(
    `INSERT INTO tag (repo, name, records, last_idx, moved_idx, actors, hosts) VALUES (?, ?, ?, ?, ?, 0, 0)
     ON CONFLICT (name, repo) DO UPDATE SET records = records + excluded.records, last_idx = excluded.last_idx,
       moved_idx = coalesce(excluded.moved_idx, moved_idx)
     RETURNING id`,
  );
  const putTagBy = db.prepare(
    `INSERT INTO tag_by (tag, kind, who, pushes, last_idx) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (tag, kind, who) DO UPDATE SET pushes = pushes + excluded.pushes, last_idx = excluded.last_idx
     RETURNING pushes`,
  );
  const raiseTag = db.prepare('UPDATE tag SET actors = actors + ?, hosts = hosts + ? WHERE id = ?');
  const putRecord = db.prepare('INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const putId = db.prepare('INSERT INTO record_id VALUES (?, ?)');
  const putDigest = db.prepare('INSERT INTO digest (digest, idx, role) VALUES (?, ?, ?)');
  const putDigestsLate = LATE_DIGESTS.map((table) =>
    db.prepare(`INSERT INTO ${table} (digest, idx, role) VALUES (?, ?, ?)`),
  );
  const putRule = db.prepare('INSERT INTO rule VALUES (?, ?)');
  const putHour = db.prepare(
    `INSERT INTO tally_hour VALUES (?, ?, ?, ?)
     ON CONFLICT (name, hour, type) DO UPDATE SET events = events + excluded.events`,
  );
  const putSpanOfDays = db.prepare(
    `INSERT INTO tally_span VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (level, kind, bucket, name, type) DO UPDATE SET events = events + excluded.events`,
  );
  const putTotal = db.prepare(
    `INSERT INTO total VALUES (?, ?, ?) ON CONFLICT (name, type) DO UPDATE SET records = records + excluded.records`,
  );
  const putRefused = db.prepare(
    `INSERT INTO refused VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (hour, type, repo, actor, host, address, rule, reason)
     DO UPDATE SET events = events + excluded.events, last_idx = excluded.last_idx`,
  );
  const putSpan = db.prepare(
    `INSERT INTO span VALUES (?, ?, ?)
     ON CONFLICT (hour) DO UPDATE SET first_idx = min(first_idx, excluded.first_idx), last_idx = max(last_idx, excluded.last_idx)`,
  );
  const ancestry = createAncestry(db, all);

  return function apply({ names, tags, records, tallies, daySpans, totals, refusals, spans }, late) {
    const ids = new Map<GatheredName, number>();
    for (const name of names) {
      const { kind, text, sort, records: count, firstIdx, lastIdx, firstTime, lastTime } = name;
      const row = putName.get(kind, text, sort ?? null, count, firstIdx, lastIdx, firstTime, lastTime);
      ids.set(name, Number(row?.['id']));
    }
    const idOf = (name: GatheredName | undefined): number | null => (name ? (ids.get(name) ?? null) : null);
    const orNone = (name: GatheredName | undefined): number => idOf(name) ?? EVERYTHING;
    const tagIds = new Map<GatheredRecord['tag'], number>();
    for (const tag of tags) {
      const id = Number(
        putTag.get(idOf(tag.repo), tag.name, tag.records, tag.lastIdx, tag.movedIdx ?? null)?.['id'],
      );
      tagIds.set(tag, id);
      let [actors, hosts] = [0, 0];
      for (const [who, { pushes, lastIdx }] of tag.by) {
        const row = putTagBy.get(id, who.kind, idOf(who), pushes, lastIdx);
        // As many as this batch brought: nobody of this name moved the tag before.
        if (Number(row?.['pushes']) !== pushes) continue;
        if (who.kind === NAMES.actor) actors++;
        else hosts++;
      }
      if (actors + hosts > 0) raiseTag.run(actors, hosts, id);
    }
    for (const record of records) {
      const { idx, columns, type, repo, tag, actor, host, address, job } = record;
      putRecord.run(
        ...[idx, idOf(type), columns.time, idOf(repo), tag ? (tagIds.get(tag) ?? null) : null],
        ...[idOf(actor), idOf(host), idOf(address), idOf(job), columns.build ?? null, columns.commit ?? null],
        ...[columns.digest ?? null, columns.has, idOf(record.labels), idOf(record.reason)],
      );
      if (columns.id) putId.run(columns.id, idx);
      for (const { key, role } of columns.digests) {
        const put = late ? putDigestsLate[(key[1] ?? 0) >> 4] : putDigest;
        put?.run(key, idx, role);
      }
      for (const rule of record.rules) putRule.run(idOf(rule), idx);
    }
    const builts = records.flatMap((record) => builtsOf(record, idOf));
    if (late) ancestry.addLate(builts);
    else ancestry.add(builts);
    for (const { name, hour, type, events } of tallies) {
      putHour.run(orNone(name), hour, idOf(type), events);
    }
    for (const { name, level, bucket, type, events } of daySpans) {
      putSpanOfDays.run(level, name?.kind ?? EVERYTHING, bucket, orNone(name), idOf(type), events);
    }
    for (const { name, type, records: count } of totals) putTotal.run(idOf(name), idOf(type), count);
    for (const { hour, of, rule, events, firstIdx, lastIdx } of refusals) {
      const who = [orNone(of.repo), orNone(of.actor), orNone(of.host), orNone(of.address)];
      putRefused.run(hour, idOf(of.type), ...who, orNone(rule), orNone(of.reason), events, firstIdx, lastIdx);
    }
    for (const [hour, { first, last }] of spans) putSpan.run(hour, first, last);
  };
}
