/** Who asks the API for what is of no single repository, and whether policy lets them. */
import { WardenError } from '../errors.ts';
import type { Exchange } from '../gate/exchange.ts';
import type { Action, Decision, Subject } from '../policy/facts.ts';
import { type ApiLoginDeps, identify } from './api-login.ts';
import type { AppState } from './state.ts';

/** As far as policy needs it. */
export interface PolicyAsker {
  readonly subject: Subject;
  readonly address: string;
  readonly tokenAddress: string;
  /** The User-Agent. */
  readonly client: string | undefined;
  /** Names in the client certificate. */
  readonly certificates: readonly string[];
}

export interface PolicyAskerDeps extends ApiLoginDeps {
  /** May it be done for every repository? */
  readonly decide: (asker: PolicyAsker, action: Action) => Decision;
  /** The sentence that the refused person reads; the decision is kept under the id that it names. */
  readonly tellRefusal: (
    asker: PolicyAsker,
    refused: { readonly decision: Decision; readonly action: Action; readonly id: string },
  ) => string;
}

/** @throws {WardenError} as identify. */
export async function policyAskerOf(
  deps: ApiLoginDeps,
  { exchange, summary }: AppState,
): Promise<PolicyAsker> {
  const { subject, tokenAddress } = await identify(deps, exchange);
  summary.subject = subject.name;
  const { address, certificate } = exchange.client;
  return {
    subject,
    address,
    tokenAddress,
    client: exchange.request.headers['user-agent'],
    certificates: certificate?.names ?? [],
  };
}

/** @returns the decision that granted it. @throws {WardenError} POLICY_DENIED */
export function requireAllowed(
  deps: PolicyAskerDeps,
  asker: PolicyAsker,
  action: Action,
  { id }: Pick<Exchange, 'id'>,
): Decision {
  const decision = deps.decide(asker, action);
  if (decision.verdict === 'granted') return decision;
  throw new WardenError('POLICY_DENIED', { sentence: deps.tellRefusal(asker, { decision, action, id }) });
}
