/**
 * What a refused person would have needed: the facts of the nearest rule that failed.
 *
 * Whoever has logged in reads the names of groups, networks and hosts that the rule has, since these say whom to ask and where to
 * go. Nobody reads names of users or certificates, nor addresses, which would tell a thief of a password where to go. Whoever
 * has not logged in reads what kind of thing is missing, and no names.
 */
import { looksLikeRange } from './address.ts';
import type { Fact } from './conditions.ts';
import { type ExplainedFact, explain } from './explain.ts';
import type { Decision, Question } from './facts.ts';
import type { Policy } from './policy.ts';
import type { Rule } from './rule.ts';

/** Longest first; the last one names nothing. Empty where no rule is near, or nothing that the person could change is missing. */
export function neededFor(
  { rules }: Pick<Policy, 'rules'>,
  question: Question,
  { verdict, nearest }: Decision,
): readonly string[] {
  const rule = verdict === 'refused' ? ruleWithId(rules, nearest) : undefined;
  if (rule === undefined) return [];
  const [explained] = explain([rule], question) ?? [];
  if (explained === undefined) return [];
  const { facts, unless } = explained;
  if (rule.effect === 'deny') {
    // A deny that holds is lifted by what it excepts: the exception that lacks least.
    const lacking = unless.map((block) => missingOf(block.facts));
    const [least] = lacking.toSorted((a, b) => a.length - b.length);
    return variants(least ?? [], question, []);
  }
  const excepted = unless.filter((block) => block.truth === true).flatMap((block) => block.facts);
  return variants(missingOf(facts), question, excepted);
}

/** `rules` are sorted by id, and refusals come in floods. */
function ruleWithId(rules: readonly Rule[], id: string | undefined): Rule | undefined {
  if (id === undefined) return undefined;
  let low = 0;
  let high = rules.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rules[middle]?.id ?? '') < id) low = middle + 1;
    else high = middle;
  }
  const found = rules[low];
  return found?.id === id ? found : undefined;
}

function missingOf(facts: readonly ExplainedFact[]): readonly ExplainedFact[] {
  return facts.filter(({ truth }) => truth === false);
}

function variants(
  missing: readonly ExplainedFact[],
  { subject }: Question,
  excepted: readonly ExplainedFact[],
): readonly string[] {
  const brief = join([...missing.map(kindOf), ...excepted.map(({ fact }) => OTHER[fact])]);
  if (brief === '') return [];
  if (subject.kind === 'anonymous') return [brief];
  const named = join([...missing.map(nameOf), ...excepted.map(exceptionOf)]);
  return named === brief ? [brief] : [named, brief];
}

function join(phrases: readonly string[]): string {
  return [...new Set(phrases)].filter((phrase) => phrase !== '').join(', ');
}

/** What could be otherwise, without a name. */
const OTHER: Readonly<Record<Fact | 'bind', string>> = {
  actions: '',
  repositories: 'another repository',
  users: 'another user',
  groups: 'another user',
  kinds: 'another kind of login',
  methods: 'another way to log in',
  authenticated: '',
  approved: 'a login without an approval',
  certificates: 'another certificate',
  build: 'another build',
  from: 'another address',
  tags: 'another tag',
  time: 'another time',
  client: 'another client',
  bind: 'the address that fetched the token',
};

/** The same for what is missing. */
function kindOf({ fact, seen, wanted }: ExplainedFact): string {
  if (fact === 'actions') return actionOf(wanted);
  if (fact === 'authenticated') return wanted[0] === 'true' ? 'a login' : '';
  if (fact === 'approved') return wanted[0] === 'true' ? 'an approved grant' : OTHER.approved;
  if (fact === 'groups') return seen === '' ? 'a login of a certain group' : 'another group';
  if (fact === 'certificates') return 'a client certificate';
  return OTHER[fact];
}

function nameOf(explained: ExplainedFact): string {
  const { fact, wanted } = explained;
  switch (fact) {
    case 'groups':
      return `a member of ${listOf(wanted)}`;
    case 'from':
      return placesOf(wanted);
    case 'tags':
      return `a tag ${listOf(wanted)}`;
    case 'repositories':
      return `a repository ${listOf(wanted)}`;
    case 'build':
      return `a build of ${listOf(wanted)}`;
    case 'kinds':
      return `a login as ${listOf(wanted)}`;
    case 'methods':
      return `a login by ${listOf(wanted)}`;
    case 'time':
      return `the time ${listOf(wanted)}`;
    case 'client':
      return `the client ${listOf(wanted)}`;
    default:
      return kindOf(explained);
  }
}

/** Of an exception that holds: what the person would have to be out of. */
function exceptionOf({ fact, wanted }: ExplainedFact): string {
  const named = wanted.filter((text) => !looksLikeRange(text));
  if (fact === 'from' && named.length === wanted.length) return `not from ${listOf(wanted)}`;
  if (fact === 'time') return `not the time ${listOf(wanted)}`;
  return OTHER[fact];
}

function placesOf(wanted: readonly string[]): string {
  const named = wanted.filter((text) => !looksLikeRange(text));
  return named.length === 0 ? OTHER.from : `from ${listOf(named)}`;
}

/** Only of a push can something be near that is allowed. */
function actionOf(wanted: readonly string[]): string {
  if (wanted.includes('create') && !wanted.includes('overwrite')) return 'a tag that does not exist yet';
  return wanted.includes('overwrite') && !wanted.includes('create') ? 'a tag that exists already' : '';
}

const NAMED = 3;

function listOf(words: readonly string[]): string {
  const more = words.length - NAMED;
  if (more > 0) return `${words.slice(0, NAMED).join(', ')} or one of ${more} more`;
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
