/** Connections for searches, bound once as the account that reads, and used again. */
import type { Connection } from './connection.ts';
import { DirectoryFailure } from './failure.ts';
import type { Servers } from './servers.ts';
import type { Server } from './socket.ts';

export interface PoolOptions {
  readonly servers: Servers;
  /** @returns a connection that is bound. @throws {DirectoryFailure} */
  readonly open: (server: Server) => Promise<Connection>;
  /** Milliseconds. */
  readonly now: () => number;
  /** How many are kept that nobody uses. */
  readonly keep: number;
}

export interface Pool {
  /** Lends a connection for work that may be done twice. @throws {DirectoryFailure} when it failed with all servers. */
  use<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  close(): void;
}

/** Milliseconds: firewalls forget connections, and another server should get its share again. */
const IDLE_MS = 60_000;

export function createPool({ servers, open, now, keep }: PoolOptions): Pool {
  let idle: { readonly connection: Connection; readonly since: number }[] = [];
  let closed = false;

  function take(): Connection | undefined {
    for (let kept = idle.pop(); kept; kept = idle.pop()) {
      if (kept.connection.isOpen() && Math.abs(now() - kept.since) < IDLE_MS) return kept.connection;
      kept.connection.close();
    }
    return undefined;
  }

  async function lend<T>(connection: Connection, work: (connection: Connection) => Promise<T>): Promise<T> {
    try {
      const result = await work(connection);
      if (closed || idle.length >= keep) connection.close();
      else idle.push({ connection, since: now() });
      return result;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  return {
    async use(work) {
      const kept = take();
      if (kept) {
        try {
          return await lend(kept, work);
        } catch (error) {
          // The server may have closed it meanwhile, or be gone: that is found out with a new one.
          if (!(error instanceof DirectoryFailure)) throw error;
        }
      }
      return await servers.withOne(async (server) => lend(await open(server), work));
    },
    close() {
      closed = true;
      for (const { connection } of idle) connection.close();
      idle = [];
    },
  };
}
