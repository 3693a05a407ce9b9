/**
 * Builds everything once and hands it down. What stands here is who gets what; what they do with it stands in the rooms.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createAudit } from './audit/audit.ts';
import { parsePullsQuery, parsePushesQuery } from './audit/filters.ts';
import { loadPolicy, stampPolicyFiles } from './config/policy-files.ts';
import { createPolicyHolder, watchPolicy } from './config/policy-holder.ts';
import { authorityOf } from './config/settings.ts';
import { describeProblem, type Problem } from './config/yaml.ts';
import { WardenError } from './errors.ts';
import type { Client } from './gate/exchange.ts';
import { createGate } from './gate/gate.ts';
import { createApp } from './http/app.ts';
import { createOperationsServer, type Readiness } from './http/operations.ts';
import { createWardenServer } from './http/server.ts';
import { parseBasic } from './identity/basic.ts';
import { clientAddress, secureTransport } from './identity/client-address.ts';
import { createLogin } from './identity/login.ts';
import { createPasswords } from './identity/passwords.ts';
import { createUsers } from './identity/users.ts';
import { createInventory } from './inventory/inventory.ts';
import { createAddressTest, requireRange } from './policy/address.ts';
import { decide } from './policy/decide.ts';
import { UNKNOWN } from './policy/facts.ts';
import { describeRefusal } from './policy/refusal.ts';
import { type Loaded, loadTls } from './preflight.ts';
import { createRecordIndex } from './provenance/record-index.ts';
import { createRecorder, freeBytesOf } from './provenance/recorder.ts';
import { createMemoryLimit, type Limit, type LimitOptions } from './state/limits.ts';
import { connectRedis } from './state/redis.ts';
import { createRedisLimit } from './state/redis-limit.ts';
import { systemClock } from './store/clock.ts';
import { startThread, type Thread } from './store/thread.ts';
import type { Log } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { createClientTokens } from './token/client-token.ts';
import { grant, scopeText } from './token/grant.ts';
import { createSessions, startSessionsThread } from './token/sessions.ts';
import { createUpstreamTokens } from './token/upstream-token.ts';
import { createRegistry } from './upstream/registry.ts';

export interface Warden {
  readonly port: number;
  readonly operationsPort: number;
  /** Looks at policy and certificate again, as on SIGHUP. */
  reload(): Promise<void>;
  /** Takes no new connections, lets what is under way finish within the grace, writes what is counted, closes the files. */
  close(): Promise<void>;
}

export interface WardenOptions {
  readonly loaded: Loaded;
  readonly log: Log;
  readonly version: string;
}

const DAY_MS = 86_400_000;
/** Milliseconds between two looks at the files of policy and certificate. */
const WATCH_MS = 2_000;
/** Milliseconds for which an answer of the registry to a ping is good. */
const PING_MS = 1_000;
const INDEX_MS = 1_000;
const PURGE_MS = 3_600_000;

