/** The tokens of clients, of the API, of Warden at the registry, and the sessions behind refresh tokens. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { WardenError } from '../errors.ts';
import type { TokenDeps } from '../http/routes/token.ts';
import type { Login } from '../identity/login.ts';
import { decide } from '../policy/decide.ts';
import { UNKNOWN } from '../policy/facts.ts';
import type { Policy } from '../policy/policy.ts';
import type { Revocation } from '../revocation/revocation.ts';
import type { Revocations } from '../revocation/revocations.ts';
import type { DocumentStore } from '../store/documents.ts';
import { onlyPulls } from '../token/access.ts';
import { adoptSessions } from '../token/adopt-sessions.ts';
import { type ClientToken, createClientTokens, TOKEN_LIMIT } from '../token/client-token.ts';
import { grant, scopeText } from '../token/grant.ts';
import { createRandomSource } from '../token/random-source.ts';
import { bindSessions } from '../token/session-binding.ts';
import { createSessions, SESSION_KIND, type SessionBody, type Sessions } from '../token/sessions.ts';
import type { UpstreamKey } from '../token/upstream-key.ts';
import { createUpstreamTokens, type UpstreamTokens } from '../token/upstream-token.ts';
import type { ClientKeys } from './client-keys.ts';
import type { Part } from './part.ts';

export interface Tokens {
  readonly verifyRegistry: (text: string) => ClientToken | 'revoked' | undefined;
  readonly verifyApi: (text: string) => ClientToken | 'revoked' | undefined;
  readonly upstream: UpstreamTokens;
  /** What the token endpoint signs, and how long that is the same. */
  readonly sign: TokenDeps['sign'];
  readonly moment: TokenDeps['moment'];
}

const DAY_MS = 86_400_000;
/** Of releases before sessions were documents. */
const OLD_SESSIONS_FILE = 'sessions.db';
/** Milliseconds until they are tried again. */
const ADOPT_MS = 60_000;
const PURGE_MS = 3_600_000;

export function openTokens(
  { settings }: Part,
  keys: ClientKeys['current'],
  upstream: () => UpstreamKey,
  policy: () => Policy,
  revocations: Pick<Revocations, 'revokes'>,
): Tokens {
  const { service, tokens, registry } = settings;
  const random = createRandomSource();
  const common = {
    keys,
    issuer: tokens.issuer,
    lifetimeSeconds: tokens.lifetimeSeconds,
    now: Date.now,
    random,
  };
  const forRegistry = createClientTokens({ ...common, audience: service, use: 'registry' });
  const forApi = createClientTokens({ ...common, audience: settings.api.service, use: 'api' });
  function valid(token: ClientToken | 'invalid'): ClientToken | 'revoked' | undefined {
    if (token === 'invalid') return undefined;
    return revocations.revokes(token) ? 'revoked' : token;
  }
  let moment = { second: 0, policy: policy(), keys: keys() };
  return {
    verifyRegistry: (text) => valid(forRegistry.verify(text)),
    verifyApi: (text) => valid(forApi.verify(text)),
    upstream: createUpstreamTokens({
      signer: upstream,
      keyHeader: registry.keyHeader,
      issuer: registry.issuer,
      service: registry.service,
      now: Date.now,
      random,
    }),
    sign({ subject, audience, address, scopes, via, authenticatedAt, notAfter }) {
      const decider = policy();
      const access = grant(
        scopes,
        (repository, actions) =>
          decide(decider, {
            subject,
            address: UNKNOWN,
            tokenAddress: address,
            repository,
            actions,
            tag: UNKNOWN,
            time: UNKNOWN,
            client: UNKNOWN,
            certificates: UNKNOWN,
          }).verdict,
      );
      const signed = (audience === service ? forRegistry : forApi).sign({
        ...{ subject, address, access, via, authenticatedAt, notAfter },
      });
      if (signed.token.length > TOKEN_LIMIT) {
        const sentence = 'the scopes asked for at once make too large a token; ask for fewer';
        throw new WardenError('SCOPE_MALFORMED', { sentence });
      }
      return { ...signed, scope: scopeText(access), shared: onlyPulls(access) };
    },
    moment() {
      const second = Math.floor(Date.now() / 1000);
      if (moment.second !== second || moment.policy !== policy() || moment.keys !== keys())
        moment = { second, policy: policy(), keys: keys() };
      return moment;
    },
  };
}

