/** Pushes without end while Warden is killed again and again, and what must hold afterwards. */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOG_FILE } from '../../src/provenance/log-thread.ts';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front } from '../gate/front.ts';
import { blobOf, putBlob, putManifest, type SmallImage, smallImage, type With } from '../gate/images.ts';
import { type Leaf, openIntents, readLog } from './read-log.ts';

/** A push as its client saw it. */
export interface Told {
  readonly repository: string;
  /** Undefined for a push by digest. */
  readonly tag: string | undefined;
  readonly digest: string;
  /** Undefined where the connection broke off: nobody knows. */
  readonly status: number | undefined;
}

export interface Report {
  readonly told: readonly Told[];
  readonly leaves: readonly Leaf[];
  readonly openIntents: number;
  /** What SQLite says of the log: `ok`. */
  readonly integrity: string;
  /** Repository and digest of records whose manifest the registry does not have. */
  readonly missing: readonly string[];
  /** What the registry shows under each `repository:tag`. */
  readonly tags: ReadonlyMap<string, string | undefined>;
}

export const REPOSITORIES = ['team/one', 'team/two'];
export const TAGS = ['latest', '1.0', 'edge'];
const PUSHERS = 6;
/** Milliseconds that pushes go on between two kills, at most. */
const LONGEST_RUN = 400;

export async function pushWhileKilled(front: Front, kills: number): Promise<Report> {
  const token = await front.token({
    user: 'alice',
    scope: REPOSITORIES.map((name) => `repository:${name}:pull,push`),
  });
  const alice: With = { token, from: BUILDER };
  // All images have these blobs, so that what is killed are pushes of manifests, where records are made.
  const base = smallImage();
  for (const repository of REPOSITORIES) {
    for (const blob of [base.layer, base.config]) await putBlob(front.place, repository, blob, alice);
  }
  const told: Told[] = [];
  let going = true;

  async function push(): Promise<void> {
    const repository = pick(REPOSITORIES);
    const tag = randomInt(5) === 0 ? undefined : pick(TAGS);
    const image = variantOf(base);
    // Clients try again what broke off.
    for (let attempt = 0; attempt < 3 && going; attempt++) {
      const status = await putManifest(front.place, repository, tag ?? image.digest, image, alice).then(
        (reply) => reply.status,
        () => undefined,
      );
      told.push({ repository, tag, digest: image.digest, status });
      if (status === 201) return;
      await sleep(30);
    }
  }
  const pushers = Array.from({ length: PUSHERS }, async () => {
    while (going) await push();
  });

  for (let kill = 0; kill < kills; kill++) {
    await sleep(randomInt(LONGEST_RUN));
    // A registry that stalls carries out after Warden's death what had reached it before.
    const stalls = randomInt(3) === 0;
    if (stalls) {
      front.registry.pause();
      await sleep(randomInt(60));
    }
    await front.warden.kill();
    if (stalls) front.registry.resume();
    await front.warden.restart();
  }
  await sleep(LONGEST_RUN);
  going = false;
  await Promise.all(pushers);

  const data = join(front.warden.folder, 'data');
  const left = await eventually(
    () => openIntents(data),
    (open) => open === 0,
    60_000,
  ).catch(() => openIntents(data));
  const leaves = readLog(data);
  const shown = await lookAtRegistry(front, leaves, alice);
  return { told, leaves, openIntents: left, integrity: integrityOf(data), ...shown };
}

/** What the registry has of the records, asked through Warden. */
export async function lookAtRegistry(
  front: Front,
  leaves: readonly Leaf[],
  alice: With,
): Promise<Pick<Report, 'missing' | 'tags'>> {
  const missing: string[] = [];
  const digests = new Set(
    leaves
      .filter(({ type }) => type === 'push.accepted')
      .map(({ subject }) => `${subject?.repo}/manifests/${subject?.digest}`),
  );
  for (const path of digests) {
    const { status } = await front.ask({ ...alice, method: 'HEAD', path: `/v2/${path}` });
    if (status !== 200) missing.push(path);
  }
  const tags = new Map<string, string | undefined>();
  for (const repository of REPOSITORIES) {
    for (const tag of TAGS) {
      const reply = await front.ask({ ...alice, method: 'HEAD', path: `/v2/${repository}/manifests/${tag}` });
      tags.set(`${repository}:${tag}`, reply.headers['docker-content-digest']);
    }
  }
  return { missing, tags };
}

/** Pushes that a client was told are done, and that no record is about. A digest that was pushed twice needs two. */
export function unrecorded({ told, leaves }: Report): string[] {
  const records = new Map<string, number>();
  for (const { type, subject, tag } of leaves) {
    if (type !== 'push.accepted') continue;
    const key = keyOf(subject?.repo, tag?.name, subject?.digest);
    records.set(key, (records.get(key) ?? 0) + 1);
  }
  return told
    .filter(({ status }) => status === 201)
    .map(({ repository, tag, digest }) => keyOf(repository, tag, digest))
    .filter((key) => {
      const count = records.get(key) ?? 0;
      records.set(key, count - 1);
      return count < 1;
    });
}

/** Records of a tag that do not follow from the one before, in what was there and in the index of it. */
export function brokenChains({ leaves }: Report): string[] {
  const last = new Map<string, Leaf>();
  return leaves.flatMap((leaf) => {
    if (!leaf.tag || !['push.accepted', 'tag.drift', 'tag.deleted'].includes(leaf.type)) return [];
    const name = `${leaf.subject?.repo}:${leaf.tag.name}`;
    const before = last.get(name);
    last.set(name, leaf);
    const holds = leaf.tag.from === before?.subject?.digest && leaf.tag.prev === before?.index;
    return holds
      ? []
      : [`${leaf.index} ${name}: from ${leaf.tag.from}, before it ${before?.subject?.digest}`];
  });
}

/** Tags that the registry shows otherwise than their last record. */
export function wrongEnds({ leaves, tags }: Report): string[] {
  return [...tags].flatMap(([name, digest]) => {
    const record = leaves.findLast(
      (leaf) => leaf.tag && leaf.type !== 'push.aborted' && `${leaf.subject?.repo}:${leaf.tag.name}` === name,
    );
    return record?.subject?.digest === digest
      ? []
      : [`${name}: ${digest}, on record ${record?.subject?.digest}`];
  });
}

function keyOf(repository: string | undefined, tag: string | undefined, digest: string | undefined): string {
  return `${repository}:${tag ?? ''}@${digest}`;
}

export function pick<T>(list: readonly T[]): T {
  return list[randomInt(list.length)] as T;
}

/** Another manifest over the same blobs. */
export function variantOf(base: SmallImage): SmallImage {
  const manifest = JSON.parse(base.bytes.toString()) as Record<string, unknown>;
  const annotations = { 'org.example.number': String(randomInt(2 ** 47)) };
  return { ...base, ...blobOf(JSON.stringify({ ...manifest, annotations })) };
}

function integrityOf(data: string): string {
  const db = new DatabaseSync(join(data, LOG_FILE), { readOnly: true });
  try {
    return String(db.prepare('PRAGMA integrity_check').get()?.['integrity_check']);
  } finally {
    db.close();
  }
}
