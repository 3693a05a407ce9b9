/**
 * Everything that the files say, read and checked as a whole: the same for a start and for `warden check`, so that what
 * was checked is what starts.
 */
import { hiddenClients, readNetworkFacts } from './config/container-network.ts';
import type { NamedFiles } from './config/named-files.ts';
import { loadPolicy, stampPolicyFiles } from './config/policy-files.ts';
import type { PolicyText } from './config/policy-texts.ts';
import { loadSettings, type Settings } from './config/settings.ts';
import type { Problem } from './config/yaml.ts';
import { type Authorities, loadAuthorities } from './identity/certificates/authorities.ts';
import { type DirectoryConfig, loadDirectory } from './identity/ldap/from-settings.ts';
import { loadUsers } from './identity/users-file.ts';
import type { Policy } from './policy/policy.ts';
import { type Path, pathText } from './policy/problem.ts';
import { problemsOfIssuer, unusableCertificates } from './preflight/certificates.ts';
import { at } from './preflight/part.ts';
import { loadDatabase, loadRedisUrl, missingFolder, unusableFolder } from './preflight/places.ts';
import { loadTls, namesMissing, type Tls } from './preflight/tls.ts';
import type { Database } from './store/postgres-file.ts';
import { loadClientSecret } from './token/client-secret.ts';
import type { KeyRing } from './token/key-ring.ts';
import { loadKeyRing } from './token/key-ring-files.ts';
import { loadSigningKey, type SigningKey } from './token/keys.ts';
import { loadNoteKey, type NoteKey } from './token/note-key.ts';
import { loadOffloadKey, type OffloadKey } from './token/offload-key.ts';
import { loadUpstreamKey, type UpstreamKey } from './token/upstream-key.ts';
import { loadWebhookSecret } from './token/webhook-secret.ts';

/** What a start needs of the files. */
export interface Loaded {
  readonly settings: Settings;
  readonly policy: Policy;
  /** The policy's files as they were read. */
  readonly policyTexts: readonly PolicyText[];
  /** Of the policy's files just before they were read, so that a change in between is seen. */
  readonly policyStamp: string;
  /** Of the tokens of clients. */
  readonly clientKeys: KeyRing;
  readonly upstream: UpstreamKey;
  /** Of redirects; undefined where there are none. */
  readonly offloadKey: OffloadKey | undefined;
  /** Of the log's checkpoints, the first before all; empty where no tree is signed. */
  readonly noteKeys: readonly NoteKey[];
  /** Of attestations; undefined where none are made. */
  readonly attestationKey: SigningKey | undefined;
  readonly tls: Tls | undefined;
  /** By the name of the destination. */
  readonly webhookSecrets: ReadonlyMap<string, Buffer>;
  /** Of clients' certificates; undefined where none are looked at. */
  readonly authorities: Authorities | undefined;
  readonly redisUrl: string | undefined;
  /** Undefined where the record is in files. */
  readonly database: Database | undefined;
  /** Undefined where there is no directory. */
  readonly directory: DirectoryConfig | undefined;
}

