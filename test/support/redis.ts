/** A Redis of a test's own, on loopback, that keeps nothing on disk: a restart loses all. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRedis, type RedisConnection } from '../../src/state/redis.ts';
import { freePort } from './ports.ts';
import { type Child, startChild } from './process.ts';
import { makeTemp } from './temp.ts';

export interface RunningRedis {
  readonly url: string;
  signal(name: NodeJS.Signals): void;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** After kill(), on the same port. */
  restart(): Promise<void>;
  /** A connection that is ready. */
  connect(): Promise<RedisConnection>;
  stop(): Promise<void>;
}

export async function startRedis(): Promise<RunningRedis> {
  const temp = makeTemp('redis');
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  async function start(): Promise<Child> {
    const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', temp.path];
    const child = await startChild('redis-server', args);
    await child.waitForPort(port);
    return child;
  }
  let server = await start();
  return {
    url,
    signal: (name) => server.signal(name),
    async kill() {
      server.signal('SIGKILL');
      await server.ended;
    },
    async restart() {
      server = await start();
    },
    async connect() {
      const connection = connectRedis({ url, onProblem: () => undefined });
      const deadline = Date.now() + 15_000;
      while (connection.client.status !== 'ready') {
        if (Date.now() > deadline) throw new Error(`Redis is ${connection.client.status}`);
        await sleep(20);
      }
      return connection;
    },
    async stop() {
      await server.stop();
      await temp.stop();
    },
  };
}
