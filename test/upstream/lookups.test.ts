import { afterEach, describe, expect, it } from '@jest/globals';
import { createRegistry, type Registry } from '../../src/upstream/registry.ts';
import type { Send } from '../../src/upstream/send.ts';
import { startScriptedRegistry, type Turn } from './scripted-registry.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';

describe('a single question to the registry', () => {
  const running: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop();
  });

  async function start(answer: (turn: Turn) => void, responseTimeoutMs = 60_000): Promise<Registry> {
    const served = await startScriptedRegistry(answer);
    const registry = createRegistry({ url: served.url, sign: () => 'unsigned', responseTimeoutMs });
    running.push({ stop: async () => registry.close() }, served);
    return registry;
  }

  // The time allowed is far longer than the test's: what waits for it fails.
  it.each<readonly [string, (turn: Turn) => void]>([
    ['switches protocols', ({ socket }) => void socket.write(SWITCH)],
    ['switches protocols and closes', ({ socket }) => void socket.end(SWITCH)],
    ['closes at once', ({ socket }) => socket.destroy()],
    ['closes in mid-head', ({ socket }) => void socket.end('HTTP/1.1 200 OK\r\nDocker-')],
    ['says 101 after 100', ({ socket }) => void socket.write(`HTTP/1.1 100 Continue\r\n\r\n${SWITCH}`)],
  ])('has failed when the registry %s', async (_what, answer) => {
    const registry = await start(answer);
    const unavailable = { name: 'REGISTRY_UNAVAILABLE' };
    await expect(registry.lookTag('app', 'l')).rejects.toMatchObject(unavailable);
    await expect(registry.lookDigest('app', DIGEST)).rejects.toMatchObject(unavailable);
    await expect(registry.listRepositories(10, undefined)).rejects.toMatchObject(unavailable);
    const put: Send = {
      method: 'PUT',
      target: '/v2/app/manifests/l',
      headers: {},
      subject: '',
      access: [],
      body: { bytes: Buffer.from('{}') },
    };
    await expect(registry.exchange(put, { limitBytes: 100, timeoutMs: 60_000 })).rejects.toThrow();
  });

  it('has failed when a body ends before its length', async () => {
    const registry = await start(
      ({ socket }) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"repositories":[]}'),
    );
    await expect(registry.listRepositories(10, undefined)).rejects.toMatchObject({
      name: 'REGISTRY_UNAVAILABLE',
    });
  });

  it('has failed when the head or the rest of the body does not come in time', async () => {
    for (const part of ['HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{']) {
      const registry = await start(({ socket }) => void socket.write(part), 100);
      await expect(registry.listRepositories(10, undefined)).rejects.toMatchObject({
        name: 'REGISTRY_UNAVAILABLE',
      });
    }
  });

  it('takes for a digest only what is one', async () => {
    const says = (digest: string) =>
      start(
        ({ socket }) =>
          void socket.write(
            `HTTP/1.1 200 OK\r\nDocker-Content-Digest: ${digest}\r\nContent-Length: 5\r\n\r\n`,
          ),
      );
    expect(await (await says(DIGEST)).lookTag('app', 'l')).toBe(DIGEST);
    for (const digest of ['garbage', '', DIGEST.toUpperCase(), `${DIGEST}0`, `${DIGEST}, ${DIGEST}`]) {
      await expect((await says(digest)).lookTag('app', 'l')).rejects.toMatchObject({
        name: 'REGISTRY_UNAVAILABLE',
      });
    }
  });
});
