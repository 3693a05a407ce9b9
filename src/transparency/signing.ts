/** Signs the tree: finds out what was signed before, goes on from it, and begins an origin where that is due. */
import type { Growing } from './growing.ts';
import type { SignedLast } from './last-signed.ts';
import { type Publishing, Refused } from './publishing.ts';
import type { SigningLock } from './signing-lock.ts';
import { another, type Standing, shorter } from './standing.ts';
import type { SignedTree } from './tree-thread.ts';

export interface Signing {
  /** To be done before the first signature of a turn, and after a failure. @throws {Refused} */
  stand(): Promise<void>;
  /** What the tree is now. @throws {Refused} */
  sign(): Promise<void>;
}

export function createSigning({ deps, state, goesOn }: Publishing, growing: Growing): Signing {
  const { reader, thread, clock, origin, key, lastSigned } = deps;
  const { place } = lastSigned;

  async function goOn(before: number): Promise<void> {
    const there = await reader.size();
    if (there < before) throw new Refused(shorter(there, before, origin));
    state.signed = { ...state.signed, size: before };
    if (await growing.takeUp(there)) return;
    // What was not signed may be another after a crash; what was signed may not.
    if (state.size <= before) return growing.restart(0);
    await growing.restart(before);
    if (!(await growing.agrees())) throw new Refused(another(before, origin));
  }

  async function begin(
    found: Extract<Standing, { kind: 'new' | 'following' }>,
    last: SignedLast,
  ): Promise<void> {
    if (found.kind === 'following') await thread.call('putAside');
    await growing.restart(0);
    state.signed = { ...state.signed, size: 0 };
    const openedBefore = await growing.growAll();
    if (!goesOn()) return;
    if (found.kind === 'new' && openedBefore) {
      throw new Refused(
        `the log says that ${origin} was signed before, and what was signed last is not known here: bring back transparency.lockFile, adopt a checkpoint with warden log adopt, or open a new origin with warden log open-origin`,
      );
    }
    const next = await thread.call<SigningLock>('begun', last.lock);
    // Before the record of it: a crash in between leaves an origin of which it is known that nothing was signed.
    if (!(await lastSigned.swap(last, next))) throw new Error(`${place} was changed by somebody else`);
    await lastSigned.remember(next);
    if (!openedBefore) await open(found.kind === 'following' ? found.previous : undefined);
  }

  async function open(previous: string | undefined): Promise<void> {
    await deps.append({
      type: 'log.opened',
      log: { origin, key, ...(previous === undefined ? {} : { previous }) },
    });
  }

  /** Of an origin that was begun, and not yet signed for: its record may be missing. */
  async function requireOpened({ lock }: SignedLast): Promise<void> {
    await growing.restart(0);
    const openedBefore = await growing.growAll();
    if (!openedBefore && goesOn()) await open(lock?.former.at(-1));
  }

  return {
    async stand() {
      const last = await lastSigned.read();
      const found = await thread.call<Standing>('standing', { lock: last.lock, place });
      if (found.kind === 'refused') throw new Refused(found.why);
      if (found.kind === 'going-on') await goOn(found.size);
      else await begin(found, last);
      if (!goesOn()) return;
      if (found.kind === 'going-on' && found.size === 0) await requireOpened(last);
      if (found.kind === 'going-on' && found.keys[0] !== key) {
        const [from] = found.keys;
        await deps.append({
          type: 'key.changed',
          key: { use: 'log', change: 'signs', kid: key, ...(from === undefined ? {} : { from }) },
        });
      }
      state.standing = true;
    },
    async sign() {
      const last = await lastSigned.read();
      if (last.remembered !== undefined) await growing.requireGoesOn(last.remembered);
      const answer = await thread.call<SignedTree>('sign', { lock: last.lock, place });
      if (!answer.ok) {
        state.standing = false;
        throw new Refused(answer.why);
      }
      const { size, note, next } = answer;
      // First what was signed, then the signature: so no crash lets one out that is not remembered.
      if (!(await lastSigned.swap(last, next))) {
        state.standing = false;
        if (!(await lastSigned.turn(false)).mine) return;
        throw new Error(`${place} was changed by somebody else while Warden was signing`);
      }
      await lastSigned.remember(next);
      await thread.call('show', { next, note, again: last.lock?.checkpoint === note });
      state.signed = { size, at: clock.now(), elapsed: clock.elapsed(), note };
    },
  };
}
