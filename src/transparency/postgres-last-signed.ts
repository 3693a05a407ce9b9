/**
 * What was signed last, in the database that several instances share, and whose turn it is to sign.
 *
 * The turn ends with the instance: another takes it when nobody is there who has it. That alone keeps no two from signing,
 * since one that was stopped does not know of it when it goes on. What does is that a checkpoint goes out only when it has
 * taken the place of the one before, by whoever has the turn, in one statement.
 *
 * A database can be restored, or lose what was committed last, and would take what was signed along. So each machine
 * remembers in a file what it has seen signed, and whoever remembers more than the database tells it.
 */
import type { Ask, Postgres } from '../store/postgres.ts';
import type { PostgresFamily } from '../store/postgres-schema.ts';
import type { LastSigned, SignedLast } from './last-signed.ts';
import { parseSigningLock, type SigningLock } from './signing-lock.ts';

/** `lock` is a SigningLock as JSON; `version` and `shown` as in SignedLast; `holder` an instance by its lease. */
const FIRST = `
  CREATE TABLE warden.signing (
    one boolean PRIMARY KEY DEFAULT true CHECK (one), version bigint NOT NULL, lock text, note text, cosigned text,
    shown bigint NOT NULL, signed_at timestamptz, holder uuid, name text
  );
  INSERT INTO warden.signing (version, shown) VALUES (0, 0);
`;

/** After those of the log, whose leases it looks at. */
export const SIGNING_TABLES: PostgresFamily = { name: 'signing', steps: [FIRST] };

const PLACE = 'the database';

export interface SharedSigningDeps {
  /** Closed by whoever opened it. */
  readonly postgres: Postgres;
  /** The id of this instance's lease: another one when it was taken for dead. */
  readonly instance: () => string;
  /** For whoever looks at who signs. */
  readonly name: string;
  readonly memory: Memory;
}

/** The file of this machine. */
export interface Memory {
  readonly file: string;
  read(): Promise<SigningLock | undefined>;
  write(lock: SigningLock): Promise<void>;
}

interface Row extends Readonly<Record<string, unknown>> {
  readonly version: string;
  readonly lock: string | null;
  readonly note: string | null;
  readonly cosigned: string | null;
  readonly shown: string;
  readonly at: string | null;
}

export function postgresLastSigned({ postgres, instance, name, memory }: SharedSigningDeps): LastSigned {
  let remembered: Promise<SigningLock | undefined> | undefined;

  async function remembers(): Promise<SigningLock | undefined> {
    remembered ??= memory.read();
    try {
      return await remembered;
    } catch (error) {
      remembered = undefined;
      throw error;
    }
  }

  return {
    place: PLACE,
    shared: true,
    async turn(willing) {
      const me = instance();
      const [row] = await postgres.ask<{
        holder: string | null;
        name: string;
        there: boolean;
        known: boolean;
      }>(
        `SELECT holder, name, EXISTS (SELECT FROM warden.instance WHERE id = holder) AS there,
           EXISTS (SELECT FROM warden.instance WHERE id = $1) AS known FROM warden.signing`,
        [me],
      );
      if (row?.holder === me) return { mine: true };
      if (row?.there) return { mine: false, signer: row.name };
      if (!willing || !row?.known) return { mine: false, signer: 'nobody yet' };
      const taken = await postgres.ask(
        'UPDATE warden.signing SET holder = $1, name = $2 WHERE holder IS NOT DISTINCT FROM $3 RETURNING one',
        [me, name, row.holder],
      );
      return taken.length > 0 ? { mine: true } : { mine: false, signer: 'another instance' };
    },
    async read() {
      const mine = await remembers();
      for (;;) {
        const last = await readRow(postgres.ask);
        const [here, there] = [mine?.current, last.lock?.current];
        if (here === undefined) return last;
        if (there !== undefined && there.origin !== here.origin) {
          requireFollowing(last.lock, here.origin, memory.file);
          requireUnused(last.lock, mine, memory.file);
          return last;
        }
        if (there !== undefined && there.size >= here.size) return { ...last, remembered: here };
        // A database that was put back: no instance may sign what was signed already.
        await raise(postgres.ask, last.version, mine as SigningLock);
      }
    },
    async swap(before, next) {
      const rows = await postgres.ask(
        `UPDATE warden.signing SET lock = $1, note = $2, version = version + 1, shown = shown + 1,
           signed_at = clock_timestamp()
         WHERE version = $3 AND holder = $4 RETURNING version`,
        [JSON.stringify(next), next.checkpoint ?? null, before.version, instance()],
      );
      return rows.length > 0;
    },
    async remember(lock) {
      await memory.write(lock);
      remembered = Promise.resolve(lock);
    },
    async cosigned(note, whole) {
      await postgres.ask(
        `UPDATE warden.signing SET shown = shown + 1, cosigned = CASE WHEN $2 THEN $1 ELSE cosigned END,
           note = CASE WHEN starts_with($1, $3) THEN $1 ELSE note END
         WHERE holder = $4`,
        [note, whole, (await readRow(postgres.ask)).lock?.checkpoint ?? note, instance()],
      );
    },
    async giveBack() {
      await postgres.ask('UPDATE warden.signing SET holder = NULL WHERE holder = $1', [instance()]);
    },
  };
}

