/** The one line that a refused person reads. Clients print nothing else of an answer. */
import { canonicalAddress } from './address.ts';
import { type Action, type Decision, type Question, UNKNOWN } from './facts.ts';

export interface Refusal {
  readonly decision: Decision;
  readonly question: Question;
  /** Under which the record has it, so that the person can ask about it. */
  readonly decisionId: string;
  /** What follows `docker login`, for the advice to someone who has not logged in. */
  readonly registry?: string;
  /** What would have been needed, longest first: see `neededFor`. The first that fits is told. */
  readonly needed?: readonly string[];
}

/** Clients cut or wrap longer lines. */
const LINE_LIMIT = 300;

/**
 * The rule's sentence, or a general one; then who was seen, from where, what for, what would have been needed, by which rule,
 * and the decision's id.
 *
 * At most 300 characters: what is too long is shortened in the middle, the rule's sentence last of all and the id never.
 * Holds no control characters, whatever the names and messages hold.
 */
export function describeRefusal({ decision, question, decisionId, registry, needed = [] }: Refusal): string {
  const lead = leadOf(decision, question, registry);
  const name = question.subject.kind === 'anonymous' ? 'no login' : printable(question.subject.name);
  const repository =
    question.repository === UNKNOWN ? wholeOf(question.actions) : printable(question.repository);
  const tag = typeof question.tag === 'string' ? `:${printable(question.tag)}` : '';
  const from = question.address === UNKNOWN ? question.tokenAddress : question.address;
  const address = canonicalAddress(from) ?? 'an unreadable address';
  const id = decision.rules[0] ?? decision.nearest;
  const rule = id === undefined ? '' : `; rule ${printable(id)}`;
  const texts = { lead, name, host: printable(decision.host ?? ''), what: `${repository}${tag}` };
  const line = (need: string): string => {
    const host = texts.host === '' ? '' : ` [${texts.host}]`;
    const seen = `${texts.name} from ${address}${host}, ${wordFor(question.actions)} ${texts.what}`;
    return `${texts.lead} (seen: ${seen}${need}${rule}; decision ${decisionId})`;
  };
  const told = needed
    .map((text) => `; needed: ${printable(text)}`)
    .find((text) => line(text).length <= LINE_LIMIT);
  if (told !== undefined) return line(told);
  for (const [key, least] of SHORTENING) {
    const excess = line('').length - LINE_LIMIT;
    if (excess > 0) texts[key] = shorten(texts[key], Math.max(least, texts[key].length - excess));
  }
  return line('');
}

/** What gives way first, and how much of it always stays. Ids of rules and decisions have limits of their own. */
const SHORTENING = [
  ['what', 40],
  ['name', 24],
  ['host', 16],
  ['what', 16],
  ['lead', 40],
] as const;

function leadOf(decision: Decision, { subject, actions }: Question, registry: string | undefined): string {
  const sentence =
    decision.message ??
    (decision.rules.length > 0
      ? 'A rule of this registry forbids this.'
      : 'No rule of this registry allows this.');
  // Where no rule speaks of this at all, a login would not help.
  const helps = decision.nearest !== undefined;
  if (subject.kind !== 'anonymous' || !helps || !actions.some(isWrite)) return printable(sentence);
  const command = registry === undefined ? 'docker login' : `docker login ${registry}`;
  return printable(`Run ${command} first: pushes need a login. ${sentence}`);
}

const WHOLES: Readonly<{ [A in Action]?: string }> = {
  list: 'the catalogue',
  audit: 'the record',
  policy: 'the rules',
  sessions: 'everybody',
};

/** What a question about no repository in particular is about. */
function wholeOf(actions: readonly Action[]): string {
  const [action] = actions;
  return (action !== undefined && WHOLES[action]) || 'any repository';
}

function isWrite(action: Action): boolean {
  return action === 'create' || action === 'overwrite' || action === 'delete';
}

const WORDS: Readonly<{ [A in Action]?: string }> = {
  robots: 'manage robots for',
  grants: 'approve grants for',
  policy: 'ask about',
  sessions: 'see and end logins of',
};

/** A new tag is what people call a push; only where an existing tag stands in the way does the difference matter. */
function wordFor(actions: readonly Action[]): string {
  if (actions.includes('create')) return 'push';
  return actions.map((action) => WORDS[action] ?? action).join(' or ');
}

/** Control, format and private characters, and line ends of all kinds, become one blank. */
function printable(text: string): string {
  return text.replace(/[\p{C}\p{Z}]+/gu, ' ').trim();
}

/** Leaves out the middle. A character of two units is left out whole. */
function shorten(text: string, length: number): string {
  if (text.length <= length) return text;
  const tail = Math.floor((length - 3) / 2);
  const front = text.slice(0, length - 3 - tail).replace(/[\ud800-\udbff]$/, '');
  return `${front}...${text.slice(text.length - tail).replace(/^[\udc00-\udfff]/, '')}`;
}
