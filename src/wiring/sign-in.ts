/** The issuers by which people sign in to the page. */
import { readFile } from 'node:fs/promises';
import type { SignInIssuer } from '../config/sign-in-schema.ts';
import { createLane } from '../identity/lane.ts';
import { createIssuerClient, type IssuerClient } from '../identity/sign-in/issuer-client.ts';
import { type ClientCredential, createKnownIssuer } from '../identity/sign-in/known-issuer.ts';
import { createSignInSeals } from '../identity/sign-in/seal.ts';
import { createSignIn, type SignIn } from '../identity/sign-in/sign-in.ts';
import type { Limit } from '../state/limits.ts';
import { DocumentExists, type DocumentStore } from '../store/documents.ts';
import { readClientSecret } from '../token/client-secret.ts';
import { readSigningKey } from '../token/keys.ts';
import type { ClientKeys } from './client-keys.ts';
import type { Part } from './part.ts';

/** Between two looks at the issuers. */
const TICK_MS = 60_000;
const PURGE_MS = 3_600_000;
/** People who come back at once; each is asked for at the issuer, with up to three answers to wait for. */
const LANE = { width: 8, waiting: 64 };
/** The kind of the documents that say which sign-ins have been finished. */
const KIND = 'sign-in';

export interface OpenedSignIn extends SignIn {
  /** How many issuers could not be asked the last time. */
  readonly unreachable: () => number;
}

/** @returns undefined where people sign in with passwords alone. */
export function openSignIn(
  { settings, log, endings }: Part,
  parts: {
    readonly documents: DocumentStore;
    readonly clientKeys: Pick<ClientKeys, 'sealing'>;
    readonly byAddress: Limit;
  },
): OpenedSignIn | undefined {
  const { enabled, signIn } = settings.page;
  if (!enabled || signIn.length === 0) return undefined;
  const opened = signIn.map((issuer) => {
    const { name } = issuer;
    const known = createKnownIssuer({
      settings: issuer,
      credential: () => readCredential(issuer),
      now: () => performance.now(),
      onProblem: (why) =>
        log.error({ issuer: name, why }, 'nobody can sign in by this issuer; other ways go on'),
      onRecovered: () => log.info({ issuer: name }, 'people can sign in by this issuer again'),
    });
    // Before the first person comes, so that a wrong setting is seen at the start.
    void known.tick();
    const ticking = setInterval(() => void known.tick(), TICK_MS).unref();
    endings.defer(() => clearInterval(ticking));
    return { known, client: createIssuerClient(issuer, known) };
  });
  const documents = parts.documents.of<Record<string, never>>(KIND);
  const purging = setInterval(() => {
    documents
      .removeExpired(Date.now())
      .catch((error: unknown) => log.warn({ err: error }, 'finished sign-ins could not be forgotten'));
  }, PURGE_MS).unref();
  endings.defer(() => clearInterval(purging));

  async function useOnce(state: string, until: number): Promise<boolean> {
    try {
      await documents.create({ id: state, subject: '', expiresAt: until, body: {} });
      return true;
    } catch (error) {
      if (error instanceof DocumentExists) return false;
      throw error;
    }
  }

  const clients: readonly IssuerClient[] = opened.map(({ client }) => client);
  return {
    ...createSignIn({
      ...{ clients, byAddress: parts.byAddress, useOnce, now: Date.now, publicUrl: settings.publicUrl },
      seals: createSignInSeals(parts.clientKeys.sealing),
      lane: createLane(LANE),
    }),
    unreachable: () => opened.filter(({ known }) => known.failing()).length,
  };
}

/** @throws {Error} with a sentence for operators. */
async function readCredential({ clientSecretFile, clientKeyFile }: SignInIssuer): Promise<ClientCredential> {
  const file = clientKeyFile ?? clientSecretFile ?? '';
  const text = await readFile(file, 'utf8');
  if (clientKeyFile === undefined) {
    const read = readClientSecret(text);
    if (!read.ok) throw new Error(`${file}: ${read.reason}`);
    return { secret: read.secret };
  }
  const read = readSigningKey(text);
  if (!read.ok) throw new Error(`${file}: ${read.reason}`);
  const { privateKey, algorithm } = read.key;
  const form =
    algorithm === 'ES256'
      ? { name: 'ECDSA', namedCurve: 'P-256' }
      : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  return { key: privateKey.toCryptoKey(form, false, ['sign']) };
}
