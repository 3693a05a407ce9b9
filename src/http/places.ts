/** So many long answers are open at once, in all and for one person: who holds one for long keeps nobody else out. */
import type { ServerResponse } from 'node:http';
import { WardenError } from '../errors.ts';

export interface Places {
  /**
   * Takes a place until the work for the answer is done and the answer has ended, whichever side ends it. A client that goes
   * away while it is worked for has its place all the same, or could have any number of them worked for.
   *
   * @param of whose it is.
   * @throws {WardenError} TOO_MANY_REQUESTS where this person has as many as one may, OVERLOADED where all are taken; and as
   *   the work.
   */
  hold(of: string, response: ServerResponse, work: () => Promise<void>): Promise<void>;
}

/** @param called what takes a place, in the plural, for the sentence of a refusal. */
export function createPlaces(
  called: string,
  { inAll, ofOne }: { readonly inAll: number; readonly ofOne: number },
): Places {
  const taken = new Map<string, number>();
  let all = 0;

  function giveBack(of: string): void {
    all--;
    const left = (taken.get(of) ?? 1) - 1;
    if (left > 0) taken.set(of, left);
    else taken.delete(of);
  }

  return {
    async hold(of, response, work) {
      const before = taken.get(of) ?? 0;
      if (before >= ofOne)
        throw new WardenError('TOO_MANY_REQUESTS', {
          sentence: `${before} ${called} of yours are under way, as many as one may have; end one, or wait for its end`,
        });
      if (all >= inAll)
        throw new WardenError('OVERLOADED', { sentence: `${all} ${called} are under way; try again` });
      taken.set(of, before + 1);
      all++;
      try {
        await work();
      } finally {
        whenEnded(response, () => giveBack(of));
      }
    },
  };
}

/** Also where the client went away before anybody listened for it: its `close` does not come again. */
export function whenEnded(response: ServerResponse, then: () => void): void {
  if (response.destroyed || response.writableFinished) then();
  else response.once('close', then);
}
