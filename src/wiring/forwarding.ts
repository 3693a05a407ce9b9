/** Forwards the records to where the settings say. */
import { hash, randomUUID } from 'node:crypto';
import type { ForwardTo } from '../config/forward-schema.ts';
import { type Cursors, createCursors, type StoredCursor } from '../outbox/cursors.ts';
import type { Destination } from '../outbox/destination.ts';
import { createFileDestination } from '../outbox/file.ts';
import { startForwarder } from '../outbox/forwarder.ts';
import { createSyslogDestination } from '../outbox/syslog.ts';
import { createWebhookDestination } from '../outbox/webhook.ts';
import type { LogReader } from '../provenance/log-store.ts';
import { systemClock } from '../store/clock.ts';
import type { DocumentStore } from '../store/documents.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Part } from './part.ts';

/** A log in a file has one Warden: the next process of it goes on at once, without a lease to wait for. */
const ONLY_ONE = 'the only one';

/** Kind of the documents that say how far each destination is. */
export const FORWARD_CURSORS = 'forward';

export interface ForwardingDeps {
  readonly reader: LogReader;
  readonly documents: DocumentStore;
  readonly metrics: Metrics;
  /** Of webhooks, by the name of their destination. */
  readonly secrets: ReadonlyMap<string, Buffer>;
}

/** How each destination is, as it was last known. */
export interface ForwardingState {
  readonly destination: string;
  /** Records that it lacks; undefined where another instance forwards to it, or it is not known yet. */
  readonly behind: number | undefined;
  /** Of the last try. */
  readonly problem: string | undefined;
}

export interface Forwarding {
  readonly state: () => readonly ForwardingState[];
}

export function startForwarding(
  { settings, log, endings }: Part,
  { reader: source, documents, metrics, secrets }: ForwardingDeps,
): Forwarding {
  const states = new Map<string, ForwardingState>();
  const state = () => [...states.values()];
  if (settings.forward.length === 0) return { state };
  const cursors: Cursors = createCursors({
    documents: documents.of<StoredCursor>(FORWARD_CURSORS),
    holder: settings.store ? randomUUID() : ONLY_ONE,
    now: Date.now,
  });
  for (const to of settings.forward) {
    const { name } = to;
    let told: string | undefined;
    const forwarder = startForwarder({
      name,
      destination: destinationOf(to, settings.publicUrl, secrets.get(name)),
      source,
      cursors,
      clock: systemClock,
      wants: typeTest(to.types),
      from: to.from,
      digest: (leaf) => hash('sha256', leaf),
      onDelivered: (count) => metrics.forwarded(name, count),
      onState({ behind, problem }) {
        states.set(name, { destination: name, behind, problem });
        metrics.forwarding(name, behind, problem !== undefined);
        if (problem === told) return;
        told = problem;
        if (problem === undefined) log.info({ destination: name }, 'records are forwarded again');
        else
          log.warn({ destination: name, why: problem }, 'records cannot be forwarded; they wait in the log');
      },
    });
    endings.defer(() => forwarder.close());
  }
  return { state };
}

function destinationOf(to: ForwardTo, source: string, secret: Buffer | undefined): Destination {
  const { file, syslog, webhook } = to;
  const timeoutMs = to.timeoutSeconds * 1000;
  if (file) return createFileDestination(file.path);
  if (syslog)
    return createSyslogDestination({
      ...syslog,
      limit: syslog.maximumBytes,
      tls: syslog.tls,
      timeoutMs,
      now: Date.now,
    });
  // The schema's judgement demands one of the three.
  if (!webhook) throw new Error(`the destination ${to.name} has no kind`);
  const { url, caFile, eventsPerRequest } = webhook;
  return createWebhookDestination({
    url: new URL(url),
    source,
    secret,
    caFile,
    atOnce: eventsPerRequest,
    timeoutMs,
    now: Date.now,
  });
}

/** Types as the settings have them: whole, or `push.*`. */
function typeTest(types: readonly string[] | undefined): (type: string) => boolean {
  if (types === undefined) return () => true;
  return (type) =>
    types.some((one) => (one.endsWith('.*') ? type.startsWith(one.slice(0, -1)) : type === one));
}
