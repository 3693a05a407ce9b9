/** Builds everything once and hands it down. What each part is made of stands in wiring/, what it does in the rooms. */
import type { AddressInfo } from 'node:net';
import { createAskedTags } from './gate/asked-tags.ts';
import { createBodyBudget } from './gate/body-budget.ts';
import type { GateDeps } from './gate/deps.ts';
import { createGate } from './gate/gate.ts';
import { createManifestCheck } from './gate/manifest-check.ts';
import { createUploadSeals } from './gate/upload-seal.ts';
import { createApp } from './http/app.ts';
import { drain, listen } from './http/listening.ts';
import { createOperationsServer } from './http/operations.ts';
import { tokenEndpoint } from './http/routes/token.ts';
import { createWardenServer } from './http/server.ts';
import { decide } from './policy/decide.ts';
import type { Loaded } from './preflight.ts';
import type { Log } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { jwksOf } from './token/jwks.ts';
import { createRegistry } from './upstream/registry.ts';
import { endingDeps, openActs, openEndLogins } from './wiring/administration.ts';
import { attestationDeps } from './wiring/attestations.ts';
import { auditDeps } from './wiring/audit.ts';
import { watchCertificate } from './wiring/certificate.ts';
import { openClientCertificates } from './wiring/client-certificates.ts';
import { watchClientKeys } from './wiring/client-keys.ts';
import { clientReader, realmChooser, shareOf } from './wiring/clients.ts';
import { openDatabases } from './wiring/database.ts';
import { openDocuments } from './wiring/documents.ts';
import { startForwarding } from './wiring/forwarding.ts';
import { policyDeps } from './wiring/inquiries.ts';
import { openLogReader } from './wiring/log-reader.ts';
import { openLogins } from './wiring/logins.ts';
import { machineRoutes } from './wiring/machine-routes.ts';
import { openMachines, pushGrants, tidyMachines } from './wiring/machines.ts';
import { openOffload } from './wiring/offload.ts';
import { operationsOf, writableOf } from './wiring/operations.ts';
import { openPage } from './wiring/page.ts';
import type { Part } from './wiring/part.ts';
import { openPolicy } from './wiring/policy.ts';
import { openPushLog } from './wiring/push-log.ts';
import { openReconciliation } from './wiring/reconciliation.ts';
import { openRecord } from './wiring/record.ts';
import { limitRefresh } from './wiring/refresh-limit.ts';
import { openRefusals } from './wiring/refusals.ts';
import { openRevocations } from './wiring/revocations.ts';
import { openSignIn } from './wiring/sign-in.ts';
import { statusOf } from './wiring/status.ts';
import { endRevoked, openSessions, openTokens, sessionDeps } from './wiring/tokens.ts';
import { openTransparency, signedLogDeps } from './wiring/transparency.ts';
import { watchUpstreamKey } from './wiring/upstream-key.ts';

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

/** @throws {StoreError | WardenError} with one sentence; what had been opened is closed again. */
export async function startWarden(options: WardenOptions): Promise<Warden> {
  const endings = new AsyncDisposableStack();
  try {
    return await build(options, endings);
  } catch (error) {
    await endings.disposeAsync();
    throw error;
  }
}

