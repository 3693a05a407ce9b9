/** The filters of a list as what drives it, the filter that leaves the fewest, and what is checked on the rest. */
import { matchesTag, parseTagGlob } from '../../policy/glob.ts';
import { commitKeys } from '../common/commit-key.ts';
import { ACTED, HAS, NAMES, ROLES } from '../common/kinds.ts';
import { type Condition, condition, listOf, type Plan } from '../common/plan.ts';
import type { RecordFilters } from './filters.ts';
import { setsWith } from './label-sets.ts';
import {
  digestsFrom,
  idOfName,
  idOfTag,
  idsOfNames,
  idsOfNetwork,
  idsOfRepositories,
  idsOfTags,
  type Numbers,
} from './names.ts';

export type Driver =
  /** An index of `table` that has the records of each of a few keys in order. Without keys: all records. */
  | { readonly kind: 'walk'; readonly table: string; readonly keys: readonly Condition[] }
  /** Several values of one column of `record`. */
  | {
      readonly kind: 'set';
      readonly column: string;
      readonly ids: readonly number[];
      readonly records: number;
    }
  /** Few rows of `record`, in any order. */
  | { readonly kind: 'rows'; readonly condition: Condition };

export interface Conditions {
  readonly driver: Driver;
  /** On `record` as `r`. */
  readonly residual: readonly Condition[];
}

interface Candidate {
  /** How many records it leaves, about. */
  readonly records: number;
  readonly driver: Driver;
  /** The same as a condition on `record` as `r`, where another one drives. */
  readonly check: Condition;
}

/** Digests that begin with the same digits: more of them is not a question about one. */
const DIGESTS_LIMIT = 50;

/** @returns undefined where nothing can be found: a name that no record has. */
export function* conditionsOf(
  filters: RecordFilters,
  only?: readonly string[],
): Plan<Conditions | undefined> {
  const candidates: Candidate[] = [];
  const residual: Condition[] = [];
  const {
    repository,
    tag,
    user,
    host,
    network,
    digest,
    layer,
    refers,
    job,
    build,
    commit,
    rule,
    types,
    bases,
  } = filters;

  const repositories =
    repository === undefined || repository === '**' ? undefined : yield* idsOfRepositories(repository);
  if (repositories) candidates.push(column('repo', repositories));
  if (only !== undefined) candidates.push(column('repo', yield* idsOfNames(NAMES.repository, only)));
  if (repository === '**') residual.push(condition('r.repo IS NOT NULL'));
  if (tag !== undefined) {
    const tags = yield* tagsOf(tag, repositories);
    if (tags) candidates.push(column('tag', tags));
    else residual.push(tagCheck(tag));
  }
  if (user !== undefined) candidates.push(column('actor', yield* idOfName(NAMES.actor, user)));
  if (host !== undefined) candidates.push(column('host', yield* idOfName(NAMES.host, host)));
  if (network !== undefined) candidates.push(column('address', yield* idsOfNetwork(network)));
  if (job !== undefined) candidates.push(column('job', yield* idOfName(NAMES.job, job)));
  if (build !== undefined) residual.push(condition('r.build = ?', build));
  if (filters.reason !== undefined)
    candidates.push(column('reason', yield* idOfName(NAMES.reason, filters.reason)));
  if (types !== undefined) candidates.push(column('type', yield* idsOfNames(NAMES.type, types)));
  if (rule !== undefined) candidates.push(ofRule(yield* idOfName(NAMES.rule, rule)));
  for (const [prefix, roles] of [
    [digest, [ROLES.manifest, ROLES.config, ROLES.child]],
    [layer, [ROLES.layer]],
    [refers, [ROLES.of]],
  ] as const) {
    if (prefix === undefined) continue;
    candidates.push(ofDigests(yield* digestsFrom(prefix, DIGESTS_LIMIT), roles));
  }
  for (const [name, has] of [
    [filters.label, true],
    [filters.withoutLabel, false],
  ] as const) {
    const sets = name === undefined ? undefined : yield* setsWith(name, has);
    if (sets === undefined) continue;
    if (has) candidates.push(column('labels', sets));
    else residual.push(condition(`r.labels IS NULL OR r.labels IN (${listOf(sets.ids)})`));
  }
  if (bases !== undefined)
    candidates.push(ofBases(yield* idsOfNames(NAMES.base, bases), filters.directly === true));
  if (commit !== undefined) candidates.push(ofCommit(commit));
  if (candidates.some(({ records }) => records === 0)) return undefined;
  residual.push(...plainChecks(filters));

  const [best, ...others] = candidates.sort((one, other) => one.records - other.records);
  return {
    driver: best?.driver ?? { kind: 'walk', table: 'record', keys: [] },
    residual: [...residual, ...others.map(({ check }) => check)],
  };
}

