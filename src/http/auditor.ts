/** Who reads the record over HTTP, and what of it. */
import { WardenError } from '../errors.ts';
import { type Decision, type Subject, UNKNOWN, type Unknown } from '../policy/facts.ts';
import { type ApiLoginDeps, identify } from './api-login.ts';
import type { AppState } from './state.ts';

export interface AuditorDeps extends ApiLoginDeps {
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

/** @throws {WardenError} as identify, and POLICY_DENIED for those who may read of none. */
export async function identifyAuditor(deps: AuditorDeps, { exchange, summary }: AppState): Promise<Auditor> {
  const { subject, tokenAddress } = await identify(deps, exchange);
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
