/** Shows here what another instance signs, where that is a beginning of the log as it is read here. */
import type { Growing } from './growing.ts';
import { type Publishing, Refused } from './publishing.ts';
import type { Standing } from './standing.ts';
import type { OtherNotes } from './tree-thread.ts';

export interface Following {
  /** @throws {Refused} where the other signs another log. */
  follow(): Promise<void>;
  /** The turn is this instance's: what it signs goes on from what is signed last, which it has to look at. */
  end(): void;
  /** The newest note that enough witnesses cosigned for another instance, as far as it is shown here. */
  cosigned(): string | undefined;
}

export function createFollowing({ deps, state, goesOn }: Publishing, growing: Growing): Following {
  const { reader, thread, clock, lastSigned } = deps;
  /** What of another's is shown here. */
  let shown: number | undefined;
  let cosigned: string | undefined;

  return {
    async follow() {
      const last = await lastSigned.read();
      if (state.standing || shown === undefined) {
        // The tree may have grown by entries of which it is not known whether they are still the same.
        state.standing = false;
        if (!(await growing.takeUp(await reader.size()))) await growing.restart(0);
        shown = 0;
      }
      const found = await thread.call<Standing>('standing', { lock: last.lock, place: lastSigned.place });
      if (found.kind === 'refused') throw new Refused(found.why);
      if (found.kind !== 'going-on' || last.lock === undefined || last.note === undefined) return;
      await growing.growTo(await reader.size());
      if (!goesOn() || last.shown === shown) return;
      if (last.remembered !== undefined) await growing.requireGoesOn(last.remembered);
      await growing.requireGoesOn(last.lock.current);
      const { note, cosigned: whole } = last;
      const why = await thread.call<string | undefined>('showOther', {
        note,
        cosigned: whole,
      } satisfies OtherNotes);
      if (why !== undefined)
        throw new Refused(`${lastSigned.place} has a note that is not shown here: ${why}`);
      await lastSigned.remember(last.lock);
      state.signed = { size: found.size, at: last.at ?? 0, elapsed: clock.elapsed(), note: undefined };
      cosigned = whole;
      shown = last.shown;
    },
    end() {
      if (shown !== undefined) state.standing = false;
      shown = undefined;
    },
    cosigned: () => cosigned,
  };
}