/** Of one repository by its name, otherwise by the tag's; undefined where there are too many. */
function* tagsOf(tag: string, repositories: Numbers | undefined): Plan<Numbers | undefined> {
  const [repo] = repositories?.ids ?? [];
  if (tag.includes('*') || repo === undefined || repositories?.ids.length !== 1) return yield* idsOfTags(tag);
  const id = yield* idOfTag(repo, tag);
  // A tag has hardly ever more records than its repository.
  return { ids: id === undefined ? [] : [id], records: id === undefined ? 0 : 1 };
}

/** In the language of LIKE, which is all that a pattern of tags needs. */
function tagCheck(pattern: string): Condition {
  const parsed = parseTagGlob(pattern);
  if (!parsed.ok) throw new Error(parsed.reason);
  const like = pattern.replace(/[\\_%]/g, (character) => `\\${character}`).replaceAll('*', '%');
  return matchesTag(parsed.glob, '') || /^\*+$/.test(pattern)
    ? condition('r.tag IS NOT NULL')
    : condition("EXISTS (SELECT 1 FROM tag t WHERE t.id = r.tag AND t.name LIKE ? ESCAPE '\\')", like);
}

function column(name: string, { ids, records }: Numbers): Candidate {
  const [first] = ids;
  return {
    records: ids.length === 0 ? 0 : Math.max(1, records),
    driver:
      ids.length === 1 && first !== undefined
        ? { kind: 'walk', table: 'record', keys: [condition(`${name} = ?`, first)] }
        : { kind: 'set', column: name, ids, records },
    check: condition(`+r.${name} IN (${listOf(ids)})`),
  };
}

function ofRule({ ids, records }: Numbers): Candidate {
  const id = ids[0] ?? -1;
  return {
    records,
    driver: { kind: 'walk', table: 'rule', keys: [condition('rule = ?', id)] },
    check: condition('EXISTS (SELECT 1 FROM rule x WHERE x.rule = ? AND x.idx = r.idx)', id),
  };
}

function ofDigests(digests: readonly Uint8Array[], roles: readonly number[]): Candidate {
  const marks = digests.map(() => '?').join(', ');
  return {
    // A digest has few records, or is what was asked about: it drives.
    records: digests.length === 0 ? 0 : digests.length / (DIGESTS_LIMIT + 1),
    driver: {
      kind: 'walk',
      table: 'digest',
      keys: digests.flatMap((digest) =>
        roles.map((role) => condition('digest = ? AND role = ?', digest, role)),
      ),
    },
    check: condition(
      `EXISTS (SELECT 1 FROM digest x WHERE x.digest IN (${marks}) AND x.role IN (${listOf(roles)}) AND x.idx = r.idx)`,
      ...digests,
    ),
  };
}

function ofBases({ ids }: Numbers, directly: boolean): Candidate {
  const near = directly ? ' AND distance = 1' : '';
  return {
    records: ids.length === 0 ? 0 : 1,
    driver: { kind: 'walk', table: 'built', keys: ids.map((id) => condition(`base = ?${near}`, id)) },
    check: condition(
      `EXISTS (SELECT 1 FROM built x WHERE x.base IN (${listOf(ids)}) AND x.idx = r.idx${near})`,
    ),
  };
}

function ofCommit(prefix: string): Candidate {
  const { low, high } = commitKeys(prefix);
  const range = condition(
    `r.vcs_commit >= ? AND r.vcs_commit < ? AND ((r.has & ${HAS.oddCommit}) = 0 OR length(r.vcs_commit) * 2 > ?)`,
    ...[low, high, prefix.length],
  );
  return { records: 1, driver: { kind: 'rows', condition: range }, check: range };
}

function plainChecks({ since, until, without, unsignedMs, moved, actorKind }: RecordFilters): Condition[] {
  const checks: Condition[] = [];
  if (since !== undefined) checks.push(condition('r.time >= ?', since));
  if (until !== undefined) checks.push(condition('r.time < ?', until));
  if (actorKind !== undefined) checks.push(condition(`(r.has & ${ACTED[actorKind]}) <> 0`));
  if (moved) checks.push(condition(`(r.has & ${HAS.moved}) <> 0`));
  if (without !== undefined) {
    const bits = without.reduce((sum, fact) => sum | HAS[fact], 0);
    checks.push(condition('(r.has & ?) = 0', bits));
  }
  if (unsignedMs !== undefined) {
    checks.push(
      condition(
        `(r.has & ${HAS.refers}) = 0 AND NOT EXISTS (
           SELECT 1 FROM digest s CROSS JOIN record p
           WHERE s.digest = r.digest AND s.role = ${ROLES.of} AND p.idx = s.idx AND p.time <= r.time + ?)`,
        unsignedMs,
      ),
    );
  }
  return checks;
}
