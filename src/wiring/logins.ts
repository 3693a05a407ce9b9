/** Who asks: the users of the file and of a directory, builds with a token of theirs, and the limits of guessing. */
import { describeProblem } from '../config/yaml.ts';
import { WardenError } from '../errors.ts';
import type { LoginDeps } from '../http/basic-login.ts';
import { parseBasic } from '../identity/basic.ts';
import { createLogin, type Login } from '../identity/login.ts';
import { createMachineLogin, type MachineLoginDeps } from '../identity/machine-login.ts';
import { createPasswords } from '../identity/passwords.ts';
import { createUsers } from '../identity/users.ts';
import { canonicalAddress } from '../policy/address.ts';
import type { Policy } from '../policy/policy.ts';
import type { Loaded } from '../preflight.ts';
import type { Recorder } from '../provenance/recorder.ts';
import type { Limit } from '../state/limits.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { openDirectory } from './directory.ts';
import type { Machines } from './machines.ts';
import { openBuildLogins } from './oidc.ts';
import { type Part, reportProblems, WATCH_MS } from './part.ts';
import { openShared } from './shared-counts.ts';

export interface Logins {
  readonly login: Login;
  /** True while the users file on disk is refused and an older state of it counts. */
  readonly usersRefused: () => boolean;
  /** The users of now, without their passwords. */
  readonly users: () => Promise<ReadonlyMap<string, { readonly groups: readonly string[] }>>;
  /** False while the directory of users did not answer when it was last asked. */
  readonly directoryAnswers: () => boolean;
  readonly issuersUnreachable: () => number;
  /** Refresh tokens that are none, by address. */
  readonly refreshFailures: Limit;
  /** Sign-ins by an issuer that failed, by address. */
  readonly signInFailures: Limit;
  /** Who has a name that a robot might get, in words; undefined for nobody. @throws {WardenError} DIRECTORY_UNAVAILABLE, OVERLOADED. */
  readonly takenBy: (name: string) => Promise<string | undefined>;
  /** For the token endpoint and the API alike. */
  readonly deps: LoginDeps;
}

const WINDOW_SECONDS = 60;
const AGENT_LENGTH = 512;
/** Of a grant it is not known whose it is. */
const KINDS: Readonly<Record<string, 'build' | 'robot'>> = { oidc: 'build', robot: 'robot', grant: 'robot' };
/** Stands for any name that no user has. No user can have it: names hold no brackets. */
const UNKNOWN_NAME = '(unknown name)';

/** @throws {WardenError} when the users file became unusable after it was checked. */
export async function openLogins(
  part: Part,
  { redisUrl, directory: config }: Pick<Loaded, 'redisUrl' | 'directory'>,
  {
    recorder,
    metrics,
    policy,
    machines: { robots, grants },
    revokesLogin,
  }: {
    readonly recorder: Recorder;
    readonly metrics: Metrics;
    readonly policy: () => Policy;
    readonly machines: Machines;
    readonly revokesLogin: MachineLoginDeps['revokesLogin'];
  },
): Promise<Logins> {
  const { settings, log, endings } = part;
  let refused = false;
  const users = await createUsers({
    file: settings.users,
    now: Date.now,
    onProblems(problems) {
      refused = true;
      reportProblems(log, 'the users file is refused; the last good one goes on', problems);
    },
    onReload(list) {
      refused = false;
      log.info({ users: list.byName.size }, 'the users file was read again');
    },
  });
  if (!users.ok)
    throw new WardenError('INTERNAL', { sentence: users.problems.map(describeProblem).join('\n') });
  // Looked at also while nobody logs in, so that a broken file is told of when it is broken.
  const watching = setInterval(() => void users.users.current(), WATCH_MS).unref();
  endings.defer(() => clearInterval(watching));
  const shared = openShared(part, redisUrl);
  const { limitOf } = shared;
  const { byAddress, byUserAndAddress, overall } = settings.logins.failuresPerMinute;
  const directory = config && openDirectory(part, config, metrics);
  const people = createLogin({
    users: users.users,
    isRobot: (name) => robots.find(name) !== undefined,
    ...directory?.forLogins,
    passwords: createPasswords({
      now: () => performance.now(),
      rememberSeconds: settings.logins.rememberSeconds,
    }),
    limits: {
      byAddress: limitOf({ name: 'login-address', points: byAddress, seconds: WINDOW_SECONDS }),
      byUserAndAddress: limitOf({
        name: 'login-user-address',
        points: byUserAndAddress,
        seconds: WINDOW_SECONDS,
      }),
      overall: {
        limit: shared.limitOf({ name: 'login-overall', points: overall, seconds: WINDOW_SECONDS }),
        familiar: shared.familiar,
        isHost: hostTest(policy),
      },
    },
  });
  const collided = new Set<string>();
  const login = createMachineLogin({
    ...{ users: users.users, robots, grants, now: Date.now, revokesLogin, otherwise: people },
    onCollision(robot) {
      if (!collided.has(robot))
        log.error({ robot }, 'a robot has the name of a user of the file: it cannot log in, the user can');
      collided.add(robot);
    },
  });
  const builds = openBuildLogins(part, {
    otherwise: login.login,
    byAddress: limitOf({ name: 'login-token-address', points: byAddress, seconds: WINDOW_SECONDS }),
  });
  const deps: LoginDeps = {
    login: builds.login,
    parseBasic: (header) => parseBasic(header) ?? 'malformed',
    loginFailed({ user, client, userAgent, reason }) {
      recorder.loginFailed({
        reason,
        ...(user && {
          actor: {
            sub: user.exists ? user.name : UNKNOWN_NAME,
            kind: ('kind' in user && user.kind) || (KINDS[user.method] ?? 'person'),
            method: user.method,
            evidence: 'claimed',
          },
        }),
        peer: {
          ip: client.address,
          ...(client.peer !== client.address && { socket: client.peer }),
          ...(userAgent && { ua: printable(userAgent) }),
        },
      });
    },
  };
  return {
    login,
    deps,
    users: async () => (await users.users.current()).byName,
    usersRefused: () => refused,
    refreshFailures: limitOf({ name: 'login-refresh-address', points: byAddress, seconds: WINDOW_SECONDS }),
    signInFailures: limitOf({ name: 'login-sign-in-address', points: byAddress, seconds: WINDOW_SECONDS }),
    issuersUnreachable: builds.issuersUnreachable,
    async takenBy(name) {
      if ((await users.users.current()).byName.has(name)) return 'a user of the users file';
      if (settings.oidc.some((issuer) => issuer.users.includes(name))) return 'the login of builds (oidc)';
      const person = await directory?.forLogins.directory?.find(name);
      return person && 'somebody in the directory';
    },
    directoryAnswers: () => directory?.answers() ?? true,
  };
}

/** Made anew for each policy, of which there are few. */
function hostTest(policy: () => Policy): (address: string) => boolean {
  const known = new WeakMap<Policy, ReadonlySet<string>>();
  return (address) => {
    const now = policy();
    let addresses = known.get(now);
    if (addresses === undefined) {
      const listed = [...now.hosts.values()].flatMap((host) => host.addresses ?? []);
      addresses = new Set(listed.map((text) => canonicalAddress(text) ?? text));
      known.set(now, addresses);
    }
    return addresses.has(address);
  };
}

/** What strangers wrote, for a record: cut, printable ASCII. */
function printable(text: string): string {
  return text.slice(0, AGENT_LENGTH).replace(/[^\x20-\x7e]/g, '?');
}