/**
 * For a command: what was signed last, changed by the operator.
 *
 * @param change is given what the database and this machine know, whichever is later.
 * @throws {Error} with one sentence, also of `change`.
 */
export async function changeShared(
  postgres: Postgres,
  here: SigningLock | undefined,
  change: (lock: SigningLock | undefined) => SigningLock,
): Promise<SigningLock> {
  const { lock: there, version } = await readRow(postgres.ask);
  const later =
    there === undefined ||
    (here?.current.origin === there.current.origin && here.current.size > there.current.size);
  const next = change(later ? here : there);
  if (!(await raise(postgres.ask, version, next)))
    throw new Error('something was signed just now: try again');
  return next;
}

/** For a command that verifies. @throws {Error} with one sentence where it is none that Warden wrote. */
export async function readShared(postgres: Pick<Postgres, 'ask'>): Promise<SigningLock | undefined> {
  return (await readRow(postgres.ask)).lock;
}

async function raise(ask: Ask, version: number, lock: SigningLock): Promise<boolean> {
  const rows = await ask(
    `UPDATE warden.signing SET lock = $1, version = version + 1, shown = shown + 1 WHERE version = $2 RETURNING one`,
    [JSON.stringify(lock), version],
  );
  return rows.length > 0;
}

async function readRow(ask: Ask): Promise<SignedLast> {
  const [row] = await ask<Row>(
    `SELECT version, lock, note, cosigned, shown, extract(epoch FROM signed_at) * 1000 AS at FROM warden.signing`,
  );
  if (row === undefined) throw new Error('PostgreSQL: the table warden.signing is empty');
  return {
    lock: row.lock === null ? undefined : parseSigningLock(row.lock, PLACE),
    version: Number(row.version),
    ...{ note: row.note ?? undefined, cosigned: row.cosigned ?? undefined },
    ...{ shown: Number(row.shown), at: Number(row.at ?? 0) },
  };
}

/** @throws {Error} where the name that was signed for here is none of those before. */
function requireFollowing(lock: SigningLock | undefined, origin: string, file: string): void {
  const before = lock?.former.map((note) => note.split('\n')[0]) ?? [];
  if (before.includes(origin)) return;
  throw new Error(
    `${file} says that ${origin} was signed, and the database that ${lock?.current.origin} was, which does not follow it: nothing is signed; see warden log open-origin`,
  );
}

/**
 * What the database says may be another's work: by its word alone a name that was signed for is not begun again.
 *
 * @throws {Error} where the name that is to follow was signed for as far as this machine remembers.
 */
function requireUnused(lock: SigningLock | undefined, mine: SigningLock | undefined, file: string): void {
  const used = [mine?.current.origin, ...(mine?.former ?? []).map((note) => note.split('\n')[0])];
  if (lock?.next === undefined || !used.includes(lock.next)) return;
  throw new Error(
    `the database says that ${lock.next} may follow, and ${file} that it was signed for before: a name is used once, and nothing is signed; see warden log open-origin`,
  );
}