export type Preflight =
  | { readonly ok: true; readonly loaded: Loaded; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

/** @param now milliseconds since 1970, for certificates. */
export async function preflight(settingsFile: string, now: number): Promise<Preflight> {
  const read = await loadSettings(settingsFile);
  if (!read.ok)
    return { ok: false, problems: [...read.problems, ...(await problemsOfNamed(read.named))], warnings: [] };
  const { settings } = read;
  const problems: Problem[] = [];
  const warnings: Problem[] = [...read.warnings];
  /** Notes what a part has to say; undefined where it is unusable. */
  function take<T extends { readonly ok: true; readonly warnings?: readonly Problem[] }>(
    part: T | { readonly ok: false; readonly problems: readonly Problem[] },
    ...key: (string | number)[]
  ): T | undefined {
    if (!part.ok) {
      problems.push(...part.problems.map((problem) => namedBy(problem, key)));
      return undefined;
    }
    warnings.push(...(part.warnings ?? []));
    return part;
  }

  /** A file that is not there is most often a wrong name, and that stands in the settings. */
  function namedBy(problem: Problem, key: Path): Problem {
    if (key.length === 0 || !/cannot be read/.test(problem.message)) return problem;
    const { line, column } = read.ok ? read.positionOf(key) : { line: 1, column: 1 };
    return {
      ...problem,
      message: `${problem.message} (${pathText(key)} at ${settingsFile}:${line}:${column})`,
    };
  }

  const clientKeys = take(
    loadKeyRing(settings.tokens.keyFile, settings.tokens.algorithm),
    'tokens',
    'keyFile',
  );
  const upstream = loadUpstreamKey({ ...settings.registry, now });
  const ofCertificate = !upstream.ok && upstream.problems[0]?.file === settings.registry.certificateFile;
  const upstreamKey = take(upstream, 'registry', ofCertificate ? 'certificateFile' : 'keyFile');
  if (clientKeys?.ring.some(({ key }) => key.kid === upstreamKey?.upstream.key.kid)) {
    problems.push(
      at(
        settings.registry.keyFile,
        'the same key signs the tokens of clients: a token of a client would open the registry',
      ),
    );
  }
  const redirects = settings.offload?.redirect;
  const offloadKey = redirects && take(loadOffloadKey(redirects.keyFile), 'offload', 'redirect', 'keyFile');
  const attestations = settings.attestations;
  const attestationKey =
    attestations && take(loadSigningKey(attestations.keyFile, 'ES256'), 'attestations', 'keyFile');
  const signing = [...(clientKeys?.ring ?? []), ...(upstreamKey ? [upstreamKey.upstream] : [])];
  if (signing.some(({ key }) => key.kid === attestationKey?.key.kid)) {
    problems.push(
      at(
        settings.attestations?.keyFile ?? '',
        'the same key signs tokens; attestations need a key of their own',
      ),
    );
  }
  const policyStamp = await stampPolicyFiles(settings.policy);
  const policy = take(await loadPolicy(settings.policy), 'policy');
  take(await loadUsers(settings.users), 'users');
  const tls = settings.listen.tls && take(loadTls(settings.listen.tls, now), 'listen', 'tls');
  for (const [index, issuer] of settings.oidc.entries()) {
    for (const problem of await problemsOfIssuer(issuer)) problems.push(namedBy(problem, ['oidc', index]));
  }
  for (const [index, { caFile, clientSecretFile, clientKeyFile }] of settings.page.signIn.entries()) {
    const key = ['page', 'signIn', index] as const;
    const why = caFile === undefined ? undefined : unusableCertificates(caFile);
    if (caFile !== undefined && why !== undefined)
      problems.push(namedBy(at(caFile, why), [...key, 'caFile']));
    if (clientSecretFile !== undefined) take(loadClientSecret(clientSecretFile), ...key, 'clientSecretFile');
    if (clientKeyFile !== undefined) take(loadSigningKey(clientKeyFile), ...key, 'clientKeyFile');
  }
  const webhookSecrets = new Map<string, Buffer>();
  for (const [index, { name, file: toFile, webhook, syslog }] of settings.forward.entries()) {
    const key = ['forward', String(index)];
    const lacking = toFile && missingFolder(toFile.path);
    if (toFile && lacking !== undefined) warnings.push(namedBy(at(toFile.path, lacking), key));
    for (const file of [webhook?.caFile, syslog?.tls?.caFile, syslog?.tls?.certificateFile]) {
      const why = file === undefined ? undefined : unusableCertificates(file);
      if (file !== undefined && why !== undefined) problems.push(namedBy(at(file, why), key));
    }
    if (webhook?.secretFile === undefined) continue;
    const loaded = take(loadWebhookSecret(webhook.secretFile), ...key, 'webhook', 'secretFile');
    if (loaded) webhookSecrets.set(name, loaded.secret);
  }
  const clients =
    settings.clientCertificates &&
    take(await loadAuthorities(settings.clientCertificates, now), 'clientCertificates');
  const { transparency } = settings;
  const noteKey = transparency && take(loadNoteKey(transparency.keyFile), 'transparency', 'keyFile');
  const before = transparency?.previousKeyFile;
  const previousKey =
    before === undefined ? undefined : take(loadNoteKey(before), 'transparency', 'previousKeyFile');
  for (const [index, { caFile }] of (transparency?.witnesses ?? []).entries()) {
    const why = caFile === undefined ? undefined : unusableCertificates(caFile);
    if (caFile !== undefined && why !== undefined)
      problems.push(namedBy(at(caFile, why), ['transparency', 'witnesses', index, 'caFile']));
  }
  const redis = settings.state && take(loadRedisUrl(settings.state.redisUrlFile), 'state', 'redisUrlFile');
  const database = settings.store && take(loadDatabase(settings.store), 'store');
  const directory =
    settings.ldap &&
    take(
      loadDirectory(settings.ldap, (key, sentence) => ({
        file: settingsFile,
        ...read.positionOf(key),
        message: `${key.join('.')}: ${sentence}`,
      })),
    );

  if (tls) warnings.push(...namesMissing(settings, tls.tls.cert, settings.listen.tls?.certificateFile ?? ''));
  const unusable = unusableFolder(settings.data);
  if (unusable !== undefined) {
    const { line, column } = read.positionOf(['data']);
    const problem = { file: settingsFile, line, column, message: `data: ${unusable.sentence}` };
    (unusable.mayPass ? warnings : problems).push(problem);
  }
  const hidden = hiddenClients(readNetworkFacts());
  if (hidden !== undefined) warnings.push(at(settingsFile, hidden));
  if (problems.length > 0 || !clientKeys || !upstreamKey || !policy) return { ok: false, problems, warnings };
  return {
    ok: true,
    warnings,
    loaded: {
      settings,
      policy: policy.policy,
      policyTexts: policy.texts,
      policyStamp,
      clientKeys: clientKeys.ring,
      upstream: upstreamKey.upstream,
      offloadKey: offloadKey?.key,
      noteKeys: [noteKey, previousKey].flatMap((one) => (one === undefined ? [] : [one.key])),
      attestationKey: attestationKey?.key,
      tls: tls?.tls,
      webhookSecrets,
      authorities: clients?.authorities,
      redisUrl: redis?.url,
      database: database?.database,
      directory: directory?.config,
    },
  };
}

/** What is wrong in the files that broken settings name, as far as their names can be told. */
async function problemsOfNamed(named: NamedFiles | undefined): Promise<readonly Problem[]> {
  if (named === undefined) return [];
  const { policy, users, clientKey, upstreamKey } = named;
  const parts = [
    ...(clientKey === undefined ? [] : [loadSigningKey(clientKey)]),
    ...(upstreamKey === undefined ? [] : [loadSigningKey(upstreamKey)]),
    ...(policy === undefined ? [] : [await loadPolicy(policy)]),
    ...(users === undefined ? [] : [await loadUsers(users)]),
  ];
  return parts.flatMap((part) => (part.ok ? [] : part.problems));
}
