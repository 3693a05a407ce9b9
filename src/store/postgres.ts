/**
 * Connections to PostgreSQL, each looked at before it is used: that what is committed there is on its disk, and that the
 * tables are of this release.
 *
 * Everything ends in bounded time, also where the server is stopped or the network swallows packets. A connection on
 * which something went wrong is never used again.
 */
import pg from 'pg';
import type { PostgresAddress } from './postgres-address.ts';
import { DATABASE_UNFIT, postgresFailure } from './postgres-failure.ts';
import { migrate, type PostgresFamily } from './postgres-schema.ts';
import { StoreError } from './thread.ts';

/** Where a database is, and how long is waited for it. Plain data, so that a thread can connect to the same. */
export interface PostgresTarget {
  readonly address: PostgresAddress;
  /** PEM, for a CA that the machine does not know. */
  readonly ca?: string | undefined;
  /** In milliseconds, for a connection, a statement, and a lock that somebody else holds. */
  readonly timeoutMs: number;
}

export interface PostgresOptions extends PostgresTarget {
  /** Shown in pg_stat_activity. */
  readonly name: string;
  readonly connections: number;
  /** As timeoutMs, for a statement, where it may take longer than all else. */
  readonly statementMs?: number;
  /** Settings of each connection, by their names in PostgreSQL. */
  readonly session?: Readonly<Record<string, string>>;
  readonly families: readonly PostgresFamily[];
  /** Told of a connection that ended by itself. Must not throw. */
  readonly onTrouble?: (error: StoreError) => void;
}

type Row = Readonly<Record<string, unknown>>;
/** @param name where a statement is asked so often that each connection keeps it prepared: the same name, the same text. */
export type Ask = <R extends Row = Row>(
  text: string,
  values?: readonly unknown[],
  name?: string,
) => Promise<readonly R[]>;
/** Settings of PostgreSQL by their names, for one transaction. Names and values are written into a statement as they are. */
export type LocalSettings = Readonly<Record<string, 'on' | 'off'>>;

export interface Postgres {
  readonly target: PostgresTarget;
  /** One statement, which commits by itself. @throws {StoreError} */
  readonly ask: Ask;
  /**
   * Statements that are committed together, on one connection.
   *
   * @throws {StoreError} where nothing was committed, or what `work` throws.
   * @throws {CommitUnknown} where COMMIT was sent, and its answer did not come.
   */
  transaction<T>(work: (ask: Ask) => Promise<T>, settings?: LocalSettings): Promise<T>;
  close(): Promise<void>;
}

/** Whether the transaction was committed is not known. */
export class CommitUnknown extends StoreError {}

/** Milliseconds that a client waits longer than the server, so that the server's own words arrive. */
const GRACE_MS = 500;
const CLOSE_MS = 2_000;
const OLDEST = 130_000;

/**
 * @returns at once; the first connection is made by the first question.
 */
