/** The robots: kept as documents, with a copy in memory that logins read. */
import { WardenError } from '../../errors.ts';
import { createDocumentCopy } from '../../store/document-copy.ts';
import { DocumentExists, type DocumentStore } from '../../store/documents.ts';
import { hashSecret, makeSecret } from '../secret.ts';
import { type NewRobot, type Robot, type RobotSecret, rotated } from './robot.ts';

export interface RobotsOptions {
  readonly store: DocumentStore;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
  /** Told of a look at the storage, or a note of use, that failed. */
  readonly onFailure: (error: unknown) => void;
}

/** A robot by its name, with what is known of its use. Times in milliseconds since 1970. */
export interface KnownRobot extends Robot {
  readonly name: string;
  readonly expiresAt: number;
  readonly used?: RobotUse;
}

export interface RobotUse {
  readonly at: number;
  readonly address: string;
}

export interface Robots {
  /** Of the copy in memory; one that has expired is none. */
  find(name: string): KnownRobot | undefined;
  /** Also those that have expired and are not forgotten yet, in the order of their names. */
  list(): readonly KnownRobot[];
  /**
   * @returns the secret, which nobody can ask for again.
   * @throws {WardenError} NAME_TAKEN. @throws {StoreError}
   */
  create(robot: NewRobot, by: Robot['createdBy']): Promise<string>;
  /**
   * @param overlapMs for how long the secret before counts besides the new one.
   * @param by who is given the new one.
   * @returns the new secret; undefined where there is no such robot. @throws {StoreError}
   */
  rotate(
    name: string,
    overlapMs: number,
    by: string,
  ): Promise<{ readonly secret: string; readonly oldUntil: number } | undefined>;
  /** @returns whether there was one. @throws {StoreError} */
  remove(name: string): Promise<boolean>;
  /** Notes that it has logged in, at most each minute. Returns at once. */
  use(name: string, address: string): void;
  /** Looks what other processes have written. Never rejects. */
  refresh(): Promise<void>;
  /** Forgets those that expired longer ago than `keepMs`. @throws {StoreError} */
  purge(keepMs: number): Promise<void>;
}

export const ROBOT_KIND = 'robot';
const USE_KIND = 'robot-use';
const USE_EVERY_MS = 60_000;
const SECRET_ID_BYTES = 6;

export function createRobots({ store, now, random, onFailure }: RobotsOptions): Robots {
  const documents = store.of<Robot>(ROBOT_KIND);
  const uses = store.of<RobotUse>(USE_KIND);
  const robots = createDocumentCopy<Robot>({ store, kind: ROBOT_KIND, onFailure });
  const used = createDocumentCopy<RobotUse>({ store, kind: USE_KIND, onFailure });
  /** When this process last noted a use, also one that is not written yet. */
  const noted = new Map<string, number>();

  function knownOf(name: string): KnownRobot | undefined {
    const found = robots.current().get(name);
    if (found === undefined) return undefined;
    const use = used.current().get(name)?.body;
    return { ...found.body, name, expiresAt: found.expiresAt ?? 0, ...(use && { used: use }) };
  }

  async function refresh(): Promise<void> {
    await Promise.all([robots.refresh(), used.refresh()]);
  }

  function newSecret(): { readonly secret: string; readonly kept: RobotSecret } {
    const secret = makeSecret('robot', random);
    const id = Buffer.from(random(SECRET_ID_BYTES)).toString('hex');
    return { secret, kept: { id, hash: hashSecret(secret), created: now() } };
  }

  async function note(name: string, use: RobotUse): Promise<void> {
    const before = await uses.get(name);
    if (before === undefined) await uses.create({ id: name, subject: name, body: use });
    else if (use.at - before.body.at >= USE_EVERY_MS) await uses.replace(name, before.version, { body: use });
  }

  return {
    find(name) {
      const robot = knownOf(name);
      return robot && now() < robot.expiresAt ? robot : undefined;
    },
    list: () => [...robots.current().keys()].flatMap((name) => knownOf(name) ?? []),
    async create({ name, description, groups, repositories, actions, expiresAt }, createdBy) {
      const { secret, kept } = newSecret();
      const robot: Robot = {
        ...(description !== undefined && description !== '' && { description }),
        groups: [...new Set(groups)],
        bounds: { repositories: [...new Set(repositories)], actions: [...new Set(actions)] },
        created: now(),
        createdBy,
        secrets: [kept],
      };
      try {
        await documents.create({ id: name, subject: createdBy.name, expiresAt, body: robot });
      } catch (error) {
        if (!(error instanceof DocumentExists)) throw error;
        throw new WardenError('NAME_TAKEN', { sentence: `there is a robot ${name} already` });
      }
      await refresh();
      return secret;
    },
    async rotate(name, overlapMs, by) {
      for (;;) {
        const found = await documents.get(name);
        if (found === undefined || (found.expiresAt ?? 0) <= now()) return undefined;
        const { secret, kept } = newSecret();
        const oldUntil = kept.created + overlapMs;
        const next = { expiresAt: found.expiresAt, body: rotated(found.body, kept, oldUntil, by) };
        if (!(await documents.replace(name, found.version, next))) continue;
        await refresh();
        return { secret, oldUntil };
      }
    },
    async remove(name) {
      const removed = await documents.remove(name);
      await uses.remove(name);
      noted.delete(name);
      await refresh();
      return removed;
    },
    use(name, address) {
      const at = now();
      const last = Math.max(noted.get(name) ?? 0, used.current().get(name)?.body.at ?? 0);
      if (at - last < USE_EVERY_MS) return;
      noted.set(name, at);
      note(name, { at, address }).then(used.refresh, onFailure);
    },
    refresh,
    async purge(keepMs) {
      await documents.removeExpired(now() - keepMs);
      await refresh();
      const names = robots.current();
      for (const name of used.current().keys()) if (!names.has(name)) await uses.remove(name);
    },
  };
}