async function build(
  { loaded, log, version }: WardenOptions,
  endings: AsyncDisposableStack,
): Promise<Warden> {
  const { settings } = loaded;
  const part: Part = { settings, log, version, endings };
  const metrics = createMetrics();
  const databases = await openDatabases(part, loaded.database);
  const pushLog = await openPushLog(part, databases);
  const record = await openRecord(part, pushLog, databases);
  const documents = await openDocuments(part, databases);
  const reader = openLogReader(part, pushLog);
  const forwarding = startForwarding(part, { reader, documents, metrics, secrets: loaded.webhookSecrets });
  const transparency = await openTransparency(part, {
    reader,
    recorder: record.recorder,
    keys: loaded.noteKeys,
    shared: databases && pushLog.instance && { postgres: databases.shared, instance: pushLog.instance },
  });
  const policy = await openPolicy(part, loaded, record, databases);
  const refusals = await openRefusals(part, policy, databases);
  const machines = await openMachines(part, documents, metrics);
  const logins = await openLogins(part, loaded, {
    recorder: record.recorder,
    metrics,
    policy: policy.current,
    machines,
    revokesLogin: (login) => revocations.revokesLogin(login),
  });
  const sessions = await openSessions(part, documents);
  const revocations = await openRevocations(part, { documents, redisUrl: loaded.redisUrl }, (revocation) => {
    if (revocation.kind === 'checks') logins.login.forget();
    else endRevoked(part, sessions, revocation);
  });
  const acts = openActs(part, { documents, recorder: record.recorder });
  const endLogins = openEndLogins(part, sessions, revocations);
  tidyMachines(part, machines, acts);
  const upstreamKey = watchUpstreamKey(part, loaded.upstream, acts);
  const clientKeys = watchClientKeys(part, loaded.clientKeys);
  const tokens = openTokens(part, clientKeys.current, upstreamKey.current, policy.current, revocations);
  const responseTimeoutMs = settings.registry.responseTimeoutSeconds * 1000;
  const settleMs = settings.record.settleSeconds * 1000;
  const idleTimeoutMs = settings.clients.idleSeconds * 1000;
  const bodyTimeoutMs = settings.clients.bodySeconds * 1000;
  const registry = createRegistry({
    url: new URL(settings.registry.url),
    sign: tokens.upstream.sign,
    responseTimeoutMs,
    connectTimeoutMs: settings.registry.connectTimeoutSeconds * 1000,
  });
  endings.defer(() => registry.close());
  registry.ping().then(
    (answer) =>
      answer.ok ||
      log.warn(
        { why: answer.why },
        'the registry does not serve yet; pulls and pushes will fail until it does',
      ),
    () => undefined,
  );
  record.recorder
    .settle({
      lookTag: registry.lookTag,
      lookDigest: registry.lookDigest,
      lookBlob: registry.lookBlob,
      settleMs,
    })
    .catch((error: unknown) =>
      log.error({ err: error }, 'what an earlier process left open could not be settled'),
    );

  const gateDeps: GateDeps = {
    realm: realmChooser(part),
    verify: tokens.verifyRegistry,
    revocationsStale: revocations.stale,
    decide: (question) => decide(policy.current(), question),
    policyDigest: () => policy.current().digest,
    tellRefusal: refusals.tell,
    askedTags: createAskedTags(() => performance.now()),
    bodies: createBodyBudget(),
    manifests: createManifestCheck({ registry, isRecorded: record.isRecorded }),
    grants: pushGrants(part, machines, acts, logins.login.resume),
    seals: createUploadSeals(clientKeys.sealing),
    registry,
    offload: openOffload(part, loaded.offloadKey),
    recorder: record.recorder,
    imagesOfChain: record.imagesOfChain,
    writable: writableOf({ record, policy }),
    inventory: record.inventory,
    metrics,
    settings: {
      deletes: settings.registry.deletes,
      redirectHosts: settings.registry.redirectHosts,
      responseTimeoutMs,
      commitTimeoutMs: settings.registry.commitTimeoutSeconds * 1000,
      idleTimeoutMs,
      bodyTimeoutMs,
      settleMs,
    },
    now: Date.now,
  };
  const gate = createGate(gateDeps);
  const signIn = openSignIn(part, { documents, clientKeys, byAddress: logins.signInFailures });
  const page = openPage(part, { logins, sessions, revocations, signIn });
  const api = { ...logins.deps, verify: tokens.verifyApi, page: page?.sessions };
  const inquiries = policyDeps(part, { api, logins, policy, refusals, database: loaded.database });
  const audit = auditDeps({ api, policy, record, refusals, revocations, transparency });
  const reconciliation = openReconciliation(part, { record, documents, registry, reader });
  const ending = new AbortController();
  const app = createApp({
    log,
    attestations: attestationDeps(part, {
      ...{ loaded, gateDeps, logins, tokens, policy, record, refusals, transparency },
    }),
    page,
    audit,
    events: { ...audit, log: record.reader, stopping: ending.signal },
    status: {
      ...audit,
      status: () =>
        statusOf({
          ...{ registry, record, policy, logins, revocations, transparency, certificate, upstreamKey },
          ...{ clientCertificates, forwarding, machines, warnDays: settings.robots.warnDays },
        }),
    },
    signedLog: signedLogDeps(audit, record.entryOf, transparency),
    policy: inquiries,
    keys: () => jwksOf(clientKeys.current()),
    ...endingDeps(part, { acts, endLogins, sessions, tokens, policy: inquiries }),
    ...machineRoutes(part, {
      ...{ acts, endLogins, machines, api, logins, policy, refusals },
      stopping: ending.signal,
    }),
    reconciliation: { ...inquiries, ...reconciliation.asked },
  });
  const clientCertificates = openClientCertificates(part, loaded.authorities, metrics, () =>
    certificate.show(),
  );
  const authorities = (): string | undefined => clientCertificates?.authorities();
  const server = createWardenServer({
    gate,
    token: tokenEndpoint({
      ...logins.deps,
      bodyTimeoutMs,
      metrics,
      services: { registry: settings.service, api: settings.api.service },
      ...{ sign: tokens.sign, moment: tokens.moment },
      sessions: limitRefresh(
        sessionDeps(part, { sessions, login: logins.login, revocations }),
        logins.refreshFailures,
      ),
    }),
    app,
    readClient: clientReader(part, clientCertificates),
    shareOf: shareOf(part),
    limits: {
      headersTimeoutMs: settings.clients.headSeconds * 1000,
      keepAliveMs: settings.clients.keepAliveSeconds * 1000,
      silenceMs: idleTimeoutMs,
      requestsOfAddress: settings.clients.requestsPerAddress,
      connectionsOfAddress: settings.clients.connectionsPerAddress,
    },
    log,
    metrics,
    tls: loaded.tls && { ...loaded.tls, ca: authorities() },
  });
  const certificate = watchCertificate(part, server, loaded.tls, authorities);

  let closing: Promise<void> | undefined;
  const stopping = (): boolean => closing !== undefined;
  const operations = createOperationsServer(
    operationsOf({
      ...{
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
        stopping,
      },
      ...{ clientCertificates, reconciliation },
    }),
  );
  // Both lie on the stack before they listen: what fails half-way is closed like the rest.
  endings.defer(() => operations.closeAllConnections());
  endings.defer(() => void operations.close());
  endings.defer(() => drain(server, settings.shutdown.graceSeconds * 1000));
  await listen(server, settings.listen, 'listen');
  await listen(operations, settings.operations, 'operations');

  return {
    port: (server.address() as AddressInfo).port,
    operationsPort: (operations.address() as AddressInfo).port,
    async reload() {
      certificate.reload();
      await clientKeys.reload();
      await upstreamKey.reload();
      await clientCertificates?.reload();
      await policy.reload();
    },
    close() {
      ending.abort();
      closing ??= endings.disposeAsync();
      return closing;
    },
  };
}
