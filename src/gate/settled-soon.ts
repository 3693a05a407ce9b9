import type { Concluded } from '../provenance/log-store.ts';
import type { Intent } from '../provenance/record.ts';
import type { GateDeps } from './deps.ts';
import type { Exchange } from './exchange.ts';

/** Milliseconds that a client waits for what has an unknown outcome, before it is told so. */
const UNKNOWN_WAIT_MS = 10_000;

/**
 * Has an intent settled whose outcome is not known, or could not be recorded. The client waits a little for the truth;
 * the lock and the settling go on without it.
 *
 * @param settleMs less than the setting only where nothing can be under way any more.
 * @returns undefined where it is not settled yet.
 */
export async function settledSoon(
  deps: GateDeps,
  exchange: Exchange,
  intent: Intent,
  hold: (until: Promise<unknown>) => void,
  settleMs: number = deps.settings.settleMs,
): Promise<Concluded | undefined> {
  const { lookTag, lookDigest, lookBlob } = deps.registry;
  const settling = deps.recorder.settleOne(intent, { lookTag, lookDigest, lookBlob, settleMs });
  hold(settling);
  const settled = await Promise.race([settling, pause(UNKNOWN_WAIT_MS)]);
  exchange.log.warn(
    { outcome: settled?.type ?? 'not settled yet', intent: intent.id },
    'an outcome that the registry did not tell was looked up',
  );
  return settled;
}

function pause(milliseconds: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), milliseconds).unref();
  });
}