/** Takes over those of an earlier release, now or as soon as their disk lets it. */
export async function openSessions(
  { settings, log, endings }: Part,
  documents: DocumentStore,
): Promise<Sessions> {
  const { idleDays, absoluteDays, bind } = settings.sessions;
  const options = {
    documents: documents.of<SessionBody>(SESSION_KIND),
    idleMs: idleDays * DAY_MS,
    absoluteMs: absoluteDays * DAY_MS,
  };
  let later: NodeJS.Timeout | undefined;
  endings.defer(() => clearTimeout(later));
  async function adopt(): Promise<void> {
    try {
      const adopted = await adoptSessions({ ...options, file: join(settings.data, OLD_SESSIONS_FILE) });
      if (adopted > 0) log.info({ sessions: adopted }, 'the sessions of an earlier release were taken over');
    } catch (error) {
      log.error({ err: error }, 'the sessions of an earlier release cannot be taken over yet; tried again');
      later = setTimeout(() => void adopt(), ADOPT_MS).unref();
    }
  }
  await adopt();
  const bits = bind === 'address' ? { ipv4Bits: 32, ipv6Bits: 128 } : bind === 'none' ? undefined : bind;
  const sessions = createSessions({
    ...options,
    binding: bindSessions(bits),
    now: Date.now,
    random: (size) => randomBytes(size),
  });
  const purging = setInterval(() => {
    sessions
      .purge()
      .catch((error: unknown) => log.warn({ err: error }, 'expired sessions could not be removed'));
  }, PURGE_MS).unref();
  endings.defer(() => clearInterval(purging));
  return sessions;
}

/** @returns undefined where sessions are switched off. */
export function sessionDeps(
  { settings }: Part,
  parts: {
    readonly sessions: Sessions;
    readonly login: Login;
    readonly revocations: Pick<Revocations, 'revokesLogin'>;
  },
): TokenDeps['sessions'] {
  if (!settings.sessions.enabled) return undefined;
  const { sessions, login, revocations } = parts;
  return {
    start: ({ subject, credential, service, address, clientId, via, notAfter }) =>
      sessions.start({
        ...{ subject: subject.name, service, credential, address, clientId: clientId ?? '' },
        ...{ via, notAfter },
      }),
    async use(text, service, client) {
      const session = await sessions.use(text, service, client.address);
      if (session === undefined || session === 'elsewhere') return session;
      const { via, startedAt: at, notAfter } = session;
      // Revoked with another instance, whose word came before this one's own sessions were looked through.
      if (revocations.revokesLogin({ subject: { name: session.subject }, via, at })) return undefined;
      const subject = await login.resume({ name: session.subject, credential: session.credential });
      return subject && { subject, via, authenticatedAt: at, ...(notAfter !== undefined && { notAfter }) };
    },
  };
}

/** Takes the refresh tokens away that a revocation of another instance, or of a command, is about. */
export function endRevoked({ log }: Part, sessions: Sessions, { kind, id, until }: Revocation): void {
  const ends: Partial<Record<Revocation['kind'], () => Promise<unknown>>> = {
    subject: () => sessions.revokeSubject(id, until),
    robot: () => sessions.revokeVia('robot', id, until),
    grant: () => sessions.revokeVia('grant', id, until),
    session: () => sessions.revoke(id),
  };
  ends[kind]?.().catch((error: unknown) =>
    log.warn({ err: error }, 'refresh tokens of an ended login could not be removed; they are refused'),
  );
}
