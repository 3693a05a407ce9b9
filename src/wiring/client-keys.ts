/** The keys of clients' tokens, taken over as they come and go in their folder; bad ones change nothing. */
import { describeProblem } from '../config/yaml.ts';
import { deriveSealKey } from '../gate/upload-seal.ts';
import { believedKeys, type KeyRing, sealingKeys, signerOf } from '../token/key-ring.ts';
import { followersOf, loadKeyRing } from '../token/key-ring-files.ts';
import type { SigningKey } from '../token/keys.ts';
import { stampOf } from './file-stamp.ts';
import { type Part, reportProblems, WATCH_MS } from './part.ts';

export interface ClientKeys {
  /** The one that signs now, then all that are believed. */
  readonly current: () => readonly [SigningKey, ...SigningKey[]];
  /** The key that seals uploads now, then all whose seals hold. */
  readonly sealing: () => readonly [Uint8Array, ...Uint8Array[]];
  readonly reload: () => Promise<void>;
}

/** Milliseconds for which a choice among the keys is good: they change by time alone. */
const CHOICE_MS = 1_000;

export function watchClientKeys({ settings, log, endings }: Part, initial: KeyRing): ClientKeys {
  const { keyFile, algorithm } = settings.tokens;
  let ring = initial;
  let seen = '';
  let told = '';
  let signer = signerOf(ring, Date.now());
  const sealKeys = new Map<string, Uint8Array>();
  let chosen = choose();

  function sealKeyOf({ kid, privateKey }: SigningKey): Uint8Array {
    const known = sealKeys.get(kid) ?? deriveSealKey(privateKey);
    sealKeys.set(kid, known);
    return known;
  }

  function choose() {
    const now = Date.now();
    const [sealer, ...sealers] = sealingKeys(ring, now);
    return {
      at: performance.now(),
      keys: believedKeys(ring, now),
      seals: [sealKeyOf(sealer), ...sealers.map(sealKeyOf)] as const,
    };
  }

  function choice(): typeof chosen {
    if (performance.now() - chosen.at < CHOICE_MS) return chosen;
    const next = choose();
    const now = signerOf(ring, Date.now());
    if (now.key.kid !== signer.key.kid) {
      log.info(
        { kid: now.key.kid, from: signer.key.kid },
        'another key signs the tokens of clients from now on',
      );
      signer = now;
    }
    chosen = next;
    return chosen;
  }

  async function look(again: boolean): Promise<void> {
    const stamp = await stampOf([keyFile, ...followersOf(keyFile).map(({ file }) => file)]);
    if (stamp === seen && !again) return;
    const loaded = loadKeyRing(keyFile, algorithm);
    seen = stamp;
    const state = loaded.ok ? '' : loaded.problems.map(describeProblem).join();
    if (!loaded.ok) {
      if (state !== told)
        reportProblems(
          log,
          'the keys of tokens on disk are refused; the last good ones go on',
          loaded.problems,
        );
      told = state;
      return;
    }
    told = '';
    const kids = (of: KeyRing): string => of.map(({ key, signsFrom }) => `${key.kid} ${signsFrom}`).join();
    if (kids(ring) === kids(loaded.ring)) return;
    ring = loaded.ring;
    chosen = { ...chosen, at: Number.NEGATIVE_INFINITY };
    choice();
    log.info({ kids: ring.map(({ key }) => key.kid) }, 'the keys of tokens were read again');
  }

  const watching = setInterval(() => void look(false), WATCH_MS).unref();
  endings.defer(() => clearInterval(watching));
  return {
    current: () => choice().keys,
    sealing: () => choice().seals,
    reload: () => look(true),
  };
}
