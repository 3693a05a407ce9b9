/**
 * What can be measured, in one place. Labels are bounded: routes, methods, verdicts; never a repository, user or address.
 *
 * The durations answer "since when is it slow, and at which stage": `decide` is the gate's own work until it knows what to
 * do, `registry` the time until the registry's first byte, `transfer` the rest of the answer, `record` what a push
 * waits for the record.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type Stage = 'decide' | 'registry' | 'transfer' | 'record';

export interface Metrics {
  readonly stage: (stage: Stage, route: string, milliseconds: number) => void;
  readonly request: (facts: {
    readonly route: string;
    readonly method: string;
    readonly status: number;
    readonly milliseconds: number;
    readonly bytesIn: number;
    readonly bytesOut: number;
  }) => void;
  /** A body that an nginx sends in Warden's place. */
  readonly offloaded: (mode: 'accel' | 'redirect', bytes: number) => void;
  readonly inFlight: (route: string, change: 1 | -1) => void;
  readonly decision: (action: string, verdict: 'granted' | 'refused') => void;
  readonly token: (grant: string, outcome: 'granted' | 'refused' | 'limited') => void;
  readonly record: (type: string, outcome: 'written' | 'failed') => void;
  /** A look-up of a person, or a check of a password. */
  readonly directory: (
    operation: 'find' | 'check',
    outcome: 'answered' | 'failed',
    milliseconds: number,
  ) => void;
  readonly connectionRefused: () => void;
  /** Records that a destination has taken. */
  readonly forwarded: (destination: string, count: number) => void;
  /** How a destination is: how many records it lacks, undefined where another instance serves it; whether the last try failed. */
  readonly forwarding: (destination: string, behind: number | undefined, failing: boolean) => void;
  /** A certificate that came with a request: `accepted`, or why not. */
  readonly clientCertificate: (outcome: string) => void;
  /** Read at the time of a scrape. */
  readonly watch: (name: WatchedGauge, read: () => number) => void;
  readonly render: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

const WATCHED = {
  warden_record_writable: 'Whether the push record can be written (1) or pushes are refused (0).',
  warden_record_disk_free_bytes: 'Free space on the disk of the push record.',
  warden_record_disk_seconds_left:
    'Until pushes are refused for want of space, at the rate of the last day; +Inf where the space does not shrink.',
  warden_record_disk_low: 'Whether that disk has too little space, or too little time left (1).',
  warden_record_unsettled: 'Pushes that an earlier process left open and that are not settled yet.',
  warden_record_differences_total:
    'Differences between the record and the registry that were found and recorded: a tag that shows something else, a manifest that nobody pushed, one that is gone.',
  warden_notifications_dropped_total:
    'Tags and manifests named by the registry’s notifications that found no room to be looked at.',
  warden_inventory_dropped_total:
    'Pulls not counted because the inventory could not be written for too long.',
  warden_policy_loaded_timestamp_seconds: 'When the policy in force was loaded.',
  warden_policy_reload_failed: 'Whether the policy on disk is refused (1) and the last good one is in force.',
  warden_policy_unkept:
    'Whether the policy in force could not be kept for later questions (1), and pushes are refused.',
  warden_refusals_unkept_total:
    'Refusals whose decision cannot be opened by its id: past the limit of their network, or not written.',
  warden_users_reload_failed: 'Whether the users file is refused (1) and its last good state is in force.',
  warden_directory_answers:
    'Whether the directory of users answered when it was last asked (1); 1 too where there is none.',
  warden_robots: 'Robots that have not expired.',
  warden_robots_expiring: 'Robots that expire within robots.warnDays.',
  warden_robot_expiry_timestamp_seconds: 'When the next robot expires; 0 where there is none.',
  warden_issuers_unreachable:
    'Issuers of builds whose keys could not be renewed the last time; those that were read before go on for a day.',
  warden_revocations_age_seconds:
    'How long ago the list of ended logins was last read from everywhere it is kept; above 30, pushes are refused.',
  warden_client_authorities_reload_failed:
    'Whether the authorities of clients’ certificates, or their lists of revoked ones, are refused on disk (1) and the last good ones are in force.',
  warden_client_crl_expires_timestamp_seconds:
    'When the first list of revoked certificates of clients ends, and its authority’s certificates count as none; 0 where there is no list.',
  warden_log_signed_entries: 'Entries of the record in the tree that was signed last.',
  warden_log_signed_timestamp_seconds:
    'When the tree of the record was signed last; 0 before the first time.',
  warden_log_signer:
    '1 where this instance is the one that signs the tree of the record; of several, one does',
  warden_log_signing_failed:
    'Whether the tree of the record cannot be signed (1); the record itself goes on.',
  warden_log_cosigned_entries: 'Entries in the tree that enough witnesses cosigned last.',
  warden_log_cosigned_timestamp_seconds:
    'When that was, by the clocks of the witnesses; 0 before the first time.',
  warden_registry_certificate_expires_timestamp_seconds:
    'When the certificate ends that the registry knows Warden by; then it refuses every request.',
  warden_certificate_expires_timestamp_seconds: 'When the TLS certificate in use expires.',
} as const;
export type WatchedGauge = keyof typeof WATCHED;

const SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800,
];

