/** From names and patterns to the numbers under which the index has them. Plans. */
import { parseRange } from '../../policy/address.ts';
import { ANONYMOUS } from '../../policy/facts.ts';
import { matchesRepository, matchesTag, parseRepositoryGlob, parseTagGlob } from '../../policy/glob.ts';
import { addressKeyRange } from '../../store/address-key.ts';
import { afterPrefix } from '../../store/conditions.ts';
import { digestKeys } from '../common/digest-key.ts';
import { NAMES, type NameKind } from '../common/kinds.ts';
import { numberOf, type Plan, type Row, select } from '../common/plan.ts';

/** What a filter stands for in one column. */
export interface Numbers {
  readonly ids: readonly number[];
  /** Records that have one of them. */
  readonly records: number;
}

/** Names that are looked up in one statement. */
const TOGETHER = 500;

/** Of one name, as it is written. */
export function* idOfName(kind: NameKind, text: string): Plan<Numbers> {
  return numbersOf(yield* select('SELECT id, records FROM name WHERE kind = ? AND text = ?', kind, text));
}

export function* idsOfNames(kind: NameKind, texts: readonly string[]): Plan<Numbers> {
  const rows: Row[] = [];
  for (let at = 0; at < texts.length; at += TOGETHER) {
    const part = texts.slice(at, at + TOGETHER);
    const marks = part.map(() => '?').join(', ');
    rows.push(
      ...(yield* select(
        `SELECT id, records FROM name WHERE kind = ? AND text IN (${marks})`,
        ...[kind, ...part],
      )),
    );
  }
  return numbersOf(rows);
}

/** Repositories that came on record after the one with number `after`, in the order of their numbers. */
export function* repositories({
  after,
}: {
  readonly after: number;
}): Plan<readonly { readonly id: number; readonly name: string }[]> {
  const rows = yield* select(
    'SELECT id, text AS name FROM name WHERE kind = ? AND id > ? ORDER BY id',
    ...[NAMES.repository, after],
  );
  return rows.map(({ id, name }) => ({ id: numberOf(id), name: String(name) }));
}

/** Repositories that fit a pattern of the policy. @throws {Error} with the reason why it is none. */
export function* idsOfRepositories(pattern: string): Plan<Numbers> {
  const parsed = parseRepositoryGlob(pattern);
  if (!parsed.ok) throw new Error(parsed.reason);
  const { glob } = parsed;
  if (!pattern.includes('*')) return yield* idOfName(NAMES.repository, pattern);
  const prefix = pattern.split('*', 1)[0] ?? '';
  const rows = yield* select(
    'SELECT id, text, records FROM name WHERE kind = ? AND text >= ? AND text < ?',
    ...[NAMES.repository, prefix, afterPrefix(prefix)],
  );
  return numbersOf(rows.filter(({ text }) => matchesRepository(glob, String(text).split('/'), ANONYMOUS)));
}

export function* idsOfNetwork(network: string): Plan<Numbers> {
  const parsed = parseRange(network);
  if (!parsed.ok) throw new Error(parsed.reason);
  const { low, high } = addressKeyRange(parsed.range);
  return numbersOf(
    yield* select(
      'SELECT id, records FROM name WHERE kind = ? AND sort IS NOT NULL AND sort BETWEEN ? AND ?',
      ...[NAMES.address, low, high],
    ),
  );
}

/** Past this many tags a pattern is a filter of the records that were found otherwise. */
export const TAGS_LIMIT = 5_000;

/** Tags of any repository that fit a pattern; undefined where they are too many to be listed. */
export function* idsOfTags(pattern: string): Plan<Numbers | undefined> {
  const parsed = parseTagGlob(pattern);
  if (!parsed.ok) throw new Error(parsed.reason);
  const { glob } = parsed;
  const wild = pattern.includes('*');
  const prefix = pattern.split('*', 1)[0] ?? '';
  const rows = yield* select(
    `SELECT id, name, records FROM tag WHERE name >= ? AND name ${wild ? '<' : '<='} ? LIMIT ${TAGS_LIMIT + 1}`,
    ...[prefix, wild ? afterPrefix(prefix) : pattern],
  );
  if (rows.length > TAGS_LIMIT) return undefined;
  return numbersOf(rows.filter(({ name }) => matchesTag(glob, String(name))));
}

/** The tag of one repository. */
export function* idOfTag(repo: number, name: string): Plan<number | undefined> {
  const [row] = yield* select('SELECT id FROM tag WHERE name = ? AND repo = ?', name, repo);
  return row && numberOf(row['id']);
}

/** Of all digests that begin so, at most `limit`. */
export function* digestsFrom(prefix: string, limit: number): Plan<readonly Uint8Array[]> {
  const { low, high } = digestKeys(prefix);
  const found: Uint8Array[] = [];
  // From each digest to the next one, so that one that a million records name costs no more than another.
  for (let least = low, including = true; found.length < limit; including = false) {
    const [row] = yield* select(
      `SELECT digest FROM digest WHERE digest ${including ? '>=' : '>'} ? AND digest < ? ORDER BY digest LIMIT 1`,
      ...[least, high],
    );
    const digest = row?.['digest'];
    if (!(digest instanceof Uint8Array)) break;
    found.push(digest);
    least = digest;
  }
  return found;
}

function numbersOf(rows: readonly Row[]): Numbers {
  let records = 0;
  const ids = rows.map((row) => {
    records += numberOf(row['records']);
    return numberOf(row['id']);
  });
  return { ids, records };
}
