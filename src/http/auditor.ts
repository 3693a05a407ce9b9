/** Who reads the record over HTTP, and what of it. */
import { WardenError } from '../errors.ts';
import { type Decision, type Subject, UNKNOWN, type Unknown, type Via } from '../policy/facts.ts';
import { type ApiLoginDeps, identify } from './api-login.ts';
import type { AppState } from './state.ts';

export interface AuditorDeps extends ApiLoginDeps {
  /** Whether what this subject began then, in milliseconds since 1970, was ended since. */
  readonly revokesLogin: (login: {
    readonly subject: Subject;
    readonly via: Via;
    readonly at: number;
  }) => boolean;
  readonly decide: (facts: {
    readonly subject: Subject;
    readonly address: string;
    readonly tokenAddress: string;
    readonly repository: string | Unknown;
    /** The User-Agent. */
    readonly client: string | undefined;
    /** Names in the client certificate. */
    readonly certificates: readonly string[];
  }) => Decision;
  /** The sentence that the refused person reads; the decision is kept under the id that it names. */
  readonly tellRefusal: (facts: {
    readonly decision: Decision;
    readonly subject: Subject;
    readonly address: string;
    readonly tokenAddress: string;
    /** The User-Agent. */
    readonly client: string | undefined;
    readonly certificates: readonly string[];
    readonly id: string;
  }) => string;
}

export interface Auditor {
  readonly subject: Subject;
  /** '' stands for what is of no repository (a failed login, a change of policy): for those who may read of every one. */
  readonly mayRead: (repository: string) => boolean;
  /** Whether policy lets them read of every repository there could be. */
  readonly everything: boolean;
}

/**
 * @param since of a request that is looked at again while it is answered: when it came, in milliseconds since 1970. A
 *   password still holds after the logins of its owner were ended, but what was begun with it before does not.
 * @throws {WardenError} as identify, and POLICY_DENIED for those who may read of none.
 */
export async function identifyAuditor(
  deps: AuditorDeps,
  { exchange, summary }: AppState,
  since?: number,
): Promise<Auditor> {
  const { subject, tokenAddress, via } = await identify(deps, exchange);
  if (since !== undefined && deps.revokesLogin({ subject, via, at: since }))
    throw new WardenError('TOKEN_REVOKED');
  summary.subject = subject.name;
  const { address, certificate } = exchange.client;
  const asked = {
    subject,
    address,
    tokenAddress,
    client: exchange.request.headers['user-agent'],
    certificates: certificate?.names ?? [],
  };
  const decision = deps.decide({ ...asked, repository: UNKNOWN });
  if (decision.verdict === 'refused') {
    throw new WardenError('POLICY_DENIED', {
      sentence: deps.tellRefusal({ ...asked, decision, id: exchange.id }),
    });
  }
  const everything = decision.verdict === 'granted';
  return {
    subject,
    everything,
    mayRead: (repository) =>
      repository === '' ? everything : deps.decide({ ...asked, repository }).verdict === 'granted',
  };
}
