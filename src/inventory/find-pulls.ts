/** The question which pulls there were, as a statement for either database. */
import type { SQLInputValue } from 'node:sqlite';
import { parseRange, type Range } from '../policy/address.ts';
import { parseRepositoryGlob, parseTagGlob, type RepositoryGlob, type TagGlob } from '../policy/glob.ts';
import { addressKeyRange } from '../store/address-key.ts';
import { afterPrefix, createConditions } from '../store/conditions.ts';
import type { FoundPull, PullQuestion } from './pull.ts';

/** A condition, with one `?` for each value. */
export interface Fits {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** What the databases say differently. */
export interface PullDialect {
  readonly table: string;
  /** Of the column `repository`. */
  repositoryFits(glob: RepositoryGlob): Fits;
  /** A table of one column with the texts of a JSON array, for which one `?` stands. */
  readonly textsOf: string;
  /** Of the column `reference`: a tag that fits. A digest that was asked for is no tag, whatever the pattern. */
  tagFits(glob: TagGlob): Fits;
}

/** @throws {Error} with one sentence for a pattern or a network that is none. */
export function findPulls(
  { filters, limit, after }: PullQuestion,
  dialect: PullDialect,
): { readonly sql: string; readonly values: readonly SQLInputValue[] } {
  const conditions = createConditions();
  const { repository, tag, user, host, network, among, digest, digests, since, until } = filters;
  if (after) conditions.add('(last, id) < (?, ?)', after.last, after.id);
  if (repository !== undefined) {
    const parsed = parseRepositoryGlob(repository);
    if (!parsed.ok) throw new Error(parsed.reason);
    const prefix = repository.split('*', 1)[0] ?? '';
    if (prefix === repository) conditions.add('repository = ?', repository);
    else {
      // What stands before the first star narrows the names by their index.
      if (prefix !== '') conditions.add('repository >= ? AND repository < ?', prefix, afterPrefix(prefix));
      const { sql, values } = dialect.repositoryFits(parsed.glob);
      conditions.add(sql, ...values);
    }
  }
  if (tag !== undefined) {
    const parsed = parseTagGlob(tag);
    if (!parsed.ok) throw new Error(parsed.reason);
    if (tag.includes('*')) {
      const { sql, values } = dialect.tagFits(parsed.glob);
      conditions.add(sql, ...values);
    } else conditions.add('reference = ?', tag);
  }
  if (user !== undefined) conditions.add('subject = ?', user);
  if (host !== undefined) conditions.add('host = ?', host);
  if (network !== undefined) {
    const { low, high } = addressKeyRange(requireRange(network));
    conditions.add('address_key BETWEEN ? AND ?', low, high);
  }
  if (digest !== undefined) conditions.add('digest >= ? AND digest < ?', digest, afterPrefix(digest));
  if (digests !== undefined) conditions.add(`digest IN (${digests.map(() => '?').join(', ')})`, ...digests);
  if (among !== undefined) {
    // Where another condition leaves fewer, it is that one's index that is to be used.
    const narrow = [repository, user, host, network, digest, digests].some((one) => one !== undefined);
    const column = narrow ? `coalesce(repository, '')` : 'repository';
    conditions.add(`${column} IN (${dialect.textsOf})`, JSON.stringify(among));
  }
  if (since !== undefined) conditions.add('last >= ?', since);
  if (until !== undefined) conditions.add('first < ?', until);
  return {
    sql: `SELECT id, address, host, subject, repository, digest, reference, first, last, gets, heads, client
      FROM ${dialect.table}${conditions.where()} ORDER BY last DESC, id DESC LIMIT ?`,
    values: [...conditions.values, limit],
  };
}

/** The repositories that were pulled from: each is looked for after the one before it, so that their pulls are not gone through. */
export function pulledRepositories({ table }: Pick<PullDialect, 'table'>): string {
  return `WITH RECURSIVE one (name) AS (
      SELECT min(repository) FROM ${table}
      UNION ALL SELECT (SELECT min(repository) FROM ${table} WHERE repository > one.name) FROM one WHERE one.name IS NOT NULL
    ) SELECT name FROM one WHERE name IS NOT NULL`;
}

/** A row that `findPulls` finds; PostgreSQL writes large integers as text. What is not known of a pull has no member. */
export function foundPull(row: Readonly<Record<string, unknown>>): FoundPull {
  const { host, client } = row;
  return {
    ...{ id: Number(row['id']), address: String(row['address']) },
    ...(host != null && { host: String(host) }),
    ...{ subject: String(row['subject']), repository: String(row['repository']) },
    ...{ digest: String(row['digest']), reference: String(row['reference']) },
    ...{ first: Number(row['first']), last: Number(row['last']) },
    ...{ gets: Number(row['gets']), heads: Number(row['heads']) },
    ...(client != null && { client: String(client) }),
  };
}

function requireRange(text: string): Range {
  const parsed = parseRange(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.range;
}