export function connectPostgres(options: PostgresOptions): Postgres {
  const { address, timeoutMs, statementMs = timeoutMs, name, connections, onTrouble } = options;
  const pool = new pg.Pool({
    host: address.host,
    port: address.port,
    database: address.database,
    user: address.user,
    // As a function, so that no variable of the environment takes its place.
    password: () => address.password ?? '',
    ssl: tlsOptions(options),
    max: connections,
    application_name: name,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: statementMs + GRACE_MS,
    keepAlive: true,
    // Nothing that a connection waits for may keep the process alive.
    allowExitOnIdle: true,
  });
  // An idle connection that ends: the pool has dropped it already.
  pool.on('error', (error) => onTrouble?.(postgresFailure(error)));
  const fit = new WeakSet<object>();
  let migrated = false;

  async function connect(): Promise<pg.PoolClient> {
    const client = await pool.connect();
    // Without a listener a connection that breaks while it is in use would end the process.
    client.on('error', ignore);
    if (fit.has(client)) return client;
    try {
      await makeFit(client, { timeoutMs, statementMs });
      if (!migrated) await migrate(client, options.families);
      migrated = true;
      await setSession(client, options.session ?? {});
      fit.add(client);
      return client;
    } catch (error) {
      give(client, true);
      throw error;
    }
  }

  function give(client: pg.PoolClient, broken: boolean): void {
    client.off('error', ignore);
    if (!broken) {
      client.release();
      return;
    }
    client.on('error', ignore);
    client.release(true);
    // A server that is stopped never closes its end.
    (
      client as pg.PoolClient & { connection?: { stream?: { destroy(): void } } }
    ).connection?.stream?.destroy();
  }

  async function use<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient;
    try {
      client = await connect();
    } catch (error) {
      throw postgresFailure(error);
    }
    try {
      const value = await work(client);
      give(client, false);
      return value;
    } catch (error) {
      give(client, true);
      throw error;
    }
  }

  const asking =
    (client: pg.PoolClient): Ask =>
    async <R extends Row>(text: string, values?: readonly unknown[], name?: string) => {
      try {
        const kept = name === undefined ? {} : { name };
        return (await client.query<R>({ text, ...kept, ...(values && { values: [...values] }) })).rows;
      } catch (error) {
        throw postgresFailure(error);
      }
    };

  return {
    target: { address, ca: options.ca, timeoutMs },
    ask: (text, values, name) => use((client) => asking(client)(text, values, name)),
    transaction: (work, settings = {}) =>
      use(async (client) => {
        const ask = asking(client);
        const local = Object.entries(settings).map(([name, value]) => `SET LOCAL ${name} = ${value}`);
        await ask(['BEGIN', ...local].join('; '));
        const value = await work(ask);
        try {
          await ask('COMMIT');
        } catch (error) {
          const { message, errcode } = error as StoreError;
          throw new CommitUnknown(message, errcode);
        }
        return value;
      }),
    async close() {
      const ended = pool.end().catch(() => undefined);
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref())]);
    },
  };
}

function ignore(): void {
  // The statement that was under way is rejected with the same.
}

function tlsOptions({ address, ca }: PostgresOptions): pg.PoolConfig['ssl'] {
  if (!address.tls) return false;
  // Without `host` the certificate of a server that is named by its address would be compared with "localhost".
  return { rejectUnauthorized: true, host: address.host, ...(ca !== undefined && { ca }) };
}

async function setSession(client: pg.PoolClient, settings: Readonly<Record<string, string>>): Promise<void> {
  const entries = Object.entries(settings);
  if (entries.length === 0) return;
  const calls = entries.map((_, at) => `set_config($${2 * at + 1}, $${2 * at + 2}, false)`);
  await client.query(`SELECT ${calls.join(', ')}`, entries.flat());
}

/** @throws {StoreError} where what this server commits could be lost. */
async function makeFit(
  client: pg.PoolClient,
  { timeoutMs, statementMs }: Required<Pick<PostgresOptions, 'timeoutMs' | 'statementMs'>>,
): Promise<void> {
  const { rows } = await client.query(
    `SELECT current_setting('synchronous_commit') AS commit, current_setting('fsync') AS fsync,
       current_setting('full_page_writes') AS pages, current_setting('server_version_num')::int AS version,
       current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS standby,
       set_config('statement_timeout', $2, false), set_config('lock_timeout', $1, false),
       set_config('idle_in_transaction_session_timeout', $1, false)`,
    [`${timeoutMs}ms`, `${statementMs}ms`],
  );
  const { commit, fsync, pages, version, encoding, standby } = rows[0];
  const refuse = (what: string): never => {
    throw new StoreError(`PostgreSQL: ${what}`, DATABASE_UNFIT);
  };
  if (version < OLDEST) refuse('it is older than release 13');
  if (encoding !== 'UTF8') refuse(`its database has the encoding ${encoding}; expected UTF8`);
  if (commit === 'off') refuse('synchronous_commit is off: what it commits can be lost; expected on');
  if (fsync === 'off' || pages === 'off') {
    refuse('fsync or full_page_writes is off: what it commits can be lost; expected on');
  }
  // A standby may be promoted while we wait.
  if (standby) throw postgresFailure({ code: '25006' });
}
