/** Answers one question about policies that were in force. Heavy: it runs in a thread of its own. */
import { AUDIT_TABLES, openAudit } from '../audit/open-audit.ts';
import { parseTime } from '../audit/time.ts';
import { openPolicyHistory, type PolicyHistory, readVersion } from '../history/policy-history.ts';
import { VERSION_TABLES } from '../history/postgres-versions.ts';
import { type Asked, readAsked } from '../policy/ask.ts';
import { decide } from '../policy/decide.ts';
import { explanationJson } from '../policy/explanation-json.ts';
import { parseMoment } from '../policy/moment.ts';
import type { Policy } from '../policy/policy.ts';
import { answerJson, answerRights } from '../policy/rights/answer.ts';
import { type KnownUsers, readAskedRights } from '../policy/rights/ask.ts';
import { describeDiff } from '../policy/rights/diff-words.ts';
import { answersOf } from '../policy/why.ts';
import { connectPostgres, type Postgres } from '../store/postgres.ts';
import type { Database } from '../store/postgres-file.ts';
import { malformed, type Parameters, type QuestionKind, type Raw, readParameters } from './parameters.ts';
import { replayRecord } from './replay-record.ts';

/** Plain data, since it goes to the thread. */
export interface Inquiry {
  readonly kind: QuestionKind;
  readonly raw: Raw;
  /** `data` of the settings. */
  readonly folder: string;
  /** Where the settings name one. */
  readonly database?: SharedDatabase | undefined;
  /** Digest of the policy in force. */
  readonly live: string;
  readonly users: KnownUsers;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** `timeoutMs` for each answer of it. */
export interface SharedDatabase extends Database {
  readonly timeoutMs: number;
}

const DAY_MS = 86_400_000;
const LONGEST_DAYS = 366;
/** Rows, rules and changes in one answer; how many more there are is said. */
const ROWS_LIMIT = 1_000;

/** @throws {WardenError} FILTER_MALFORMED; {StoreError} when a file or the database cannot be read. */
export async function answerInquiry(inquiry: Inquiry): Promise<unknown> {
  const { kind, raw, folder, live, users, now } = inquiry;
  const read = readParameters(kind, raw);
  const postgres = connect(inquiry.database);
  const history = await openPolicyHistory(folder, postgres);
  try {
    if (kind === 'diff') return await diff(read, { history, live, users, folder, now, postgres });
    const policy = await policyOf(history, read.one('version'), live, 'version');
    return kind === 'explain' ? explain(read, policy, users, now) : rights(kind, read, policy, users, now);
  } finally {
    await history.close();
    await postgres?.close();
  }
}

/** A connection of the thread's own. */
function connect(database: SharedDatabase | undefined): Postgres | undefined {
  return (
    database &&
    connectPostgres({
      ...database,
      ...{ name: 'registry-warden question', connections: 2 },
      families: [...AUDIT_TABLES, VERSION_TABLES],
    })
  );
}

async function policyOf(
  history: PolicyHistory,
  name: string | undefined,
  live: string,
  parameter: string,
): Promise<Policy> {
  const found = await history.version(name ?? live);
  if (!found.ok && name === undefined)
    throw malformed(parameter, `is missing, and the policy in force is not kept yet: ${found.reason}`);
  if (!found.ok) throw malformed(parameter, `names no policy: ${found.reason}`);
  const version = readVersion(found.version);
  if (!version.ok)
    throw malformed(parameter, `names a policy that cannot be read: ${version.problems[0]?.message}`);
  return version.policy;
}

function rights(
  kind: 'who' | 'what',
  read: Parameters,
  policy: Policy,
  users: KnownUsers,
  now: number,
): unknown {
  if (kind === 'who' && read.all('can') === undefined) throw malformed('can', 'is missing: say what is done');
  const whose = ['user', 'group', 'kind'].some((name) => read.all(name) !== undefined);
  if (kind === 'what' && !whose)
    throw malformed('user', 'is missing: say whose rights; empty is nobody who has logged in');
  const asked = readAskedRights(
    {
      can: read.all('can'),
      repository: read.one('repository'),
      user: read.one('user'),
      groups: read.all('group'),
      kind: read.one('kind'),
      method: read.one('method'),
      from: read.one('from'),
      tag: read.one('tag'),
      time: momentOf(read.one('time'), now),
    },
    policy,
    users,
  );
  if (!asked.ok) throw firstOf(asked.faults);
  const { rows, ...answer } = answerJson(policy, answerRights(policy, asked.given, users));
  return { ...answer, ...limited('rows', rows), ...noteOf(read, users) };
}

/** Of somebody whose groups neither the question nor the users file has: who has them is not asked here. */
function noteOf(read: Parameters, users: KnownUsers): { readonly note?: string } {
  const user = read.one('user');
  if (user === undefined || user === '' || read.all('group') !== undefined || users.has(user)) return {};
  return {
    note: 'the users file has no such user, and a directory is not asked here: groups are those of the question alone',
  };
}

function momentOf(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const span = parseTime(text, now);
  if (span !== undefined && span.from === span.to) return span.from;
  const moment = parseMoment(text);
  if (!moment.ok) throw malformed('time', `is no moment: ${moment.reason}`);
  return moment.time;
}

function flagOf(read: Parameters, name: string): boolean | undefined {
  const text = read.one(name);
  if (text !== undefined && text !== 'true' && text !== 'false')
    throw malformed(name, 'is neither true nor false');
  return text === undefined ? undefined : text === 'true';
}

function explain(read: Parameters, policy: Policy, users: KnownUsers, now: number): unknown {
  const build: Record<string, string> = {};
  for (const text of read.all('build') ?? []) {
    const [, claim = '', value = ''] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
    if (claim === '' || build[claim] !== undefined)
      throw malformed('build', 'is not claim=value, each claim once');
    build[claim] = value;
  }
  const user = read.one('user');
  const asked: Asked = {
    user,
    groups: read.all('group') ?? (user === undefined ? undefined : users.get(user)?.groups),
    kind: read.one('kind'),
    method: read.one('method'),
    ...(Object.keys(build).length > 0 && { build }),
    from: read.one('from'),
    tokenFrom: read.one('tokenFrom'),
    repository: read.one('repository'),
    action: read.one('action'),
    tag: read.one('tag'),
    time: read.one('time') ?? new Date(now).toISOString(),
    client: read.one('client'),
    certificate: read.one('certificate'),
    approved: flagOf(read, 'approved'),
  };
  const { ok, ...question } = readAsked(asked, policy);
  if (!ok || !('question' in question)) throw firstOf('faults' in question ? question.faults : []);
  const answers = answersOf(policy, question.question) ?? [];
  const more = Math.max(0, answers.length - ROWS_LIMIT);
  const decision = decide(policy, question.question);
  const told = explanationJson(policy, question.question, decision, answers.slice(0, ROWS_LIMIT));
  return { ...(told as object), ...(more > 0 && { more }), ...noteOf(read, users) };
}

/** The API names parameters, of which `groups` is `group`. */
function firstOf(faults: readonly { readonly key: string; readonly message: string }[]): Error {
  const [first] = faults;
  return malformed(first?.key === 'groups' ? 'group' : (first?.key ?? ''), `is wrong: ${first?.message}`);
}

async function diff(
  read: Parameters,
  {
    history,
    live,
    users,
    folder,
    now,
    postgres,
  }: Pick<Inquiry, 'live' | 'users' | 'folder' | 'now'> & {
    history: PolicyHistory;
    postgres: Postgres | undefined;
  },
): Promise<unknown> {
  const named = (name: 'old' | 'new') => {
    const text = read.one(name);
    if (text === undefined) throw malformed(name, 'is missing: the digest of a policy, or live');
    return policyOf(history, text === 'live' ? undefined : text, live, name);
  };
  const [before, after] = [await named('old'), await named('new')];
  const text = read.one('replay');
  const days = text === undefined ? undefined : Number(text);
  if (days !== undefined && !(Number.isInteger(days) && days >= 1 && days <= LONGEST_DAYS))
    throw malformed('replay', `is no number of days from 1 to ${LONGEST_DAYS}`);
  const { removed, added, ...digests } = describeDiff(before, after);
  const answer = { ...digests, ...limited('removed', removed), ...limited('added', added) };
  if (days === undefined) return answer;
  const opened = await openAudit(folder, postgres);
  try {
    const since = now - days * DAY_MS;
    const replay = await replayRecord({ audit: opened.audit, before, after, since, users });
    return { ...answer, replay };
  } finally {
    await opened.close();
  }
}

/** The first of a list, and how many more there are. */
function limited<T>(name: string, list: readonly T[]): Readonly<Record<string, unknown>> {
  const more = list.length - ROWS_LIMIT;
  return more <= 0 ? { [name]: list } : { [name]: list.slice(0, ROWS_LIMIT), [`${name}More`]: more };
}
