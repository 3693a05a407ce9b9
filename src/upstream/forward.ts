/**
 * Moves one request to the registry and its answer back. Two ways do it: node:http, which can do everything, and the
 * fast lane for what is pulled. Whoever calls does not know which, and sees no difference but the time.
 */
import { forwardOverHttp } from './forward-over-http.ts';
import { forwardOverLane } from './forward-over-lane.ts';
import type { Forward, Forwarded } from './forwarded.ts';
import type { Registry } from './registry.ts';

/** Answers that say their length. Lists are built while they are sent, and would be asked for twice. */
const LANE_TARGET = /\/(?:blobs|manifests)\/[^/?]+$/;

/**
 * @returns when the answer has been handed over, or one side went away after its head was sent.
 * @throws {WardenError} REGISTRY_UNAVAILABLE, REGISTRY_MISBEHAVED or REQUEST_STALLED while nothing has been sent to the
 *   client.
 */
export async function forward(registry: Registry, options: Forward): Promise<Forwarded> {
  const { lane, url } = registry;
  const { send, body } = options;
  const { method } = send;
  const pulls = (method === 'GET' || method === 'HEAD') && body === 'none' && LANE_TARGET.test(send.target);
  if (lane === undefined || !pulls) return forwardOverHttp(registry, options);
  const outcome = await forwardOverLane(lane, url, { ...options, send: { ...send, method } });
  return outcome === 'odd' ? forwardOverHttp(registry, options) : outcome;
}
