/** The record compared with the registry by a command, on the files or the database, without serving anybody. */
import { randomBytes } from 'node:crypto';
import type { Loaded } from './preflight.ts';
import type { Report } from './reconcile/reconciler.ts';
import type { Log } from './telemetry/log.ts';
import { createUpstreamTokens } from './token/upstream-token.ts';
import { createRegistry, type Registry } from './upstream/registry.ts';
import { openDatabases } from './wiring/database.ts';
import { openDocuments } from './wiring/documents.ts';
import { openLogReader } from './wiring/log-reader.ts';
import type { Part } from './wiring/part.ts';
import { openPushLog } from './wiring/push-log.ts';
import { openReconciliation } from './wiring/reconciliation.ts';
import { openRecord } from './wiring/record.ts';

export type { Report } from './reconcile/reconciler.ts';

export interface OfflineOptions {
  readonly loaded: Loaded;
  readonly log: Log;
  readonly version: string;
  /** Who asked for it, for the record. */
  readonly by: Parameters<ReturnType<typeof openReconciliation>['compare']>[0];
}

/**
 * Settles what an earlier process left open, then compares everything.
 *
 * @throws {StoreError} with one sentence, for example while a Warden writes the log in these files.
 */
export async function reconcileOffline({ loaded, log, version, by }: OfflineOptions): Promise<Report> {
  await using endings = new AsyncDisposableStack();
  const { settings } = loaded;
  // A schedule and notifications are for who serves.
  const { everyHours: _, ...reconcile } = settings.reconcile;
  const quiet = { ...settings, reconcile: { ...reconcile, notifications: false } };
  const part: Part = { settings: quiet, log, version, endings };
  const databases = await openDatabases(part, loaded.database);
  const pushLog = await openPushLog(part, databases);
  const record = await openRecord(part, pushLog, databases);
  const documents = await openDocuments(part, databases);
  const reader = openLogReader(part, pushLog);
  const registry = registryOf(loaded);
  endings.defer(() => registry.close());
  const health = record.recorder.health();
  if (!health.writable) throw new Error(health.why);
  const ping = await registry.ping();
  if (!ping.ok) throw new Error(ping.why);
  const { lookTag, lookDigest, lookBlob } = registry;
  const settleMs = settings.record.settleSeconds * 1000;
  await record.recorder.settle({ lookTag, lookDigest, lookBlob, settleMs });
  const reconciliation = openReconciliation(part, { record, documents, registry, reader });
  // Awaited here: what it needs is closed when this function ends.
  return await reconciliation.compare(by);
}

function registryOf({ settings, upstream }: Loaded): Registry {
  const { url, keyHeader, issuer, service, responseTimeoutSeconds, connectTimeoutSeconds } =
    settings.registry;
  const tokens = createUpstreamTokens({
    signer: () => upstream,
    ...{ keyHeader, issuer, service },
    now: Date.now,
    random: (size) => randomBytes(size),
  });
  return createRegistry({
    url: new URL(url),
    sign: tokens.sign,
    responseTimeoutMs: responseTimeoutSeconds * 1000,
    connectTimeoutMs: connectTimeoutSeconds * 1000,
  });
}
