/** Who asks for something to be done to robots or grants, as far as policy and the decision need it. */
import type { Circumstances } from '../policy/entitled.ts';
import type { Action, Decision, Via } from '../policy/facts.ts';
import type { Policy } from '../policy/policy.ts';

/** All is known: who, from where, when, with what. */
export interface Asker extends Circumstances {
  readonly address: string;
  readonly time: number;
  readonly via: Via;
  /** What the login was checked against; undefined where a token was sent instead of a password. */
  readonly credential: string | undefined;
  /** Of the request, by which a decision about it can be found again. */
  readonly requestId: string;
}

export interface AskPolicy {
  readonly policy: () => Policy;
  /** The sentence for a decision that refused something; it is kept under the request's id. */
  readonly tellRefusal: (
    asker: Asker,
    refused: {
      readonly decision: Decision;
      readonly repository: string;
      readonly action: Action;
      readonly tag?: string;
    },
  ) => string;
}
