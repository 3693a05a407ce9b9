/**
 * People who sign in to the page by an issuer: sent there, and judged when they come back.
 *
 * Nothing is remembered of a sign-in under way: the browser that began it has it, sealed. So it counts in that browser
 * alone, and whoever begins many costs no memory. Only what succeeded is remembered, so that it succeeds once.
 */
import { WardenError } from '../../errors.ts';
import { networkOf } from '../../policy/address.ts';
import type { Subject } from '../../policy/facts.ts';
import type { Limit } from '../../state/limits.ts';
import type { Lane } from '../lane.ts';
import { IssuerProblem } from '../oidc/ask-issuer.ts';
import type { IssuerClient, SignedIn } from './issuer-client.ts';
import { credentialOf, personOf } from './read-person.ts';
import { returnPath } from './return-path.ts';
import type { Begun, SignInSeals } from './seal.ts';

/** How long somebody may take at the issuer, in milliseconds. */
export const SIGN_IN_MS = 600_000;

export interface SignInDeps {
  readonly clients: readonly IssuerClient[];
  readonly seals: SignInSeals;
  /** The address of this registry, by which issuers know it. */
  readonly publicUrl: string;
  /** Failures, and what is under way, by address. */
  readonly byAddress: Limit;
  /** Questions to issuers. */
  readonly lane: Lane;
  /** @returns whether this was the first time. Durable when fulfilled. */
  readonly useOnce: (state: string, until: number) => Promise<boolean>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Why somebody is not signed in, as the page is told: it has a sentence for each. */
export type Refusal = 'elsewhere' | 'refused' | 'declined' | 'unavailable' | 'limited';

export type Finished =
  | {
      readonly ok: true;
      readonly subject: Subject;
      readonly credential: string;
      /** Within the page. */
      readonly returnTo: string;
      readonly before: string | undefined;
    }
  /** `why` is for the log. */
  | { readonly ok: false; readonly refusal: Refusal; readonly why: string };

export interface SignIn {
  readonly issuers: readonly { readonly name: string; readonly title: string }[];
  /**
   * @returns where to send the browser, and what it must bring back; undefined for an issuer that there is not.
   * @throws {WardenError} ISSUER_UNAVAILABLE
   */
  begin(asked: {
    readonly issuer: string;
    readonly returnTo: string;
    readonly before: string | undefined;
  }): Promise<{ readonly address: string; readonly state: string; readonly sealed: string } | undefined>;
  /** @param came `query` is that of the address that the browser was sent back to. @throws {StoreError} */
  finish(came: {
    readonly issuer: string;
    readonly query: string;
    readonly sealed: string | undefined;
    /** Canonical, of the client. */
    readonly address: string;
  }): Promise<Finished>;
  /** The subject of a session, as long as the settings say of its issuer what they said at its start. */
  resume(bound: {
    readonly name: string;
    readonly credential: string;
    readonly groups: readonly string[];
  }): Subject | undefined;
  /** Where to sign out of somebody's issuer, too. */
  endSession(name: string): Promise<string | undefined>;
}

export function createSignIn(deps: SignInDeps): SignIn {
  const { clients, seals, publicUrl, byAddress, lane, useOnce, now } = deps;
  const credentials = new Map(clients.map(({ settings }) => [settings.name, credentialOf(settings)]));
  const clientOf = (name: string): IssuerClient | undefined =>
    clients.find(({ settings }) => settings.name === name);
  /** Each issuer has one of its own, so that the answer of one is never taken for that of another (RFC 9700, 4.4). */
  const redirectUri = (name: string): string => `${publicUrl}/ui/signed-in/${name}`;

  async function ask(client: IssuerClient, begun: Begun, query: string): Promise<SignedIn | Finished> {
    const { name } = client.settings;
    try {
      const asking = lane.enter(() =>
        client.finish({ redirectUri: redirectUri(name), query, secrets: begun.secrets }),
      );
      return (await asking) ?? refuse('limited', 'too many sign-ins at once');
    } catch (error) {
      if (error instanceof IssuerProblem) return refuse('unavailable', error.message);
      throw error;
    }
  }

  return {
    issuers: clients.map(({ settings: { name, title } }) => ({ name, title })),
    async begin({ issuer, returnTo, before }) {
      const client = clientOf(issuer);
      if (client === undefined) return undefined;
      try {
        const { address, secrets } = await client.begin(redirectUri(issuer));
        const sealed = seals.seal({
          ...{ issuer, secrets, returnTo: returnPath(returnTo, publicUrl), until: now() + SIGN_IN_MS },
          ...(before !== undefined && { before }),
        });
        return { address, state: secrets.state, sealed };
      } catch (error) {
        if (!(error instanceof IssuerProblem)) throw error;
        throw new WardenError('ISSUER_UNAVAILABLE', {
          sentence: `${client.settings.title} does not answer as it must now; try again later, or sign in with a password`,
          cause: error,
        });
      }
    },
    async finish({ issuer, query, sealed, address }) {
      const begun = sealed === undefined ? undefined : seals.open(sealed);
      const client = clientOf(issuer);
      // Before anything is asked: a code that is not this browser's is not even sent to its issuer.
      const fault = begun
        ? faultOf(begun, { issuer, query, now: now() })
        : 'nothing was begun in this browser';
      if (begun === undefined || client === undefined || fault !== undefined)
        return refuse('elsewhere', fault ?? 'there is no such issuer');
      const from = networkOf(address);
      if (!(await byAddress.take(from)).ok) return refuse('limited', 'too many failures of this address');
      const found = await ask(client, begun, query);
      if (!found.ok) {
        if ('refusal' in found) {
          await byAddress.giveBack(from);
          return found;
        }
        return refuse('declined' in found ? 'declined' : 'refused', found.why);
      }
      if (!(await useOnce(begun.secrets.state, begun.until)))
        return refuse('refused', 'this sign-in has been finished before');
      await byAddress.giveBack(from);
      const { returnTo, before } = begun;
      return {
        ok: true,
        ...{ subject: found.subject, credential: credentials.get(issuer) ?? '', returnTo, before },
      };
    },
    resume({ name, credential, groups }) {
      return credentials.get(issuerOf(name)) === credential ? personOf(name, groups) : undefined;
    },
    async endSession(name) {
      return clientOf(issuerOf(name))?.endSession(`${publicUrl}/ui/`);
    },
  };
}

/** Names of nobody else begin so: see the settings. */
function issuerOf(name: string): string {
  return name.slice(0, Math.max(0, name.indexOf(':')));
}

/** The state in the query that a browser was sent back with; undefined where there is not exactly one. */
export function stateIn(query: string): string | undefined {
  const states = new URLSearchParams(query).getAll('state');
  return states.length === 1 ? states[0] : undefined;
}

function faultOf(
  begun: Begun,
  came: { readonly issuer: string; readonly query: string; readonly now: number },
): string | undefined {
  if (came.now >= begun.until) return 'it was begun too long ago';
  if (begun.issuer !== came.issuer) return 'it was begun with another issuer';
  return stateIn(came.query) === begun.secrets.state ? undefined : 'it is the answer to another sign-in';
}

function refuse(refusal: Refusal, why: string): Finished & { readonly ok: false } {
  return { ok: false, refusal, why };
}
