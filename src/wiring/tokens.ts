/** The tokens of clients, of the API, of Warden at the registry, and the sessions behind refresh tokens. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { WardenError } from '../errors.ts';
import type { TokenDeps } from '../http/routes/token.ts';
import type { Login } from '../identity/login.ts';
import { decide } from '../policy/decide.ts';
import { UNKNOWN } from '../policy/facts.ts';
import type { Policy } from '../policy/policy.ts';
import type { Loaded } from '../preflight.ts';
import { type ClientToken, createClientTokens, TOKEN_LIMIT } from '../token/client-token.ts';
import { grant, scopeText } from '../token/grant.ts';
import { createSessions, type Sessions } from '../token/sessions.ts';
import { createUpstreamTokens, type UpstreamTokens } from '../token/upstream-token.ts';
import type { Part } from './part.ts';
import { storeThread } from './store-thread.ts';

export interface Tokens {
  readonly verifyRegistry: (text: string) => ClientToken | undefined;
  readonly verifyApi: (text: string) => ClientToken | undefined;
  readonly upstream: UpstreamTokens;
  /** What the token endpoint signs. */
  readonly sign: TokenDeps['sign'];
}

const DAY_MS = 86_400_000;
const PURGE_MS = 3_600_000;

export function openTokens(
  { settings }: Part,
  { clientKey, upstream }: Loaded,
  policy: () => Policy,
): Tokens {
  const { service, tokens, registry } = settings;
  const random = (size: number): Uint8Array => randomBytes(size);
  const common = {
    keys: [clientKey] as const,
    issuer: tokens.issuer,
    lifetimeSeconds: tokens.lifetimeSeconds,
    now: Date.now,
    random,
  };
  const forRegistry = createClientTokens({ ...common, audience: service, use: 'registry' });
  const forApi = createClientTokens({ ...common, audience: settings.api.service, use: 'api' });
  const valid = (token: ClientToken | 'invalid'): ClientToken | undefined =>
    token === 'invalid' ? undefined : token;
  return {
    verifyRegistry: (text) => valid(forRegistry.verify(text)),
    verifyApi: (text) => valid(forApi.verify(text)),
    upstream: createUpstreamTokens({
      ...upstream,
      issuer: registry.issuer,
      service: registry.service,
      now: Date.now,
      random,
    }),
    sign({ subject, audience, address, scopes }) {
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
            certificate: UNKNOWN,
          }).verdict,
      );
      const signed = (audience === service ? forRegistry : forApi).sign({ subject, address, access });
      if (signed.token.length > TOKEN_LIMIT) {
        const sentence = 'the scopes asked for at once make too large a token; ask for fewer';
        throw new WardenError('SCOPE_MALFORMED', { sentence });
      }
      return { ...signed, scope: scopeText(access) };
    },
  };
}

/** @returns undefined where sessions are switched off. @throws {StoreError} when their file cannot be opened. */
export async function openSessions(part: Part, login: Login): Promise<TokenDeps['sessions']> {
  const { settings, log, endings } = part;
  if (!settings.sessions.enabled) return undefined;
  const thread = await storeThread(part, {
    without: 'no login goes on by a refresh token',
    module: new URL('../token/sessions-thread', import.meta.url),
    options: { file: join(settings.data, 'sessions.db') },
  });
  const sessions: Sessions = createSessions({
    thread,
    now: Date.now,
    random: (size) => randomBytes(size),
    idleMs: settings.sessions.idleDays * DAY_MS,
    absoluteMs: settings.sessions.absoluteDays * DAY_MS,
  });
  const purging = setInterval(() => {
    sessions
      .purge()
      .catch((error: unknown) => log.warn({ err: error }, 'expired sessions could not be removed'));
  }, PURGE_MS).unref();
  endings.defer(() => clearInterval(purging));
  return {
    start: ({ subject, credential, service, address, clientId }) =>
      sessions.start({ subject: subject.name, service, credential, address, clientId: clientId ?? '' }),
    async use(text, service, client) {
      const session = await sessions.use(text, service, client.address);
      return session && login.resume({ name: session.subject, credential: session.credential });
    },
  };
}
