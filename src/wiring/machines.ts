/** Robots and push grants: kept with the documents, looked at each second, ended when their time has come. */
import { randomBytes } from 'node:crypto';
import { WardenError } from '../errors.ts';
import type { PushGrants } from '../gate/deps.ts';
import { faultOfPush, type KnownGrant } from '../identity/grants/grant.ts';
import { createGrants, type Grants } from '../identity/grants/grants.ts';
import type { Login } from '../identity/login.ts';
import { createRobots, type KnownRobot, type Robots } from '../identity/robots/robots.ts';
import type { Acts } from '../provenance/acts.ts';
import { timestamp } from '../store/clock.ts';
import type { DocumentStore } from '../store/documents.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Part } from './part.ts';

export interface Machines {
  /** Robots that expire within `robots.warnDays`. */
  readonly expiring: () => number;
  readonly robots: Robots;
  readonly grants: Grants;
  /** A robot that has just been made or changed here, for its record. */
  readonly describe: (name: string) => RobotFacts;
}

export interface RobotFacts {
  readonly name: string;
  readonly groups?: readonly string[];
  readonly repositories: readonly string[];
  readonly actions: readonly string[];
  readonly expires: string;
  /** The id of its newest secret. */
  readonly secret: string;
}

/** Milliseconds between two looks for what other processes have written. */
const LOOK_MS = 1_000;
const TIDY_MS = 60_000;
const DAY_MS = 86_400_000;
/** For which what has ended can still be seen. */
const KEEP_MS = 30 * DAY_MS;

/** The robots are in memory when this is fulfilled, or as soon as their storage answers. */
export async function openMachines(
  { settings, log, endings }: Part,
  documents: DocumentStore,
  metrics: Metrics,
): Promise<Machines> {
  let failing = false;
  const common = { store: documents, now: Date.now, random: (size: number) => randomBytes(size) };
  const robots = createRobots({
    ...common,
    onFailure(error) {
      if (!failing) log.warn({ err: error }, 'the robots cannot be read or noted; the last copy goes on');
      failing = true;
    },
  });
  const grants = createGrants(common);

  async function look(): Promise<void> {
    const before = failing;
    failing = false;
    await robots.refresh();
    if (before && !failing) log.info('the robots are read again');
  }
  await look();
  const looking = setInterval(() => void look(), LOOK_MS).unref();
  endings.defer(() => clearInterval(looking));

  const warnMs = settings.robots.warnDays * DAY_MS;
  const living = () => robots.list().filter(({ expiresAt }) => expiresAt > Date.now());
  const ending = () => living().filter(({ expiresAt }) => expiresAt - Date.now() < warnMs);
  function warn(): void {
    for (const { name, expiresAt } of ending())
      log.warn({ robot: name, expires: new Date(expiresAt).toISOString() }, 'a robot expires soon');
  }
  warn();
  const warning = setInterval(warn, DAY_MS).unref();
  endings.defer(() => clearInterval(warning));
  metrics.watch('warden_robots', () => living().length);
  metrics.watch('warden_robots_expiring', () => ending().length);
  metrics.watch('warden_robot_expiry_timestamp_seconds', () => {
    const times = living().map(({ expiresAt }) => expiresAt);
    return times.length === 0 ? 0 : Math.min(...times) / 1000;
  });
  return {
    robots,
    grants,
    expiring: () => ending().length,
    describe: (name) =>
      describeRobot(
        name,
        robots.list().find((one) => one.name === name),
      ),
  };
}

/** What a record says of a robot. Nothing, where another process has taken it away in the meantime. */
export function describeRobot(name: string, robot: KnownRobot | undefined): RobotFacts {
  const { groups = [], bounds, expiresAt = 0, secrets = [] } = robot ?? {};
  return {
    name,
    ...(groups.length > 0 && { groups }),
    repositories: bounds?.repositories ?? [],
    actions: bounds?.actions ?? [],
    expires: timestamp(expiresAt),
    secret: secrets[0]?.id ?? 'gone',
  };
}

/** Ends what has run out, and forgets what ended long ago. */
export function tidyMachines({ log, endings }: Part, { robots, grants }: Machines, acts: Acts): void {
  async function tidy(): Promise<void> {
    try {
      for (const { id, end } of await grants.expire())
        await acts.keep({
          type: 'grant.closed',
          grant: id,
          why: end?.why === 'not approved' ? 'not approved' : 'expired',
        });
      await grants.purge(KEEP_MS);
      await robots.purge(KEEP_MS);
    } catch (error) {
      log.warn({ err: error }, 'robots and grants that have ended could not be tidied away');
    }
  }
  const tidying = setInterval(() => void tidy(), TIDY_MS).unref();
  endings.defer(() => clearInterval(tidying));
}

/** What the gate asks of the grants. */
export function pushGrants(
  { log }: Part,
  { grants }: Machines,
  acts: Acts,
  resume: Login['resume'],
): PushGrants {
  /** Builds cannot be asked for again: their id token is gone. */
  async function isOwned({ owner }: KnownGrant): Promise<boolean> {
    return owner.credential === '' || (await resume(owner)) !== undefined;
  }

  return {
    async admit(id, push) {
      const grant = await grants.get(id).catch((cause: unknown) => {
        throw new WardenError('GRANTS_UNAVAILABLE', { cause });
      });
      if (grant === undefined) return 'There is no such grant any more.';
      const fault = faultOfPush(grant, push, Date.now());
      if (fault !== undefined) return fault;
      return (await isOwned(grant)) ? grant.job : 'This grant has ended with the login that asked for it.';
    },
    async pushed(id, push) {
      try {
        const noted = await grants.push(id, push);
        if (!noted?.usedUp) return;
        const { name, kind } = noted.grant.owner;
        const actor = { sub: name, kind, method: 'grant', evidence: 'verified' } as const;
        await acts.keep({ type: 'grant.used-up', actor, grant: id });
      } catch (error) {
        // The push is on record; the grant then ends by its time.
        log.warn({ err: error, grant: id }, 'a push could not be noted with its grant');
      }
    },
  };
}
