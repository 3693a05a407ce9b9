/**
 * An OpenID Connect issuer as CI servers are one: discovery, keys and signed tokens by a library that is no part of
 * Warden. It can rotate its keys, be slow, fail, and go away.
 */
import {
  constants,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
  sign as signBytes,
} from 'node:crypto';
import type { RequestListener } from 'node:http';
import Provider, { type Adapter } from 'oidc-provider';
import { issuerServer, privateJwk } from './issuer-server.ts';

export interface IssuerOptions {
  /** Served over TLS with these PEM texts. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly host?: string;
}

/** Claims, or a header. Members that are undefined are not written. */
export type Members = Readonly<Record<string, unknown>>;

export interface Issuer {
  /** The `iss`. */
  readonly url: string;
  /**
   * A token of the issuer with these claims, from its token endpoint. `iss`, `iat` and `exp` (ten minutes) are its own;
   * a claim that is given replaces them, one that is undefined takes them away.
   */
  token(claims: Members): Promise<string>;
  /** The same made by hand with the issuer's key (RS256 or PS256), for what the library would not make. */
  sign(claims: Members, header?: Members): string;
  /** The key that signs now. */
  key(): SigningKey;
  /** Another key signs from now on, and is the only one that is shown. */
  rotate(): void;
  /** Milliseconds before each answer. */
  delay(ms: number): void;
  /** Answers with this instead; undefined: with what is right. */
  answer(other: RequestListener | undefined): void;
  /** Paths that were asked for. */
  asked(): readonly string[];
  /** Nobody listens any more, until `listen`. */
  close(): Promise<void>;
  listen(): Promise<void>;
  stop(): Promise<void>;
}

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const LIFETIME_SECONDS = 600;
const CLIENT = { id: 'ci-server', secret: randomBytes(24).toString('base64url') };

export function makeSigningKey(): SigningKey {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { kid: randomBytes(6).toString('hex'), ...pair };
}

export function publicJwk({ kid, publicKey }: SigningKey): JsonWebKey {
  return { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' };
}

/** A part of a token. */
export function partOf(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Keeps nothing: tokens that carry their claims are not stored. */
class NoStore implements Adapter {
  readonly upsert = async () => undefined;
  readonly find = async () => undefined;
  readonly findByUserCode = async () => undefined;
  readonly findByUid = async () => undefined;
  readonly consume = async () => undefined;
  readonly destroy = async () => undefined;
  readonly revokeByGrantId = async () => undefined;
}

export async function startIssuer({ tls, host = '127.0.0.1' }: IssuerOptions = {}): Promise<Issuer> {
  const asked: string[] = [];
  let key = makeSigningKey();
  let other: RequestListener | undefined;
  let claims: Members = {};
  let handler: RequestListener;
  const { url, delay, listen, close } = await issuerServer(
    { host, tls },
    (request, response) => (other ?? handler)(request, response),
    ({ url: path }) => asked.push(path ?? ''),
  );

  function provide(): void {
    const provider = new Provider(url, {
      adapter: NoStore,
      ttl: { ClientCredentials: LIFETIME_SECONDS },
      jwks: {
        keys: [privateJwk(key)],
      },
      clients: [
        {
          client_id: CLIENT.id,
          client_secret: CLIENT.secret,
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
        },
      ],
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: () => ({
            scope: '',
            audience: 'replaced',
            accessTokenFormat: 'jwt',
            accessTokenTTL: LIFETIME_SECONDS,
            jwt: { sign: { alg: 'RS256', kid: key.kid } },
          }),
        },
      },
      formats: {
        customizers: {
          jwt(_ctx, _token, parts) {
            const { iss, iat, exp } = parts.payload;
            parts.header = { ...parts.header, typ: 'JWT' };
            parts.payload = { iss, iat, exp, ...claims } as typeof parts.payload;
          },
        },
      },
    });
    handler = provider.callback();
  }

  provide();
  await listen();
  return {
    url,
    async token(wanted) {
      claims = wanted;
      const answer = await fetch(`${url}/token`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')}`,
        },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource: 'https://any.example' }),
      });
      const body = (await answer.json()) as { readonly access_token?: string };
      if (body.access_token === undefined) throw new Error(`no token: ${JSON.stringify(body)}`);
      return body.access_token;
    },
    sign(wanted, header = {}) {
      const now = Math.floor(Date.now() / 1000);
      const head = { alg: 'RS256', kid: key.kid, ...header };
      const text = `${partOf(head)}.${partOf({ iss: url, iat: now, exp: now + LIFETIME_SECONDS, ...wanted })}`;
      const padding = head.alg === 'PS256' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
      const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
      const signature = signBytes('sha256', Buffer.from(text), { key: key.privateKey, padding, saltLength });
      return `${text}.${signature.toString('base64url')}`;
    },
    key: () => key,
    rotate() {
      key = makeSigningKey();
      provide();
    },
    delay,
    answer(instead) {
      other = instead;
    },
    asked: () => asked,
    close,
    listen,
    stop: close,
  };
}
