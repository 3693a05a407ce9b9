/**
 * An OpenID Connect issuer as people sign in with: a library that is no part of Warden, with a form that asks who one is. It
 * can be slow, fail, go away, and say what it likes at each of its addresses.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import Provider, { type Adapter, type AdapterPayload, type JWK } from 'oidc-provider';
import { type Members, makeSigningKey, type SigningKey } from './issuer.ts';
import { issuerServer, privateJwk } from './issuer-server.ts';

export interface PeopleIssuer {
  /** The `iss`. */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly key: SigningKey;
  /** Sends browsers back to this Warden, whose settings call the issuer so. */
  allow(wardenUrl: string, called: string): void;
  /** What it says of somebody besides `sub`. */
  people: Record<string, Members>;
  /** Requests, as `METHOD path`. */
  asked(): readonly string[];
  /** In place of what is right at a path; undefined: with what is right again. */
  answer(path: string, instead: RequestListener | undefined): void;
  /** Milliseconds before each answer. */
  delay(ms: number): void;
  /** Nobody listens any more, until `listen`. */
  close(): Promise<void>;
  listen(): Promise<void>;
  stop(): Promise<void>;
}

export interface PeopleIssuerOptions {
  /** Another than Warden's, so that the two are of different sites for a browser. */
  readonly host?: string;
  /** True: what scopes give is told at the userinfo endpoint alone. */
  readonly userinfoOnly?: boolean;
  /** A public key for private_key_jwt in place of the secret. */
  readonly clientKey?: JWK;
  readonly secretBy?: 'client_secret_basic' | 'client_secret_post';
  /** Served over TLS with these PEM texts. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export async function startPeopleIssuer(options: PeopleIssuerOptions = {}): Promise<PeopleIssuer> {
  const { host = '127.0.0.2', userinfoOnly = false, clientKey, secretBy, tls } = options;
  const key = makeSigningKey();
  const clientId = 'registry';
  const clientSecret = randomBytes(24).toString('base64url');
  const asked: string[] = [];
  const others = new Map<string, RequestListener>();
  const people: Record<string, Members> = {};
  const stored = new Map<string, AdapterPayload>();
  const { url, delay, listen, close } = await issuerServer(
    { host, tls },
    (request, response) => {
      const path = pathOf(request);
      const usual = path.startsWith('/interaction/') ? interact : provider.callback();
      (others.get(path) ?? usual)(request, response);
    },
    (request) => asked.push(`${request.method} ${pathOf(request)}`),
  );
  let provider = provide([], []);

  function provide(redirects: readonly string[], afterwards: readonly string[]): Provider {
    // Stored, not configured: of what is configured the library makes copies, which tests cannot tell to be plain objects.
    stored.set(`Client:${clientId}`, {
      client_id: clientId,
      ...(clientKey
        ? { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [clientKey] } }
        : { client_secret: clientSecret, token_endpoint_auth_method: secretBy ?? 'client_secret_basic' }),
      redirect_uris: [...redirects],
      post_logout_redirect_uris: [...afterwards],
    } as AdapterPayload);
    const made = new Provider(url, {
      adapter: (name: string) => adapterOf(stored, name),
      cookies: { keys: [randomBytes(16).toString('hex')] },
      jwks: {
        keys: [privateJwk(key)],
      },
      claims: { openid: ['sub', 'groups', 'email_verified', 'email'], profile: ['preferred_username'] },
      conformIdTokenClaims: userinfoOnly,
      features: {
        devInteractions: { enabled: false },
        rpInitiatedLogout: { enabled: true, logoutSource: askWhetherToSignOut },
      },
      ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600 },
      pkce: { required: () => true },
      interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
      findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ ...people[sub], sub }) }),
      async loadExistingGrant(ctx) {
        const accountId = ctx.oidc.session?.accountId;
        const grant = new made.Grant({ clientId, ...(accountId !== undefined && { accountId }) });
        grant.addOIDCScope('openid profile');
        await grant.save();
        return grant;
      },
    });
    return made;
  }

  const interact: RequestListener = async (request, response) => {
    if (request.method !== 'POST') {
      response.setHeader('content-type', 'text/html');
      response.end(
        '<!doctype html><title>issuer</title><form method="post"><input name="login"><button name="do" value="in">In</button><button name="do" value="no">No</button></form>',
      );
      return;
    }
    const form = new URLSearchParams(await textOf(request));
    const result =
      form.get('do') === 'no'
        ? { error: 'access_denied' }
        : { login: { accountId: String(form.get('login')) } };
    await provider.interactionFinished(request, response, result);
  };

  await listen();
  return {
    ...{ url, clientId, clientSecret, key, people, delay, close, listen },
    allow(wardenUrl, called) {
      provider = provide([`${wardenUrl}/ui/signed-in/${called}`], [`${wardenUrl}/ui/`]);
    },
    asked: () => asked,
    answer(path, instead) {
      if (instead) others.set(path, instead);
      else others.delete(path);
    },
    stop: close,
  };
}

/** Of an address that begins with a slash. */
function pathOf({ url = '/' }: IncomingMessage): string {
  return new URL(url, 'http://issuer').pathname;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

/** `form` is what has to be sent for a yes; the library checks it. */
function askWhetherToSignOut(ctx: { body?: unknown }, form: string): void {
  ctx.body = `<!doctype html><title>issuer</title>${form}<button form="op.logoutForm" name="logout" value="yes">Out</button>`;
}

/** What the issuer remembers, in memory. */
function adapterOf(stored: Map<string, AdapterPayload>, name: string): Adapter {
  const at = (id: string): string => `${name}:${id}`;
  const find = async (id: string): Promise<AdapterPayload | undefined> => stored.get(at(id));
  return {
    find,
    async upsert(id, payload) {
      stored.set(at(id), payload);
      if (payload.uid !== undefined) stored.set(at(`uid ${payload.uid}`), payload);
    },
    findByUid: (uid) => find(`uid ${uid}`),
    findByUserCode: async () => undefined,
    async consume(id) {
      const payload = stored.get(at(id));
      if (payload) payload['consumed'] = Math.floor(Date.now() / 1000);
    },
    async destroy(id) {
      stored.delete(at(id));
    },
    async revokeByGrantId(grantId) {
      for (const [key, payload] of stored) if (payload.grantId === grantId) stored.delete(key);
    },
  };
}
