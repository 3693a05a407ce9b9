/** What /api/v1/status tells, from the parts that know it. */
import type { Status, Trouble } from '../http/api/status.ts';
import { timestamp } from '../store/clock.ts';
import type { Forwarding } from './forwarding.ts';
import type { Machines } from './machines.ts';
import { type Operated, writableOf } from './operations.ts';

export interface StatusParts
  extends Pick<
    Operated,
    | 'registry'
    | 'record'
    | 'policy'
    | 'logins'
    | 'revocations'
    | 'transparency'
    | 'certificate'
    | 'upstreamKey'
    | 'clientCertificates'
  > {
  readonly forwarding: Forwarding;
  readonly machines: Pick<Machines, 'expiring'>;
  /** Of robots. */
  readonly warnDays: number;
}

export async function statusOf(parts: StatusParts): Promise<Status> {
  const { record, forwarding, machines, warnDays } = parts;
  const health = writableOf(parts)();
  const [entries, registry] = await Promise.all([
    record.reader.size().catch(() => undefined),
    parts.registry.ping(),
  ]);
  const tree = treeOf(parts);
  return {
    record: {
      ...{ writable: health.writable, unsettled: record.recorder.unsettled() },
      ...(entries !== undefined && { entries }),
      ...(!health.writable && { why: health.why }),
    },
    disk: diskOf(parts),
    ...(tree && { tree }),
    forwarding: forwarding.state().map(({ destination, behind, problem }) => ({
      destination,
      ...(behind !== undefined && { behind }),
      ...(problem !== undefined && { problem }),
    })),
    certificates: certificatesOf(parts),
    robots: { days: warnDays, expiring: machines.expiring() },
    troubles: [...(registry.ok ? [] : (['registry-away'] as const)), ...troublesOf(parts)],
  };
}

function diskOf({ record: { disk } }: StatusParts): Status['disk'] {
  const [freeBytes, secondsLeft, warning] = [disk.freeBytes(), disk.secondsLeft(), disk.warning()];
  return {
    ...(freeBytes !== undefined && Number.isFinite(freeBytes) && { freeBytes }),
    ...(Number.isFinite(secondsLeft) && { secondsLeft: Math.round(secondsLeft) }),
    ...(warning !== undefined && { warning }),
  };
}

function treeOf({ transparency }: StatusParts): Status['tree'] {
  const state = transparency.state();
  if (state === undefined) return undefined;
  const { signedSize, signedAt, cosignedSize, cosignedAt } = state;
  return {
    entries: signedSize,
    ...(signedAt > 0 && { signed: timestamp(signedAt) }),
    ...(transparency.witnesses > 0 && {
      cosigned: {
        entries: cosignedSize,
        ...(cosignedAt > 0 && { time: timestamp(cosignedAt * 1000) }),
      },
    }),
  };
}

function certificatesOf({
  certificate,
  upstreamKey,
  clientCertificates,
}: StatusParts): Status['certificates'] {
  const ends = [
    { use: 'tls', at: certificate.expiresAt() },
    { use: 'registry', at: upstreamKey.current().expiresAt },
    { use: 'revocation-lists', at: clientCertificates?.listsEnd() ?? 0 },
  ] as const;
  // 0 stands for none.
  return ends.filter(({ at }) => at > 0).map(({ use, at }) => ({ use, expires: timestamp(at) }));
}

function troublesOf({
  policy,
  logins,
  revocations,
  clientCertificates,
  transparency,
  record,
}: StatusParts): readonly Trouble[] {
  const found: readonly (readonly [Trouble, boolean])[] = [
    ['policy-refused', policy.refused()],
    ['policy-unkept', policy.unkept() !== undefined],
    ['users-refused', logins.usersRefused()],
    ['directory-silent', !logins.directoryAnswers()],
    ['issuers-unreachable', logins.issuersUnreachable() > 0],
    ['revocations-stale', revocations.stale() !== undefined],
    ['authorities-refused', clientCertificates?.refused() ?? false],
    ['signing-failed', transparency.state()?.trouble !== undefined],
    ['witness-silent', transparency.state()?.witnessSilent === true],
    ['pulls-uncounted', record.inventory.dropped() > 0],
  ];
  return found.filter(([, holds]) => holds).map(([name]) => name);
}
