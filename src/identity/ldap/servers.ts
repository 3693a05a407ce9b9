/** Which server is asked: the first that is listed, and the others while it fails. */
import { asFailure, type DirectoryFailure } from './failure.ts';
import type { Server } from './socket.ts';

export interface ServersOptions {
  readonly servers: readonly Server[];
  /** Milliseconds. */
  readonly now: () => number;
  /** Told of each failure. */
  readonly onFailure: (server: Server, failure: DirectoryFailure) => void;
}

export interface Servers {
  /**
   * Does the work with the first server for which it does not fail. Servers that failed a short while ago come last.
   *
   * @throws {DirectoryFailure} of the last, when it failed with all.
   */
  withOne<T>(work: (server: Server) => Promise<T>): Promise<T>;
}

/** Milliseconds for which a server that failed is asked last. */
const AVOIDED_MS = 30_000;

export function createServers({ servers, now, onFailure }: ServersOptions): Servers {
  const failedAt = new Map<Server, number>();

  function isAvoided(server: Server): boolean {
    const at = failedAt.get(server);
    return at !== undefined && Math.abs(now() - at) < AVOIDED_MS;
  }

  return {
    async withOne(work) {
      const good = servers.filter((server) => !isAvoided(server));
      const bad = servers.filter(isAvoided).sort((a, b) => (failedAt.get(a) ?? 0) - (failedAt.get(b) ?? 0));
      let last: DirectoryFailure | undefined;
      for (const server of [...good, ...bad]) {
        try {
          const result = await work(server);
          failedAt.delete(server);
          return result;
        } catch (error) {
          last = asFailure(error);
          failedAt.set(server, now());
          onFailure(server, last);
        }
      }
      throw last ?? asFailure(new Error('no servers'));
    },
  };
}
