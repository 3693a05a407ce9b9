import { WardenError } from '../errors.ts';
import type { Intent } from '../provenance/record.ts';
import type { GateDeps } from './deps.ts';

const REASON = 'this instance was stopped for longer than its lease; nothing was sent to the registry';

/**
 * Ends what was intended and not sent, since another instance may have taken it over meanwhile.
 *
 * @param error thrown again where it is none of that kind.
 * @throws {WardenError} OUTCOME_UNKNOWN, so that the client tries again.
 */
export async function takeBack(
  { recorder }: Pick<GateDeps, 'recorder'>,
  intent: Intent,
  error: unknown,
): Promise<never> {
  if (!(error instanceof Error) || error.name !== 'NotSent') throw error;
  const type = 'deletes' in intent ? 'delete.aborted' : 'push.aborted';
  // Whoever took it over finds the same by looking, where this cannot be written.
  await recorder.conclude(intent.id, { type, reason: REASON }).catch(() => undefined);
  throw new WardenError('OUTCOME_UNKNOWN', {
    sentence: 'this instance was stopped for too long in the middle, and has changed nothing; try again',
    headers: { 'Retry-After': '5' },
  });
}
