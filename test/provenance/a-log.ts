/** A push log in a folder of its own, and facts of pushes that say only what a test is about. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { PushIntent, PushRecord } from '../../src/provenance/record.ts';
import { createRecorder, type Recorder, type RecorderDeps } from '../../src/provenance/recorder.ts';
import { sqliteLog } from '../../src/provenance/sqlite-log.ts';
import { uuidV7 } from '../../src/provenance/uuid.ts';
import { systemClock, timestamp } from '../../src/store/clock.ts';
import { startThread, type Thread } from '../../src/store/thread.ts';

export function makeFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'warden-record-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function startLog(folder: string): Promise<Thread> {
  return startThread(new URL('../../src/provenance/log-thread', import.meta.url), { folder });
}

export function aRecorder(thread: Thread, changes: Partial<RecorderDeps> = {}): Promise<Recorder> {
  return createRecorder({ ...recorderOptions(), store: sqliteLog(thread), ...changes });
}

export function recorderOptions(): Omit<RecorderDeps, 'store'> {
  return {
    clock: systemClock,
    random: (size) => randomBytes(size),
    instance: 'warden-test',
    version: '0.0.0',
    freeBytes: async () => 1e12,
    minimumFreeBytes: 0,
  };
}

export function aDigest(): string {
  return `sha256:${randomBytes(32).toString('hex')}`;
}

export interface IntentChanges extends Partial<Omit<PushIntent, 'subject' | 'tag'>> {
  readonly repo?: string;
  readonly digest?: string;
  /** null: a push by digest. */
  readonly tag?: string | null;
  readonly from?: string | undefined;
  readonly subject?: Partial<PushIntent['subject']>;
}

export function anIntent(changes: IntentChanges = {}): PushIntent {
  const { repo, digest, tag, from, subject, ...rest } = changes;
  return {
    id: uuidV7(Date.now(), randomBytes(10)),
    began: timestamp(Date.now()),
    subject: {
      repo: repo ?? 'team/app',
      digest: digest ?? aDigest(),
      size: 1234,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      ...subject,
    },
    ...(tag === null ? {} : { tag: { name: tag ?? `t-${randomUUID()}`, from } }),
    actor: { sub: 'builder', kind: 'robot', method: 'password', groups: ['ci'], evidence: 'verified' },
    peer: {
      ip: '10.1.2.11',
      socket: '10.1.2.11',
      host: 'jenkins-01',
      hostBy: 'allowlist',
      ua: 'docker/24.0.7',
    },
    policy: { rules: ['builders-push'] },
    ...rest,
  };
}

export const ANSWERED = { type: 'push.accepted', backend: { status: 201, ms: 12 } } as const;

/** The leaves as a reader beside the writer sees them. */
export function leavesOf(folder: string): readonly Uint8Array[] {
  const db = new DatabaseSync(join(folder, 'log.db'), { readOnly: true });
  try {
    const rows = db.prepare('SELECT idx, leaf FROM entry ORDER BY idx').all();
    rows.forEach((row, at) => {
      if (row['idx'] !== at) throw new Error(`entry ${at} has index ${row['idx']}`);
    });
    return rows.map((row) => row['leaf'] as Uint8Array);
  } finally {
    db.close();
  }
}

export function recordsOf(folder: string): readonly PushRecord[] {
  return leavesOf(folder).map((leaf) => JSON.parse(Buffer.from(leaf).toString('utf8')) as PushRecord);
}

/** Waits until something is so, or fails with what it waited for. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let round = 0; round < 1000; round++) {
    if (await isSo()) return;
    await systemClock.sleep(20);
  }
  throw new Error(`waited in vain until ${what}`);
}
