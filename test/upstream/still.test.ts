import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { createRegistry } from '../../src/upstream/registry.ts';
import type { Send } from '../../src/upstream/send.ts';

it.each(['PUT', 'DELETE'])(
  'a %s that may no longer be sent when the connection is made does not reach the registry',
  async (method) => {
    const came: string[] = [];
    let connections = 0;
    const server = createServer((request, response) => {
      came.push(`${request.method} ${request.url}`);
      request.resume().once('end', () => response.writeHead(201).end());
    });
    server.on('connection', () => connections++);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const registry = createRegistry({ url, sign: () => 'token', responseTimeoutMs: 5_000 });
    const bounds = { limitBytes: 1_000, timeoutMs: 5_000 };
    const send = (still: () => boolean): Send => ({
      ...{ method, target: '/v2/pub/manifests/1', headers: {}, subject: '', access: [], still },
      body: method === 'PUT' ? { bytes: Buffer.from('{}') } : 'none',
    });
    let asked = 0;
    try {
      const late = registry.exchange(
        send(() => ++asked > 1),
        bounds,
      );
      await expect(late).rejects.toMatchObject({ name: 'NotSent' });
      expect({ came, asked }).toEqual({ came: [], asked: 1 });
      expect(
        (
          await registry.exchange(
            send(() => true),
            bounds,
          )
        ).status,
      ).toBe(201);
      expect(came).toEqual([`${method} /v2/pub/manifests/1`]);
      expect(connections).toBe(2);
    } finally {
      registry.close();
      server.close();
    }
  },
);
