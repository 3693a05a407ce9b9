/**
 * Finds out what became of a push or a deletion whose outcome is not known: after a crash, or when the registry did not answer.
 *
 * The registry carries out a PUT whose body arrived whole even when the connection is gone, some time later. So a look
 * that finds no trace of it decides only when the settling time is over; one that finds it done decides at once. A registry
 * that does not answer is asked again for as long as it takes: never a guess. Only what the intent holds waits meanwhile.
 */
import { type Clock, timestamp } from '../store/clock.ts';
import type { Concluded } from './log-store.ts';
import {
  type DeletionIntent,
  type DeletionOutcome,
  type Intent,
  type IntentOutcome,
  type PushIntent,
  type PushOutcome,
  referenceOf,
} from './record.ts';
import { RecordUnavailable } from './record-errors.ts';

/** How the registry is looked at. A rejection means that it did not say. */
export interface Looks {
  /** The digest under the tag; undefined when the registry says there is no such tag. */
  lookTag(repo: string, tag: string): Promise<string | undefined>;
  /** Whether the registry has a manifest of this digest. */
  lookDigest(repo: string, digest: string): Promise<boolean>;
  /** Whether the repository has a blob of this digest. */
  lookBlob(repo: string, digest: string): Promise<boolean>;
  /** In milliseconds, from the intent: longer than the registry's longest stall. */
  readonly settleMs: number;
}

export interface SettleDeps {
  readonly clock: Clock;
  /** Answers what is recorded, which is another outcome where somebody else was first. */
  conclude(intentId: string, outcome: IntentOutcome): Promise<Concluded>;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/**
 * @param since when it was last known to be under way, in milliseconds since 1970.
 * @returns undefined when the signal was aborted first: the intent stays open for the next start.
 */
export async function settleIntent(
  { clock, conclude }: SettleDeps,
  intent: Intent,
  since: number,
  looks: Looks,
  signal: AbortSignal,
): Promise<Concluded | undefined> {
  // How long it has been under way already is the machine's clock's to say, which may have been set meanwhile: back, and
  // it must not stretch the time without end. From here on no change of the clock shortens or stretches it.
  const before = Math.max(0, clock.now() - since);
  const ripeAt = clock.elapsed() + Math.max(0, looks.settleMs - before);
  for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const ripe = clock.elapsed() >= ripeAt;
    // The registry did not say: the next round asks again.
    const outcome = await look(intent, looks, ripe, clock).catch(() => undefined);
    if (outcome) {
      try {
        return await conclude(intent.id, outcome);
      } catch (error) {
        // Another round looks again, so that what is recorded in the end is what is so then.
        if (!(error instanceof RecordUnavailable)) throw error;
      }
    }
    const left = ripeAt - clock.elapsed();
    await clock.sleep(ripe || left <= 0 ? pause : Math.min(pause, left), signal);
  }
  return undefined;
}

function look(intent: Intent, looks: Looks, ripe: boolean, clock: Clock): Promise<IntentOutcome | undefined> {
  return 'deletes' in intent
    ? lookDeleted(intent, looks, ripe, clock)
    : lookPushed(intent, looks, ripe, clock);
}

async function lookPushed(
  intent: PushIntent,
  { lookTag, lookDigest }: Looks,
  ripe: boolean,
  clock: Clock,
): Promise<PushOutcome | undefined> {
  const { repo, digest } = intent.subject;
  const tag = intent.tag && (await lookTag(repo, intent.tag.name));
  if (intent.tag && tag === digest) return accepted('tag', tag);
  if (intent.tag && !ripe) return undefined;
  const present = await lookDigest(repo, digest);
  if (!intent.tag && present) return accepted('digest', undefined);
  if (!ripe) return undefined;
  return {
    type: 'push.aborted',
    reason: present
      ? `the registry has the manifest, but not as ${referenceOf(intent)}`
      : 'the registry does not have it',
    recovered: saw(present ? 'manifest-only' : 'absent', tag),
  };

  function accepted(what: 'tag' | 'digest', found: string | undefined): PushOutcome {
    return { type: 'push.accepted', recovered: saw(what, found) };
  }

  function saw(what: 'tag' | 'digest' | 'manifest-only' | 'absent', found: string | undefined) {
    return { at: timestamp(clock.now()), saw: what, ...(found === undefined ? {} : { tag: found }) };
  }
}

/** Nothing is sent for what the registry does not have, so what is absent now was deleted. */
async function lookDeleted(
  { deletes, subject, tag }: DeletionIntent,
  { lookTag, lookDigest, lookBlob }: Looks,
  ripe: boolean,
  clock: Clock,
): Promise<DeletionOutcome | undefined> {
  const { repo, digest } = subject;
  const at = (): string => timestamp(clock.now());
  if (tag) {
    const found = await lookTag(repo, tag.name);
    if (found === undefined) return { type: 'tag.deleted', recovered: { at: at(), saw: 'absent' } };
    const reason = found === digest ? 'the registry still shows it' : 'the tag shows another manifest';
    return ripe
      ? { type: 'delete.aborted', reason, recovered: { at: at(), saw: 'tag', tag: found } }
      : undefined;
  }
  const blob = deletes === 'blob';
  const present = await (blob ? lookBlob : lookDigest)(repo, digest);
  if (!present) {
    const type = blob ? 'blob.deleted' : 'manifest.deleted';
    return { type, recovered: { at: at(), saw: 'absent' } };
  }
  const saw = blob ? 'blob' : 'digest';
  return ripe
    ? { type: 'delete.aborted', reason: 'the registry still has it', recovered: { at: at(), saw } }
    : undefined;
}
