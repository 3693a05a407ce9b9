/** The connection to Redis that several instances share what is short-lived through. */
import { Redis } from 'ioredis';

export interface RedisOptions {
  /** `redis://[user:password@]host:port[/database]` or `rediss://…`. Secret. */
  readonly url: string;
  /** Told of each failure of the connection: a code such as ECONNREFUSED or a word of the server's, never the address. */
  readonly onProblem: (reason: string) => void;
}

export interface RedisConnection {
  readonly client: Redis;
  /**
   * Fulfilled when the first attempt to connect has come to something: before it each command fails. Never rejected; a
   * server that takes connections and says nothing keeps it waiting.
   */
  readonly tried: Promise<void>;
  close(): void;
}

/** A server that does not answer within this is treated as one that is away: a login must not hang on it. */
const COMMAND_TIMEOUT_MS = 500;
const CONNECT_TIMEOUT_MS = 2_000;
const RETRY_LIMIT_MS = 2_000;

/**
 * Connects in the background and for ever again. While there is no connection each command fails at once: whoever
 * uses it decides what then counts.
 */
export function connectRedis({ url, onProblem }: RedisOptions): RedisConnection {
  const client = new Redis(url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (times) => Math.min(times * 100, RETRY_LIMIT_MS),
  });
  client.on('error', (error: { readonly code?: string; readonly message: string }) => {
    // A reply error begins with its kind (WRONGPASS, NOAUTH, …); the rest may repeat what was sent.
    onProblem(error.code ?? /^[A-Z]{3,20}\b/.exec(error.message)?.[0] ?? 'connection failed');
  });
  const tried = new Promise<void>((resolve) => {
    client.once('ready', resolve);
    client.once('close', resolve);
  });
  return { client, tried, close: () => client.disconnect() };
}
