import { randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type CloudEvent, HTTP } from 'cloudevents';
import { Webhook } from 'standardwebhooks';
import { createWebhookDestination, type WebhookOptions } from '../../src/outbox/webhook.ts';
import { eventually } from '../gate/eventually.ts';
import { outgoing } from './entries.ts';

const NEVER = new AbortController().signal;

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe('records at a webhook', () => {
  let server: Server;
  let got: Got[];
  let answer: (
    number: number,
  ) => { readonly status: number; readonly headers?: Record<string, string> } | 'nothing';
  let options: WebhookOptions;

  beforeEach(async () => {
    got = [];
    answer = () => ({ status: 204 });
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        got.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
        const said = answer(got.length);
        if (said !== 'nothing') response.writeHead(said.status, said.headers).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    options = {
      url: new URL(`http://127.0.0.1:${port}/hooks?token=in-the-address`),
      source: 'https://registry.corp:5000',
      secret: undefined,
      caFile: undefined,
      atOnce: 1,
      timeoutMs: 5_000,
      now: Date.now,
    };
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  test('a receiver with the libraries of both specifications reads and believes one', async () => {
    const secret = randomBytes(32);
    const entry = outgoing(4, { labels: { text: 'é' } });
    await createWebhookDestination({ ...options, secret }).deliver([entry], NEVER);
    const [request] = got;
    if (request === undefined) throw new Error('nothing came');
    const believed = new Webhook(`whsec_${secret.toString('base64')}`).verify(
      request.body,
      request.headers as Record<string, string>,
    );
    expect(believed).toMatchObject({ id: entry.facts.id });
    const event = HTTP.toEvent(request) as CloudEvent<object>;
    expect(event.data).toEqual(JSON.parse(entry.leaf));
    expect(() =>
      new Webhook(`whsec_${secret.toString('base64')}`).verify(
        request.body.replace('team/app', 'team/two'),
        request.headers as Record<string, string>,
      ),
    ).toThrow('No matching signature found');
  });

  test('several in one request are a batch', async () => {
    await createWebhookDestination({ ...options, atOnce: 10 }).deliver([outgoing(0), outgoing(1)], NEVER);
    const [request] = got;
    if (request === undefined) throw new Error('nothing came');
    const events = HTTP.toEvent(request) as CloudEvent<object>[];
    expect(events.map((event) => event['logindex'])).toEqual([0, 1]);
  });

  test.each([
    ['an error', { status: 500 }],
    ['a refusal', { status: 410 }],
    ['a redirect, which is not followed', { status: 307, headers: { location: '/elsewhere' } }],
  ])('%s is a failure, and its sentence does not hold what stands behind the host', async (_what, said) => {
    answer = () => said;
    const sent = createWebhookDestination(options).deliver([outgoing(0)], NEVER);
    await expect(sent).rejects.toThrow(
      `webhook at ${options.url.origin}: answered ${said.status}; expected 2xx`,
    );
    expect(got).toHaveLength(1);
  });

  test.each<[string, (socket: Socket) => void, string]>([
    ['resets the connection', (socket) => socket.resetAndDestroy(), 'ECONNRESET'],
    ['speaks no HTTP', (socket) => socket.write('220 mail.corp ESMTP\r\n'), 'HPE_'],
    [
      'sends a head without end',
      (socket) => pour(socket, 'HTTP/1.1 200 OK\r\n', `x: ${'y'.repeat(4000)}\r\n`),
      'HPE_HEADER_OVERFLOW',
    ],
    [
      'only ever says that it goes on',
      (socket) => pour(socket, '', 'HTTP/1.1 102 Processing\r\n\r\n'),
      'no answer in time',
    ],
  ])('a receiver that %s has not got it, and holds up nothing', async (_how, act, said) => {
    const receiver = await listen(act);
    const to = createWebhookDestination({ ...options, url: receiver.url, timeoutMs: 1_000 });
    await expect(to.deliver([outgoing(0)], NEVER)).rejects.toThrow(said);
    receiver.stop();
  });

  test('a body without end behind a good status is not read', async () => {
    const receiver = await listen((socket) =>
      pour(socket, 'HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n', 'z'.repeat(65_536)),
    );
    await createWebhookDestination({ ...options, url: receiver.url }).deliver([outgoing(0)], NEVER);
    await eventually(receiver.open, (open) => open === 0);
    receiver.stop();
  });

  test('an answer that does not come is a failure within the time', async () => {
    answer = () => 'nothing';
    const sent = createWebhookDestination({ ...options, timeoutMs: 200 }).deliver([outgoing(0)], NEVER);
    await expect(sent).rejects.toThrow('no answer in time');
  });
});

/** A receiver that does as told when something has come. */
async function listen(act: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.once('data', () => act(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}/`),
    open: () => sockets.size,
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Writes one thing, and then another as long as somebody takes it. */
function pour(socket: Socket, first: string, then: string): void {
  socket.write(first);
  const more = (): void => {
    if (socket.destroyed) return;
    socket.write(then);
    setTimeout(more, 1);
  };
  more();
}
