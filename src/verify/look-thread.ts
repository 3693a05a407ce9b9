/** A thread that looks at bundles: unpacks them, hashes their entries, and reads their records. */
import { type Operations, oneByOne } from '../store/thread.ts';
import { type Bundle, entriesIn } from './bundle.ts';
import { factsOf } from './bundle-facts.ts';

export interface Look {
  readonly bundle: Bundle;
  /** How many of its entries. */
  readonly width: number;
  readonly meaning: boolean;
}

export function open(): Operations {
  return {
    together: oneByOne({
      look: ({ bundle, width, meaning }: Look) => factsOf(entriesIn(bundle, width), meaning),
    }),
    // Nothing is open between two calls.
    close() {},
  };
}