/** @throws {StoreError | WardenError} with one sentence when a file of the data folder cannot be opened. */
export async function startWarden({ loaded, log, version }: WardenOptions): Promise<Warden> {
  const { settings } = loaded;
  const clock = systemClock;
  const random = (size: number): Uint8Array => randomBytes(size);
  const metrics = createMetrics();
  /** What close() ends, last opened first. */
  const closers: (() => unknown)[] = [];
  mkdirSync(settings.data, { recursive: true, mode: 0o700 });

  async function thread(module: URL, options: unknown): Promise<Thread> {
    const started = await startThread(module, options);
    closers.unshift(() => started.close());
    return started;
  }

  // The record, the inventory, the index.
  const folder = settings.data;
  const logThread = await thread(new URL('./provenance/log-thread', import.meta.url), { folder });
  const recorder = await createRecorder({
    thread: logThread,
    clock,
    random,
    instance: hostname(),
    version,
    freeBytes: freeBytesOf(folder),
    minimumFreeBytes: settings.record.minimumFreeMegabytes * 1024 * 1024,
    onHealth: (health) => {
      if (health.writable) log.info('the push record can be written');
      else
        log.error({ why: health.why }, 'the push record cannot be written: pushes are refused, pulls go on');
    },
  });
  closers.unshift(() => recorder.close());
  const inventory = createInventory({
    thread: await thread(new URL('./inventory/inventory-thread', import.meta.url), { folder }),
    clock,
    onFailure: (error) =>
      log.warn({ err: error }, 'the inventory of pulls cannot be written; it is kept in memory'),
  });
  closers.unshift(() => inventory.close());
  const index = createRecordIndex({
    thread: await thread(new URL('./provenance/index-thread', import.meta.url), { folder }),
    clock,
    fillEveryMs: INDEX_MS,
    onFailure: (error) =>
      log.warn({ err: error }, 'the index of the record cannot be filled; it will catch up'),
  });
  closers.unshift(() => index.close());
  const audit = createAudit({ index, inventory });

  // Policy.
  const initialStamp = await stampPolicyFiles(settings.policy);
  let policyLoadedAt = clock.now();
  let policyRefused = false;
  const holder = createPolicyHolder({
    initial: loaded.policy,
    load: () => loadPolicy(settings.policy),
    onChange(next, previous, warnings) {
      policyLoadedAt = clock.now();
      log.info({ digest: next.digest, from: previous.digest }, 'another policy decides from now on');
      for (const warning of warnings) log.warn({ problem: describeProblem(warning) }, 'policy');
      recordPolicy(next.digest, previous.digest);
    },
    onProblem: (problems) =>
      reportProblems('the policy on disk is refused; the last good one goes on', problems),
  });
  const reloadPolicy = async (): Promise<void> => {
    policyRefused = (await holder.reload()) === 'refused';
  };
  const watching = watchPolicy({
    stamp: () => stampPolicyFiles(settings.policy),
    initialStamp,
    reload: reloadPolicy,
    intervalMs: WATCH_MS,
  });
  closers.unshift(() => watching.close());

  function recordPolicy(digest: string, from: string | undefined): void {
    recorder
      .append({ type: 'policy.changed', policy: { digest, ...(from !== undefined && { from }) } })
      .catch((error: unknown) => log.error({ err: error }, 'the change of policy could not be recorded'));
  }
  function reportProblems(sentence: string, problems: readonly Problem[]): void {
    log.error({ problems: problems.map(describeProblem) }, sentence);
  }
  log.info({ digest: loaded.policy.digest }, 'policy');
  recordPolicy(loaded.policy.digest, undefined);

  // Who asks.
  const users = await createUsers({
    file: settings.users,
    now: clock.now,
    onProblems: (problems) =>
      reportProblems('the users file is refused; the last good one goes on', problems),
    onReload: (list) => log.info({ users: list.byName.size }, 'the users file was read again'),
  });
  if (!users.ok)
    throw new WardenError('INTERNAL', { sentence: users.problems.map(describeProblem).join('\n') });
  const limitOf = limitsIn(loaded.redisUrl);
  const { byAddress, byUserAndAddress } = settings.logins.failuresPerMinute;
  const login = createLogin({
    users: users.users,
    passwords: createPasswords({ now: clock.now, rememberSeconds: settings.logins.rememberSeconds }),
    limits: {
      byAddress: limitOf({ name: 'login-address', points: byAddress, seconds: 60 }),
      byUserAndAddress: limitOf({ name: 'login-user-address', points: byUserAndAddress, seconds: 60 }),
    },
  });
  function limitsIn(redisUrl: string | undefined): (options: LimitOptions) => Limit {
    if (redisUrl === undefined) return createMemoryLimit;
    let told = 0;
    const redis = connectRedis({
      url: redisUrl,
      onProblem: (reason) =>
        log.warn({ reason }, 'Redis is away; failed logins are counted in this process alone'),
    });
    closers.unshift(() => redis.close());
    const onAway = (): void => {
      if (clock.now() - told > 60_000) log.warn('a failed login was counted in this process alone');
      told = clock.now();
    };
    return (options) => createRedisLimit({ ...options, client: redis.client, onAway });
  }
  const trusted = createAddressTest(settings.trustedProxies.map(requireRange));
  function readClient(
    facts: Parameters<Parameters<typeof createWardenServer>[0]['readClient']>[0],
  ): Client | undefined {
    const { peer, encrypted, forwardedFor, forwardedProto } = facts;
    const found = clientAddress({ peer, forwardedFor, trusted });
    if (!found.ok) return undefined;
    const { address, viaProxy, forwarded } = found;
    const overTls = viaProxy ? forwardedProto === 'https' : encrypted;
    return {
      address,
      peer: found.peer,
      forwarded,
      viaProxy,
      proto: overTls ? 'https' : 'http',
      confidential:
        settings.allowCredentialsOverHttp ||
        secureTransport({ encrypted, viaProxy, forwardedProto, address }),
    };
  }

  // Tokens.
  const { service } = settings;
  const common = {
    issuer: settings.tokens.issuer,
    lifetimeSeconds: settings.tokens.lifetimeSeconds,
    now: clock.now,
    random,
  };
  const registryTokens = createClientTokens({
    ...common,
    keys: [loaded.clientKey],
    audience: service,
    use: 'registry',
  });
  const apiTokens = createClientTokens({
    ...common,
    keys: [loaded.clientKey],
    audience: settings.api.service,
    use: 'api',
  });
  const upstreamTokens = createUpstreamTokens({
    ...loaded.upstream,
    issuer: settings.registry.issuer,
    service: settings.registry.service,
    now: clock.now,
    random,
  });
  const sessions = settings.sessions.enabled ? await openSessions() : undefined;
  async function openSessions() {
    const sessionsThread = await startSessionsThread({ file: join(folder, 'sessions.db') });
    closers.unshift(() => sessionsThread.close());
    const { idleDays, absoluteDays } = settings.sessions;
    const opened = createSessions({
      thread: sessionsThread,
      now: clock.now,
      random,
      idleMs: idleDays * DAY_MS,
      absoluteMs: absoluteDays * DAY_MS,
    });
    const purging = setInterval(() => {
      opened
        .purge()
        .catch((error: unknown) => log.warn({ err: error }, 'expired sessions could not be removed'));
    }, PURGE_MS).unref();
    closers.unshift(() => clearInterval(purging));
    return opened;
  }

  // The registry.
  const responseTimeoutMs = settings.registry.responseTimeoutSeconds * 1000;
  const registry = createRegistry({
    url: new URL(settings.registry.url),
    sign: upstreamTokens.sign,
    responseTimeoutMs,
  });
  closers.unshift(() => registry.close());
  const settleMs = settings.record.settleSeconds * 1000;
  recorder
    .settle({ lookTag: registry.lookTag, lookDigest: registry.lookDigest, settleMs })
    .catch((error: unknown) =>
      log.error({ err: error }, 'what an earlier process left open could not be settled'),
    );

  // The clients' listener.
  const realms = new Map(
    [settings.publicUrl, ...settings.alternateUrls].map((url) => [authorityOf(url).toLowerCase(), url]),
  );
  const gate = createGate({
    realm: (host) => ({
      realm: `${realms.get((host ?? '').toLowerCase()) ?? settings.publicUrl}/token`,
      service,
    }),
    verify(text) {
      const token = registryTokens.verify(text);
      return token === 'invalid' ? undefined : token;
    },
    decide: (question) => decide(holder.current(), question),
    policyDigest: () => holder.current().digest,
    refusalText: ({ decision, question, id }) =>
      describeRefusal({ decision, question, decisionId: id, registry: authorityOf(settings.publicUrl) }),
    registry,
    recorder,
    inventory,
    metrics,
    settings: {
      deletes: settings.registry.deletes,
      redirectHosts: settings.registry.redirectHosts,
      responseTimeoutMs,
      settleMs,
    },
    now: clock.now,
  });
  const loginDeps = {
    async login(attempt: { readonly user: string; readonly password: string; readonly address: string }) {
      const outcome = await login.login(attempt);
      return outcome.ok ? outcome : undefined;
    },
    parseBasic: (header: string) => parseBasic(header) ?? ('malformed' as const),
    loginFailed({
      user,
      client,
      userAgent,
      reason,
    }: {
      user: string;
      client: Client;
      userAgent: string | undefined;
      reason: string;
    }) {
      recorder.loginFailed({
        reason,
        actor: { sub: printable(user, 128), kind: 'person', method: 'password', evidence: 'claimed' },
        peer: {
          ip: client.address,
          ...(client.peer !== client.address && { socket: client.peer }),
          ...(userAgent && { ua: printable(userAgent, 512) }),
        },
      });
    },
  };
  const app = createApp({
    log,
    token: {
      ...loginDeps,
      metrics,
      services: { registry: service, api: settings.api.service },
      sign({ subject, audience, address, scopes }) {
        const access = grant(scopes, (repository, actions) => {
          const policy = holder.current();
          return decide(policy, {
            subject,
            address: UNKNOWN,
            tokenAddress: address,
            repository,
            actions,
            tag: UNKNOWN,
          }).verdict;
        });
        const tokens = audience === service ? registryTokens : apiTokens;
        const signed = tokens.sign({ subject, address, access });
        return { ...signed, scope: scopeText(access) };
      },
      sessions: sessions && {
        start: ({ subject, credential, service: audience, address, clientId }) =>
          sessions.start({
            subject: subject.name,
            service: audience,
            credential,
            address,
            clientId: clientId ?? '',
          }),
        async use(text, audience, client) {
          const session = await sessions.use(text, audience, client.address);
          return session && login.resume({ name: session.subject, credential: session.credential });
        },
      },
    },
    audit: {
      ...loginDeps,
      verify(text) {
        const token = apiTokens.verify(text);
        return token === 'invalid' ? undefined : token;
      },
      decide: (facts) => decide(holder.current(), { ...facts, actions: ['audit'], tag: undefined }),
      ask: (kind, parameters, mayRead) =>
        kind === 'pushes'
          ? audit.pushes(parsePushesQuery(parameters, clock.now()), mayRead)
          : audit.pulls(parsePullsQuery(parameters, clock.now()), mayRead),
      refusalText: ({ decision, subject, address, id }) =>
        describeRefusal({
          decision,
          question: {
            subject,
            address,
            tokenAddress: address,
            repository: UNKNOWN,
            actions: ['audit'],
            tag: undefined,
          },
          decisionId: id,
        }),
    },
  });
  let { tls } = loaded;
  const server = createWardenServer({ gate, app, readClient, log, metrics, tls });
  const watchingTls = watchTls();
  closers.unshift(() => clearInterval(watchingTls));

  /** A changed certificate is taken over for new connections; a bad one changes nothing. */
  function reloadTls(): void {
    const files = settings.listen.tls;
    if (files === undefined || tls === undefined) return;
    const next = loadTls(files, clock.now());
    if (!next.ok) {
      reportProblems('the certificate on disk is refused; the last good one goes on', next.problems);
      return;
    }
    if (next.tls.cert === tls.cert && next.tls.key === tls.key) return;
    tls = next.tls;
    (server as unknown as HttpsServer).setSecureContext(tls);
    log.info({ until: new Date(tls.expiresAt).toISOString() }, 'another certificate is shown from now on');
  }
  function watchTls(): NodeJS.Timeout {
    let refused = '';
    return setInterval(() => {
      const files = settings.listen.tls;
      if (files === undefined) return;
      // Said once for each state of the files, not every two seconds.
      const next = loadTls(files, clock.now());
      const state = next.ok ? '' : next.problems.map(describeProblem).join();
      if (next.ok || state !== refused) reloadTls();
      refused = state;
    }, WATCH_MS).unref();
  }

  // The operators' listener.
  let closing: Promise<void> | undefined;
  let pinged: { readonly at: number; readonly answer: ReturnType<typeof registry.ping> } | undefined;
  async function ready(): Promise<Readiness> {
    if (closing !== undefined) return { ready: false, why: 'shutting down' };
    if (pinged === undefined || clock.now() - pinged.at > PING_MS)
      pinged = { at: clock.now(), answer: registry.ping() };
    const answer = await pinged.answer;
    return answer.ok ? { ready: true } : { ready: false, why: answer.why };
  }
  async function readyForPush(): Promise<Readiness> {
    const pulls = await ready();
    if (!pulls.ready) return pulls;
    const health = recorder.health();
    return health.writable ? { ready: true } : { ready: false, why: health.why };
  }
  const operations = createOperationsServer({ ready, readyForPush, metrics });
  metrics.watch('warden_record_writable', () => (recorder.health().writable ? 1 : 0));
  metrics.watch('warden_inventory_dropped_total', () => inventory.dropped());
  metrics.watch('warden_policy_loaded_timestamp_seconds', () => policyLoadedAt / 1000);
  metrics.watch('warden_policy_reload_failed', () => (policyRefused ? 1 : 0));
  metrics.watch('warden_certificate_expires_timestamp_seconds', () =>
    tls === undefined ? 0 : tls.expiresAt / 1000,
  );

  try {
    await listen(server, settings.listen, 'listen');
    await listen(operations, settings.operations, 'operations');
  } catch (error) {
    server.close();
    for (const end of closers) await end();
    throw error;
  }

  async function close(): Promise<void> {
    const graceMs = settings.shutdown.graceSeconds * 1000;
    const ended = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    await ended;
    clearTimeout(timer);
    for (const end of closers) await end();
    operations.close();
    operations.closeAllConnections();
  }

  return {
    port: (server.address() as AddressInfo).port,
    operationsPort: (operations.address() as AddressInfo).port,
    async reload() {
      reloadTls();
      await reloadPolicy();
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** @throws {WardenError} with the sentence for a start that fails. */
function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
  key: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why: Readonly<Record<string, string>> = {
        EADDRINUSE: 'the address is in use by another process',
        EACCES: 'this user may not listen there',
        EADDRNOTAVAIL: 'this machine has no such address',
      };
      const sentence = `${key}: cannot listen on ${host} port ${port}: ${why[error.code ?? ''] ?? error.code}`;
      reject(new WardenError('INTERNAL', { sentence, cause: error }));
    });
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

/** What strangers wrote, for a record: cut, printable ASCII. */
function printable(text: string, length: number): string {
  return text.slice(0, length).replace(/[^\x20-\x7e]/g, '?');
}
