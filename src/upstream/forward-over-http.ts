/**
 * Moves one request to the registry and its answer back by node:http, both bodies streamed with back-pressure: the way
 * of everything that carries a body, and of every answer that is out of the ordinary.
 *
 * Framing is explicit in both directions: a body is announced by its length or as chunked, never guessed, so that no
 * part of one request can be read as another. Either side going away releases the other at once. Nothing is repeated
 * but a request without a body on a kept connection that turned out to be dead.
 */
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { WardenError } from '../errors.ts';
import { answerHead } from './answer-head.ts';
import { cut } from './cut.ts';
import { drainBody } from './drain.ts';
import type { Forward, Forwarded } from './forwarded.ts';
import { NoAnswer } from './no-answer.ts';
import { watchPace } from './pace.ts';
import type { Registry } from './registry.ts';
import type { Send } from './send.ts';

/**
 * @returns when the answer has been handed over, or one side went away after its head was sent.
 * @throws {WardenError} REGISTRY_UNAVAILABLE, REGISTRY_MISBEHAVED or REQUEST_STALLED while nothing has been sent to the
 *   client.
 */
export async function forwardOverHttp(registry: Registry, options: Forward): Promise<Forwarded> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await once(registry, options);
    if (outcome !== 'stale') return outcome;
    if (attempt > 1) throw new WardenError('REGISTRY_UNAVAILABLE');
  }
}

async function once(registry: Registry, options: Forward): Promise<Forwarded | 'stale'> {
  const { request, response, body } = options;
  const started = performance.now();
  const upstream = registry.open({ ...options.send, body: framing(options) });
  let bytesIn = 0;
  if (body === 'client') {
    request.on('data', (chunk: Buffer) => {
      bytesIn += chunk.length;
    });
  }

  let message: IncomingMessage;
  try {
    message = await headOf(upstream, options);
  } catch (cause) {
    const died = upstream.reusedSocket && !(cause instanceof NoAnswer);
    if (body === 'none' && died && !response.destroyed) return 'stale';
    throw cause instanceof WardenError ? cause : new WardenError('REGISTRY_UNAVAILABLE', { cause });
  }
  const firstByteMs = performance.now() - started;
  const status = message.statusCode ?? 0;
  // The registry answered before the whole body was there: the answer is what counts, the rest of the body is dropped.
  const early = body === 'client' && !request.readableEnded;
  if (early) {
    request.unpipe(upstream);
    response.setHeader('Connection', 'close');
  }

  let headers: OutgoingHttpHeaders;
  try {
    headers = answerHead(registry.url, { status, headers: message.headers }, options);
  } catch (error) {
    upstream.destroy();
    throw error;
  }
  const pace = watchPace(options.idleTimeoutMs, () => {
    message.destroy(new Error('the transfer stalled'));
    cut(response);
  });
  response.writeHead(status, headers);
  // docker-registry announces a blob's length with some refusals, and cuts: the status at least arrives.
  if (early || status >= 400) response.flushHeaders();
  let bytesOut = 0;
  message.on('data', (chunk: Buffer) => {
    bytesOut += chunk.length;
    pace.moved(chunk.length);
  });
  // A cut blob must not look like a whole one. Before the pipeline, which would end it in its own way.
  message.once('error', () => cut(response));
  const drained = early ? drainBody(request) : undefined;
  const complete = await pipeline(message, response, { end: !early }).then(
    () => true,
    () => false,
  );
  pace.stop();
  if (!complete) cut(response);
  // Also after an early answer: a request that was never ended would keep its connection.
  if (!complete || !upstream.writableFinished) upstream.destroy();
  if (drained !== undefined) {
    await drained;
    response.end();
  }
  return { status, bytesIn, bytesOut, firstByteMs, totalMs: performance.now() - started, complete };
}

function framing({ body, request }: Forward): Send['body'] {
  if (body !== 'client') return body;
  if (request.headers['transfer-encoding'] !== undefined) return { stream: 'chunked' };
  const length = request.headers['content-length'];
  return length === undefined ? 'none' : { stream: Number(length) };
}

/** Sends the body and waits for the head of the answer, whichever ends first. */
function headOf(upstream: ClientRequest, options: Forward): Promise<IncomingMessage> {
  const { request, response, body, idleTimeoutMs, responseTimeoutMs } = options;
  return new Promise((resolve, reject) => {
    let settled = false;
    let timer: NodeJS.Timeout | undefined;
    const pace = body === 'client' ? watchPace(idleTimeoutMs, stalled) : undefined;
    function stalled(): void {
      // What waits here to be written is what the registry does not take.
      if (upstream.writableLength > 0) fail(new Error('the registry stalled in mid-body'));
      else fail(new WardenError('REQUEST_STALLED'));
    }
    function awaitAnswer(): void {
      pace?.stop();
      timer = setTimeout(() => fail(new NoAnswer('the registry did not answer in time')), responseTimeoutMs);
    }
    /** A request that still waits for a connection tells of its end only when it gets one. */
    function fail(error: Error): void {
      // What goes wrong after the answer is seen where the answer is read.
      if (settled) return;
      settle();
      reject(error);
      upstream.destroy(error);
    }
    function touch(chunk: Buffer): void {
      pace?.moved(chunk.length);
    }
    function clientGone(): void {
      fail(new Error('the client went away'));
    }
    function settle(): void {
      settled = true;
      clearTimeout(timer);
      pace?.stop();
      request.off('data', touch);
      request.off('end', awaitAnswer);
      response.off('close', clientGone);
    }
    response.once('close', clientGone);
    upstream.on('error', fail);
    upstream.once('response', (message) => {
      settle();
      resolve(message);
    });
    // An answer that switches protocols is neither a response nor an error to node:http; it only ends.
    upstream.once('close', () => fail(new Error('the registry closed the connection before it answered')));
    if (body !== 'client') return awaitAnswer();
    request.on('data', touch);
    request.once('end', awaitAnswer);
    const framed = framing(options);
    if (framed === 'none') request.resume();
    // Not pipeline: an early answer of the registry must reach the client, and pipeline would destroy its connection.
    else request.pipe(upstream);
  });
}
