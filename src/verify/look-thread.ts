/** A thread that looks at bundles. */
import { type Operations, oneByOne } from '../store/thread.ts';
import { createLooker } from './look.ts';

export function open(): Operations {
  const looker = createLooker();
  return { together: oneByOne({ look: looker.look }), close: looker.close };
}
