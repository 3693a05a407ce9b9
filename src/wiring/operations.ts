/** What the operators' listener tells: whether pulls and pushes can be served, and the gauges read at a scrape. */
import type { OperationsDeps, Readiness } from '../http/operations.ts';
import type { RecordHealth } from '../provenance/health.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Registry } from '../upstream/registry.ts';
import type { CertificateInUse } from './certificate.ts';
import type { ClientCertificates } from './client-certificates.ts';
import type { Logins } from './logins.ts';
import type { PolicyInForce } from './policy.ts';
import type { Reconciliation } from './reconciliation.ts';
import type { OpenedRecord } from './record.ts';
import type { Refusals } from './refusals.ts';
import type { OpenedRevocations } from './revocations.ts';
import type { OpenedSignIn } from './sign-in.ts';
import type { Transparency } from './transparency.ts';
import type { UpstreamKeyInUse } from './upstream-key.ts';

export interface Operated {
  readonly metrics: Metrics;
  readonly registry: Registry;
  readonly record: OpenedRecord;
  readonly policy: PolicyInForce;
  readonly refusals: Refusals;
  readonly logins: Logins;
  readonly signIn: OpenedSignIn | undefined;
  readonly revocations: OpenedRevocations;
  readonly transparency: Transparency;
  readonly certificate: CertificateInUse;
  readonly reconciliation: Reconciliation;
  readonly upstreamKey: UpstreamKeyInUse;
  readonly clientCertificates: ClientCertificates | undefined;
  readonly stopping: () => boolean;
}

/** Milliseconds for which an answer of the registry to a ping is good. */
const PING_MS = 1_000;

/** Whether a push can be recorded: also the policy that decides it must be kept, or nobody could later say why it was let in. */
export function writableOf({ record, policy }: Pick<Operated, 'record' | 'policy'>): () => RecordHealth {
  return () => {
    const health = record.recorder.health();
    const why = health.writable ? policy.unkept() : undefined;
    return why === undefined ? health : { writable: false, why };
  };
}

export function operationsOf({
  metrics,
  registry,
  record,
  policy,
  refusals,
  logins,
  signIn,
  revocations,
  transparency,
  certificate,
  upstreamKey,
  clientCertificates,
  reconciliation,
  stopping,
}: Operated): OperationsDeps {
  const { recorder, inventory } = record;
  const writable = writableOf({ record, policy });
  let pinged: { readonly at: number; readonly answer: ReturnType<Registry['ping']> } | undefined;

  async function ready(): Promise<Readiness> {
    if (stopping()) return { ready: false, why: 'shutting down' };
    // By a clock that nobody sets back: an old answer would be good for hours.
    const now = performance.now();
    if (pinged === undefined || now - pinged.at > PING_MS) pinged = { at: now, answer: registry.ping() };
    const answer = await pinged.answer;
    return answer.ok ? { ready: true } : { ready: false, why: answer.why };
  }

  metrics.watch('warden_record_writable', () => (writable().writable ? 1 : 0));
  metrics.watch('warden_record_disk_free_bytes', () => record.disk.freeBytes() ?? Number.NaN);
  metrics.watch('warden_record_disk_seconds_left', record.disk.secondsLeft);
  metrics.watch('warden_record_disk_low', () => (record.disk.warning() === undefined ? 0 : 1));
  metrics.watch('warden_record_unsettled', () => recorder.unsettled());
  metrics.watch('warden_record_differences_total', reconciliation.differences);
  metrics.watch('warden_notifications_dropped_total', reconciliation.hintsDropped);
  metrics.watch('warden_inventory_dropped_total', () => inventory.dropped());
  metrics.watch('warden_policy_loaded_timestamp_seconds', () => policy.loadedAt() / 1000);
  metrics.watch('warden_policy_reload_failed', () => (policy.refused() ? 1 : 0));
  metrics.watch('warden_policy_unkept', () => (policy.unkept() === undefined ? 0 : 1));
  metrics.watch('warden_refusals_unkept_total', () => refusals.dropped());
  metrics.watch('warden_users_reload_failed', () => (logins.usersRefused() ? 1 : 0));
  metrics.watch('warden_directory_answers', () => (logins.directoryAnswers() ? 1 : 0));
  metrics.watch(
    'warden_issuers_unreachable',
    () => logins.issuersUnreachable() + (signIn?.unreachable() ?? 0),
  );
  metrics.watch('warden_revocations_age_seconds', () => revocations.ageMs() / 1000);
  const tree = transparency.state;
  metrics.watch('warden_log_signed_entries', () => tree()?.signedSize ?? 0);
  metrics.watch('warden_log_signed_timestamp_seconds', () => (tree()?.signedAt ?? 0) / 1000);
  metrics.watch('warden_log_signer', () => (tree()?.signs ? 1 : 0));
  metrics.watch('warden_log_signing_failed', () => (tree()?.trouble === undefined ? 0 : 1));
  metrics.watch('warden_log_cosigned_entries', () => tree()?.cosignedSize ?? 0);
  metrics.watch('warden_log_cosigned_timestamp_seconds', () => tree()?.cosignedAt ?? 0);
  metrics.watch(
    'warden_registry_certificate_expires_timestamp_seconds',
    () => upstreamKey.current().expiresAt / 1000,
  );
  metrics.watch('warden_certificate_expires_timestamp_seconds', () => certificate.expiresAt() / 1000);
  metrics.watch('warden_client_authorities_reload_failed', () => (clientCertificates?.refused() ? 1 : 0));
  metrics.watch(
    'warden_client_crl_expires_timestamp_seconds',
    () => (clientCertificates?.listsEnd() ?? 0) / 1000,
  );
  return {
    metrics,
    ready,
    notify: reconciliation.notify,
    async readyForPush() {
      const pulls = await ready();
      if (!pulls.ready) return pulls;
      const health = writable();
      if (!health.writable) return { ready: false, why: health.why };
      const stale = revocations.stale();
      if (stale !== undefined) return { ready: false, why: stale };
      const warning = record.disk.warning();
      return warning === undefined ? { ready: true } : { ready: true, warning };
    },
  };
}
