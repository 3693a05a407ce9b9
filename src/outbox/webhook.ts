/**
 * Records to an address over HTTP, as CloudEvents, signed so that the receiver can tell where they come from.
 *
 * The other side has them when it answers 2xx. Any other answer, redirects included, is a failure and is tried again: a
 * receiver that is set up wrong loses nothing until it is mended.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { cloudEvent } from './cloud-event.ts';
import type { Destination } from './destination.ts';

export interface WebhookOptions {
  readonly url: URL;
  /** `source` of the events. */
  readonly source: string;
  /** Signs, where there is one. */
  readonly secret: Buffer | undefined;
  /** PEM; absent: the CAs that come with Node. */
  readonly caFile: string | undefined;
  /** Events in one request; 1: the structured mode, more: the batched. */
  readonly atOnce: number;
  readonly timeoutMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export function createWebhookDestination(options: WebhookOptions): Destination {
  const { url, source, secret, caFile, atOnce, timeoutMs, now } = options;
  // What stands behind the host may hold a token.
  const shown = url.origin;

  return {
    atOnce,
    async deliver(entries, signal) {
      const events = entries.map((entry) => cloudEvent(entry, source));
      const body = Buffer.from(atOnce === 1 ? events.join('') : `[${events.join(',')}]`);
      const id = entries[0]?.facts.id ?? '';
      const seconds = String(Math.floor(now() / 1000));
      const headers: Record<string, string> = {
        'content-type': `application/cloudevents${atOnce === 1 ? '' : '-batch'}+json; charset=utf-8`,
        'content-length': String(body.length),
        'user-agent': 'registry-warden',
        'webhook-id': id,
        'webhook-timestamp': seconds,
      };
      if (secret !== undefined) {
        const mac = createHmac('sha256', secret).update(`${id}.${seconds}.`).update(body).digest('base64');
        headers['webhook-signature'] = `v1,${mac}`;
      }
      const ca = caFile === undefined ? undefined : await readFile(caFile);
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      const status = await post(url, body, { headers, ca, signal: limit }).catch((error: unknown) => {
        const { code, message } = error as { readonly code?: string; readonly message: string };
        const late = limit.aborted && !signal.aborted;
        throw new Error(`webhook at ${shown}: ${late ? 'no answer in time' : (code ?? message)}`);
      });
      if (status < 200 || status > 299)
        throw new Error(`webhook at ${shown}: answered ${status}; expected 2xx`);
    },
    async close() {},
  };
}

function post(
  url: URL,
  body: Buffer,
  {
    headers,
    ca,
    signal,
  }: {
    readonly headers: Record<string, string>;
    readonly ca: Buffer | undefined;
    readonly signal: AbortSignal;
  },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers, signal, agent: false } as const;
    const request =
      url.protocol === 'https:'
        ? requestTls(url, { ...options, ...(ca && { ca }) })
        : requestPlain(url, options);
    request.on('error', reject);
    request.on('response', (response) => {
      // The status is all that is asked; a body without end must not hold anything up.
      response.on('error', () => undefined);
      response.destroy();
      resolve(response.statusCode ?? 0);
    });
    request.end(body);
  });
}
