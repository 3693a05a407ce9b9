/**
 * What a notification of the registry says may have changed. It is a hint where to look and nothing more: the registry
 * sends a push also for a manifest that it then could not store, with addresses that the client made up, and anybody who
 * reaches the listener can send one.
 *
 * @see https://distribution.github.io/distribution/about/notifications/
 */
import { MANIFEST_TYPES } from '../protocol/manifest.ts';
import { isDigest, isRepository, isTag } from '../protocol/names.ts';
import type { Thing } from './compare.ts';

/** Events of one envelope that are read; docker-registry sends one in each. */
const EVENTS = 100;
const ACTIONS: readonly unknown[] = ['push', 'delete'];
const MANIFESTS: readonly unknown[] = Object.values(MANIFEST_TYPES);

/** Never throws. @returns undefined for what is no envelope of events. */
export function readNotification(text: string): readonly Thing[] | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { events } = objectOf(body);
  return Array.isArray(events) ? events.slice(0, EVENTS).flatMap(thingOf) : undefined;
}

function thingOf(event: unknown): readonly Thing[] {
  const { action, target } = objectOf(event);
  const { repository: repo, tag, digest, mediaType } = objectOf(target);
  if (!ACTIONS.includes(action) || typeof repo !== 'string' || !isRepository(repo)) return [];
  if (typeof tag === 'string' && isTag(tag)) return [{ repo, reference: { tag } }];
  // Of a deletion docker-registry tells no type. A blob that was pushed is no manifest.
  const manifest = action === 'delete' || MANIFESTS.includes(mediaType);
  return manifest && typeof digest === 'string' && isDigest(digest) ? [{ repo, reference: { digest } }] : [];
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
