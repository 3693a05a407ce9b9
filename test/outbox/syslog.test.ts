import { createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSyslogDestination, type SyslogDestinationOptions } from '../../src/outbox/syslog.ts';
import { eventually } from '../gate/eventually.ts';
import { describeNeeding } from '../support/needs.ts';
import { freePort } from '../support/ports.ts';
import { type RunningRsyslog, startRsyslog } from '../support/rsyslog.ts';
import { makeLoopbackCertificate } from '../support/self-signed.ts';
import { makeTemp } from '../support/temp.ts';
import { outgoing } from './entries.ts';

const NEVER = new AbortController().signal;
const COMMON = {
  host: '127.0.0.1',
  facility: 13,
  limit: 8192,
  timeoutMs: 5_000,
  now: Date.now,
  tls: undefined,
};

const numbersOf = (server: RunningRsyslog): readonly number[] =>
  server.lines().map(({ message }) => (JSON.parse(message) as { index: number }).index);

describeNeeding(['rsyslogd'], 'records at a syslog server', () => {
  let server: RunningRsyslog;
  beforeAll(async () => {
    server = await startRsyslog();
  });
  afterAll(() => server.stop());

  test('arrive in order, as the server understands RFC 5424', async () => {
    const to = createSyslogDestination({ ...COMMON, port: server.port });
    await to.deliver([outgoing(0), outgoing(1, { type: 'push.refused', labels: { é: '\u0007' } })], NEVER);
    await to.deliver([outgoing(2)], NEVER);
    await eventually(
      () => String(numbersOf(server)),
      (seen) => seen === '0,1,2',
    );
    await to.close();
    expect(server.lines()[1]).toMatchObject({
      pri: '108',
      host: 'warden-1',
      app: 'registry-warden',
      type: 'push.refused',
      data: '[meta sequenceId="2"]',
    });
  });

  test('what was written just before the server died is written again', async () => {
    const to = createSyslogDestination({ ...COMMON, port: server.port });
    await to.deliver([outgoing(10)], NEVER);
    await eventually(
      () => numbersOf(server),
      (seen) => seen.includes(10),
    );
    await server.kill();
    // The kernel may take it all the same, and it is lost: that is what the repetition is for.
    await to.deliver([outgoing(11)], NEVER).catch(() => undefined);
    await server.restart();
    await to.deliver([outgoing(12)], NEVER).catch(() => to.deliver([outgoing(12)], NEVER));
    await eventually(
      () => numbersOf(server),
      (seen) => seen.includes(12),
    );
    await to.close();
    const after = numbersOf(server).slice(numbersOf(server).indexOf(10) + 1);
    expect(after).toContain(10);
  });

  test('a server that is not there is a sentence', async () => {
    const port = await freePort();
    const to = createSyslogDestination({ ...COMMON, port });
    await expect(to.deliver([outgoing(0)], NEVER)).rejects.toThrow(
      `syslog at 127.0.0.1:${port}: ECONNREFUSED`,
    );
    await to.close();
  });
});

describeNeeding(['rsyslogd', 'openssl'], 'records at a syslog server over TLS', () => {
  test('arrive where the certificate is that of the host, and nowhere else', async () => {
    const temp = makeTemp('outbox-tls');
    const files = { key: temp.at('key.pem'), cert: temp.at('cert.pem') };
    await makeLoopbackCertificate(files);
    const server = await startRsyslog(files);
    try {
      const options: SyslogDestinationOptions = { ...COMMON, port: server.port, tls: { caFile: files.cert } };
      const to = createSyslogDestination(options);
      await to.deliver([outgoing(5)], NEVER);
      await eventually(
        () => String(numbersOf(server)),
        (seen) => seen === '5',
      );
      await to.close();
      const unknown = createSyslogDestination({ ...options, tls: {} });
      await expect(unknown.deliver([outgoing(6)], NEVER)).rejects.toThrow('SELF_SIGNED_CERT');
      await unknown.close();
      expect(numbersOf(server)).toEqual([5]);
    } finally {
      await server.stop();
      await temp.stop();
    }
  });
});

