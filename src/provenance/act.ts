/** What every record of an act of administration says besides the act itself. */
import { actor, peer, text, time } from './facts.ts';

/**
 * Of an act of administration: who did it, from where, and when, where that was before it was recorded. A command on
 * the files has no peer but the machine that it ran on, and an actor whom that machine names.
 */
export const act = {
  actor: actor.optional(),
  peer: peer.optional(),
  machine: text.optional(),
  done: time.optional(),
} as const;
