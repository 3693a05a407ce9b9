/** From the digest of a base as it was asked to the digests under which images name it. */
import { WardenError } from '../errors.ts';
import type { AuditParts } from './question.ts';
import { visibleRepositories } from './record-pages.ts';
import type { MayRead } from './visible-parts.ts';

/** Records that name it which are looked at, in one step after the other. */
const STEPS = [50, 1_000, 10_000];
const WHOLE = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/**
 * The manifest itself, the platforms where it is an index, and the manifests where it is an image's id.
 *
 * @param digest with its algorithm; a part of its hex is enough where it is on record.
 * @throws {WardenError} FILTER_MALFORMED where a part fits no image on record that the asker may see, or several.
 */
export async function basesAsked(
  { index }: Pick<AuditParts, 'index'>,
  digest: string,
  mayRead: MayRead,
): Promise<readonly string[]> {
  const whole = WHOLE.test(digest);
  // What others have can be found out by its beginnings, digit by digit; who has all of it knows it already.
  const only = whole || mayRead('') ? undefined : await visibleRepositories(index, mayRead);
  const named = new Set<string>();
  const bases = new Set<string>();
  let before: number | undefined;
  // Indexes with it as a platform name it too: there may be many before its own record is reached.
  for (const limit of STEPS) {
    const { answer } = await index.find({
      ...{ filters: { digest, types: ['push.accepted'] }, limit },
      ...(before !== undefined && { before }),
      ...(only && { only }),
    });
    for (const record of await index.records(answer.rows.map((row) => row.index))) {
      if (record.type !== 'push.accepted') continue;
      const { subject } = record;
      for (const one of [subject.digest, subject.config]) {
        if (one?.startsWith(digest)) named.add(one);
      }
      // An index that has it as one platform of several is not what was asked for.
      if (!subject.digest.startsWith(digest) && !subject.config?.startsWith(digest)) continue;
      bases.add(subject.digest);
      for (const child of subject.children ?? []) bases.add(child.digest);
    }
    before = answer.reached;
    // A manifest is the same in all of its records; the id of an image is named by several manifests.
    if (before === undefined || [...named].some((one) => bases.has(one))) break;
  }
  if (named.size > 1) {
    throw new WardenError('FILTER_MALFORMED', {
      sentence: 'filter "base" is the beginning of several digests; give more of it',
    });
  }
  if (whole) bases.add(digest);
  if (bases.size === 0) {
    throw new WardenError('FILTER_MALFORMED', {
      sentence: 'filter "base" is no image on record; of another one give the whole digest',
    });
  }
  return [...bases];
}
