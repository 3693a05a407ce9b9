/** Robots and grants over the API: what policy and the storage say, and the record of what was done. */

import type { Exchange } from '../gate/exchange.ts';
import { claimsOf } from '../gate/push-grant.ts';
import { actorOf, peerOf } from '../gate/record-facts.ts';
import type { ApiLoginDeps } from '../http/api-login.ts';
import type { GrantsDeps } from '../http/routes/grants.ts';
import type { RobotsDeps } from '../http/routes/robots.ts';
import type { Asker } from '../identity/asker.ts';
import { createAdministerGrants } from '../identity/grants/administer.ts';
import { createAdministerRobots } from '../identity/robots/administer.ts';
import type { Question } from '../policy/facts.ts';
import type { Acts } from '../provenance/acts.ts';
import { timestamp } from '../store/clock.ts';
import type { EndLogins } from '../token/end-logins.ts';
import type { Logins } from './logins.ts';
import type { Machines } from './machines.ts';
import type { Part } from './part.ts';
import type { PolicyInForce } from './policy.ts';
import type { Refusals } from './refusals.ts';

export interface MachineRouteParts {
  readonly machines: Machines;
  readonly api: ApiLoginDeps;
  readonly logins: Pick<Logins, 'takenBy'>;
  readonly policy: Pick<PolicyInForce, 'current'>;
  readonly refusals: Refusals;
  readonly acts: Acts;
  readonly endLogins: EndLogins;
  /** Aborted when Warden stops. */
  readonly stopping: AbortSignal;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function machineRoutes(
  { settings }: Part,
  { machines, api, logins, policy, refusals, acts, endLogins, stopping }: MachineRouteParts,
): { readonly robots: RobotsDeps; readonly grants: GrantsDeps } {
  const common: ApiLoginDeps & { readonly now: () => number; readonly bodyTimeoutMs: number } = {
    ...api,
    now: Date.now,
    bodyTimeoutMs: settings.clients.bodySeconds * 1000,
  };
  const robots = createAdministerRobots({
    robots: machines.robots,
    policy: policy.current,
    limits: {
      maximumMs: settings.robots.maximumDays * DAY_MS,
      maximumOverlapMs: settings.robots.maximumOverlapHours * HOUR_MS,
    },
    takenBy: logins.takenBy,
  });
  const grants = createAdministerGrants({
    grants: machines.grants,
    robots: machines.robots,
    policy: policy.current,
    limits: settings.grants,
    tellRefusal: ({ subject, requestId, ...asker }, { decision, repository, action, tag }) =>
      refusals.tell({
        decision,
        id: requestId,
        question: { ...questionFacts(asker), subject, repository, actions: [action], tag },
      }),
  });
  return {
    robots: {
      ...common,
      list: robots.list,
      async create(asker, robot, exchange) {
        const secret = await robots.create(asker, robot);
        await acts.keep({
          type: 'robot.created',
          ...by(asker, exchange),
          robot: machines.describe(robot.name),
        });
        return secret;
      },
      async rotate(asker, name, overlapMs, exchange) {
        const made = await robots.rotate(asker, name, overlapMs);
        // What was before is to end at once, so what was got by it as well.
        if (overlapMs === 0) await endLogins.end({ kind: 'robot', id: name, gone: true });
        const { secret } = machines.describe(name);
        const robot = { name, secret, oldUntil: timestamp(made.oldUntil) };
        await acts.keep({ type: 'robot.rotated', ...by(asker, exchange), robot });
        return made;
      },
      async revoke(asker, name, exchange) {
        await robots.revoke(asker, name);
        await endLogins.end({ kind: 'robot', id: name, gone: true });
        await acts.keep({ type: 'robot.revoked', ...by(asker, exchange), robot: { name } });
      },
    },
    grants: {
      ...common,
      stopping,
      list: grants.list,
      show: grants.show,
      async request(asker, asked, exchange) {
        const made = await grants.request(asker, asked);
        const { id, job, state, repositories, tags, addresses, host, minutes } = made.grant;
        const { grant: _, ...claims } = claimsOf({ id, job });
        await acts.keep({
          type: 'grant.requested',
          ...by(asker, exchange),
          grant: id,
          terms: {
            repositories,
            ...(tags && { tags }),
            addresses,
            ...(host !== undefined && { host }),
            minutes,
            state: state === 'pending' ? 'pending' : 'open',
          },
          ...claims,
        });
        return made;
      },
      async approve(asker, id, comment, exchange) {
        const grant = await grants.approve(asker, id, comment);
        const expires = timestamp(grant.expiresAt);
        await acts.keep({ type: 'grant.approved', ...by(asker, exchange), grant: id, comment, expires });
        return grant;
      },
      async close(asker, id, comment, exchange) {
        const grant = await grants.close(asker, id, comment);
        await endLogins.end({ kind: 'grant', id });
        await acts.keep({
          type: 'grant.closed',
          ...by(asker, exchange),
          grant: id,
          why: 'closed',
          ...(comment !== undefined && { comment }),
        });
        return grant;
      },
    },
  };
}

/** Who did it, and from where. */
function by({ subject }: Asker, exchange: Exchange) {
  return { actor: actorOf({ subject }), peer: peerOf(exchange, { host: undefined }) };
}

function questionFacts({
  address,
  tokenAddress,
  time,
  client,
  certificates,
}: Omit<Asker, 'subject' | 'requestId'>): Pick<
  Question,
  'address' | 'tokenAddress' | 'time' | 'client' | 'certificates'
> {
  return { address, tokenAddress, time, client, certificates };
}
