/**
 * POST /registry/notifications on the operators' listener: where the registry tells what it did. All that comes of it is a
 * look at the tags and manifests that it names, so nobody has to be believed; how many looks there are is bounded behind.
 */
import type { IncomingMessage } from 'node:http';
import { isWardenError } from '../gate/exchange.ts';
import { readBody } from '../gate/read-body.ts';
import { plainMediaType } from '../protocol/manifest.ts';

export const NOTIFICATIONS_PATH = '/registry/notifications';

export interface NotificationsDeps {
  /** @returns whether it was an envelope of events. Returns at once and never throws. */
  readonly take: (text: string) => boolean;
}

/** In bytes; the registry sends about one thousand. */
const BODY_LIMIT = 262_144;
const BODY_TIMEOUT_MS = 10_000;
/** Under way at once. The registry sends one after the other, and sends again what it is not answered 200 to. */
const AT_ONCE = 32;

/** @returns what reads one notification, and answers a status and a line of text. Never rejects for what it was sent. */
export function createNotifications({ take }: NotificationsDeps) {
  let underWay = 0;

  async function read(request: IncomingMessage): Promise<readonly [status: number, line: string]> {
    if (!/^application\/(?:[a-z0-9.-]+\+)?json$/.test(plainMediaType(request.headers['content-type'])))
      return [415, 'expected the JSON of a notification'];
    try {
      const body = await readBody(request, BODY_LIMIT, BODY_TIMEOUT_MS);
      return take(body.toString('utf8')) ? [200, 'taken'] : [400, 'expected an object with events'];
    } catch (error) {
      if (!isWardenError(error)) throw error;
      return [error.status, error.message];
    }
  }

  return async function notification(
    request: IncomingMessage,
  ): Promise<readonly [status: number, line: string]> {
    if (request.method !== 'POST') return [405, 'POST only'];
    if (underWay >= AT_ONCE) return [503, 'too many notifications at once'];
    underWay++;
    try {
      return await read(request);
    } finally {
      underWay--;
    }
  };
}