describe('a syslog server that comes and goes', () => {
  interface Listener {
    readonly port: number;
    /** Indexes of the messages that came, in order. */
    readonly seen: () => readonly number[];
    readonly drop: () => Promise<void>;
    readonly stop: () => void;
  }

  async function listen(
    onConnect: (number: number, socket: Socket) => void = () => undefined,
  ): Promise<Listener> {
    const open = new Set<Socket>();
    let text = '';
    let count = 0;
    const server = createServer((socket) => {
      open.add(socket);
      socket.on('data', (chunk) => {
        text += chunk.toString('ascii');
      });
      socket.on('error', () => undefined);
      socket.on('close', () => open.delete(socket));
      onConnect(++count, socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return {
      port: typeof address === 'object' ? (address?.port ?? 0) : 0,
      seen: () => [...text.matchAll(/\{"index":(\d+)/g)].map(([, index]) => Number(index)),
      async drop() {
        for (const socket of open) socket.resetAndDestroy();
        await eventually(
          () => open.size,
          (size) => size === 0,
        );
      },
      stop() {
        for (const socket of open) socket.destroy();
        server.close();
      },
    };
  }

  test('gets again what was written just before it went, however long it was away', async () => {
    const server = await listen();
    let time = 1_000_000;
    const to = createSyslogDestination({ ...COMMON, port: server.port, now: () => time });
    await to.deliver([outgoing(0)], NEVER);
    await eventually(server.seen, (seen) => seen.includes(0));
    await server.drop();
    // Nothing is recorded for hours: it must not take another record to find the loss.
    await eventually(
      async () => {
        await to.repeat?.(NEVER).catch(() => undefined);
        time += 3_600_000;
        return server.seen();
      },
      (seen) => String(seen) === '0,0',
    );
    await to.repeat?.(NEVER);
    expect(server.seen()).toEqual([0, 0]);
    await to.close();
    server.stop();
  });

  test('gets again what was lost with the repetition too', async () => {
    // The second connection is reset at once, with all that is written to it.
    const server = await listen((number, socket) => {
      if (number === 2) socket.pause().resetAndDestroy();
    });
    const to = createSyslogDestination({ ...COMMON, port: server.port });
    await to.deliver([outgoing(0)], NEVER);
    await eventually(server.seen, (seen) => seen.includes(0));
    await server.drop();
    await eventually(
      async () => {
        await to.deliver([outgoing(1)], NEVER).catch(() => undefined);
        return server.seen();
      },
      (seen) => seen.includes(1),
    );
    expect(server.seen().filter((index) => index === 0)).toHaveLength(2);
    await to.close();
    server.stop();
  });

  test('leaves nothing behind of the connections that were', async () => {
    const server = await listen();
    const ending = new AbortController();
    let listening = 0;
    const { signal } = ending;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listening++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listening--;
      remove(...args);
    };
    const to = createSyslogDestination({ ...COMMON, port: server.port });
    for (let number = 0; number < 5; number++) {
      await to.deliver([outgoing(number)], signal).catch(() => undefined);
      await server.drop();
    }
    await to.close();
    await eventually(
      () => listening,
      (count) => count === 0,
    );
    server.stop();
  });
});

describe('a syslog server that takes nothing', () => {
  test('is given up within the time', async () => {
    const held = new Set<{ destroy(): void }>();
    const server = createServer({ pauseOnConnect: true }, (socket) => held.add(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const to = createSyslogDestination({ ...COMMON, port, limit: 65_536, timeoutMs: 300 });
    const large = Array.from({ length: 512 }, (_, number) =>
      outgoing(number, { actor: { sub: 'x'.repeat(40_000) } }),
    );
    await expect(to.deliver(large, NEVER)).rejects.toThrow('it takes nothing more');
    for (const socket of held) socket.destroy();
    await to.close();
    server.close();
  });
});