/** A registry of metrics of its own for each instance, so that two instances in one process do not share. */
export function createMetrics(): Metrics {
  const registers = [new Registry()];
  const [register] = registers as [Registry];
  collectDefaultMetrics({ register });
  const stages = new Histogram({
    name: 'warden_stage_seconds',
    help: 'Time by stage of a request.',
    labelNames: ['stage', 'route'],
    buckets: SECONDS,
    registers,
  });
  const durations = new Histogram({
    name: 'warden_request_seconds',
    help: 'Time from the head of a request to the end of its answer.',
    labelNames: ['route', 'method'],
    buckets: SECONDS,
    registers,
  });
  const requests = new Counter({
    name: 'warden_requests_total',
    help: 'Requests answered.',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const bytes = new Counter({
    name: 'warden_body_bytes_total',
    help: 'Bytes of bodies moved: in from clients, out to clients.',
    labelNames: ['direction', 'route'],
    registers,
  });
  const offloadedBodies = new Counter({
    name: 'warden_offloaded_bodies_total',
    help: 'Bodies of blobs left to an nginx.',
    labelNames: ['mode'],
    registers,
  });
  const offloadedBytes = new Counter({
    name: 'warden_offloaded_bytes_total',
    help: 'Bytes of the bodies left to an nginx, as they were asked for.',
    labelNames: ['mode'],
    registers,
  });
  const open = new Gauge({
    name: 'warden_requests_in_flight',
    help: 'Requests being answered.',
    labelNames: ['route'],
    registers,
  });
  const decisions = new Counter({
    name: 'warden_decisions_total',
    help: 'Decisions at the gate.',
    labelNames: ['action', 'verdict'],
    registers,
  });
  const tokens = new Counter({
    name: 'warden_token_requests_total',
    help: 'Requests at the token endpoint and logins at the API.',
    labelNames: ['grant', 'outcome'],
    registers,
  });
  const records = new Counter({
    name: 'warden_records_total',
    help: 'Records of the push log.',
    labelNames: ['type', 'outcome'],
    registers,
  });
  const directory = new Histogram({
    name: 'warden_directory_seconds',
    help: 'Time of questions to the directory of users, over all servers that were tried.',
    labelNames: ['operation', 'outcome'],
    buckets: SECONDS,
    registers,
  });
  const connections = new Counter({
    name: 'warden_connections_refused_total',
    help: 'Connections closed at once, since their address had as many open as one may.',
    registers,
  });

  const forwardedRecords = new Counter({
    name: 'warden_forwarded_records_total',
    help: 'Records that a destination has taken.',
    labelNames: ['destination'],
    registers,
  });
  const forwardBehind = new Gauge({
    name: 'warden_forward_behind_records',
    help: 'Records that a destination lacks; absent where another instance forwards to it.',
    labelNames: ['destination'],
    registers,
  });
  const forwardFailing = new Gauge({
    name: 'warden_forward_failing',
    help: 'Whether the last try to forward to a destination failed (1).',
    labelNames: ['destination'],
    registers,
  });
  const certificates = new Counter({
    name: 'warden_client_certificates_total',
    help: 'Requests that came with a certificate of the client: accepted, or why it counts as none.',
    labelNames: ['outcome'],
    registers,
  });

  const stageOf = series((stage, route) => stages.labels({ stage, route }));
  const durationOf = series((route, method) => durations.labels({ route, method }));
  const requestsOf = series((route, method, status) => requests.labels({ route, method, status }));
  const bytesOf = series((direction, route) => bytes.labels({ direction, route }));
  const openOf = series((route) => open.labels({ route }));
  const tokensOf = series((grant, outcome) => tokens.labels({ grant, outcome }));
  const decisionsOf = series((action, verdict) => decisions.labels({ action, verdict }));

  return {
    stage: (stage, route, milliseconds) => stageOf(stage, route).observe(milliseconds / 1000),
    request({ route, method, status, milliseconds, bytesIn, bytesOut }) {
      durationOf(route, method).observe(milliseconds / 1000);
      requestsOf(route, method, String(status)).inc();
      if (bytesIn > 0) bytesOf('in', route).inc(bytesIn);
      if (bytesOut > 0) bytesOf('out', route).inc(bytesOut);
    },
    offloaded(mode, bytes) {
      offloadedBodies.inc({ mode });
      offloadedBytes.inc({ mode }, bytes);
    },
    inFlight: (route, change) => openOf(route).inc(change),
    decision: (action, verdict) => decisionsOf(action, verdict).inc(),
    token: (grant, outcome) => tokensOf(grant, outcome).inc(),
    record: (type, outcome) => records.inc({ type, outcome }),
    directory: (operation, outcome, milliseconds) =>
      directory.labels({ operation, outcome }).observe(milliseconds / 1000),
    connectionRefused: () => connections.inc(),
    forwarded: (destination, count) => forwardedRecords.inc({ destination }, count),
    forwarding(destination, behind, failing) {
      if (behind === undefined) forwardBehind.remove({ destination });
      else forwardBehind.set({ destination }, behind);
      forwardFailing.set({ destination }, failing ? 1 : 0);
    },
    clientCertificate: (outcome) => certificates.inc({ outcome }),
    watch(name, read) {
      new Gauge({
        name,
        help: WATCHED[name],
        registers,
        collect() {
          this.set(read());
        },
      });
    },
    async render() {
      return { contentType: register.contentType, text: await register.metrics() };
    },
  };
}

/** Finding the series of some labels costs more than counting, so each is found once; there are few. */
function series<T>(find: (...labels: string[]) => T): (...labels: string[]) => T {
  const found = new Map<string, T>();
  return (...labels) => {
    const key = labels.join(' ');
    let one = found.get(key);
    if (one === undefined) {
      one = find(...labels);
      found.set(key, one);
    }
    return one;
  };
}
