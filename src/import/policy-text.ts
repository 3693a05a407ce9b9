/** The rules of an import as the text of a policy file. */
import type { Entry } from './docker-auth-file.ts';
import type { Finding } from './finding.ts';
import type { Block, DraftRule } from './first-match.ts';
import type { Region } from './region.ts';
import { comment, list } from './yaml-text.ts';

/** Of the words in the id of a rule. */
const ID_LENGTH = 40;

/** @param name of the file that was read, for the comments. */
export function policyText(
  name: string,
  entries: readonly Entry[],
  rules: readonly DraftRule[],
  findings: readonly Finding[],
): string {
  const lines = [
    ...comment(
      `Taken over from ${name}. There the first entry that fits decided; here rules have no order, so that each excepts under unless ` +
        'what an earlier entry decided otherwise. Rename, join and shorten them as you like; docs/policy.md has the language.',
      '',
    ),
    '',
    'rules:',
  ];
  for (const entry of entries) {
    const own = rules.filter((rule) => rule.entry === entry);
    const remarks = findings.filter((finding) => finding.entry === entry.number);
    lines.push(
      ...comment(
        `Entry ${entry.number}, line ${entry.line}${entry.comment === undefined ? '' : `: ${entry.comment}`}`,
        '  ',
      ),
    );
    for (const { kind, text } of remarks) lines.push(...comment(`${KINDS[kind]}: ${text}.`, '  '));
    if (own.length === 0 && remarks.length === 0)
      lines.push(...comment('It grants nothing: the entries below it except it.', '  '));
    for (const [index, rule] of own.entries())
      lines.push(...ruleLines(rule, idOf(rule, own.length > 1 ? index + 1 : undefined)));
    lines.push('');
  }
  while (lines.at(-1) === '') lines.pop();
  return `${lines.join('\n')}\n`;
}

const KINDS: Readonly<Record<Finding['kind'], string>> = { lost: 'Not carried', hole: 'Hole', look: 'Look' };

/** The number of the entry, and its comment in short. */
export function idOf({ entry, allow }: DraftRule, part: number | undefined): string {
  const words = (entry.comment ?? allow.join('-'))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  const end = part === undefined ? '' : `-${part}`;
  const number = String(entry.number).padStart(2, '0');
  return `${number}-${shortened(words === '' ? allow.join('-') : words)}${end}`;
}

/** Whole words of it. */
function shortened(words: string): string {
  const cut = words.slice(0, ID_LENGTH + 1);
  return cut.length <= ID_LENGTH ? cut : cut.replace(/-[^-]*$/, '').slice(0, ID_LENGTH);
}

function ruleLines({ allow, region, unless }: DraftRule, id: string): readonly string[] {
  const blocks = unless.map(({ actions, ...block }) => blockText(block, actions));
  const [first, ...others] = blocks;
  return [
    `  - id: ${JSON.stringify(id)}`,
    `    allow: ${list(allow)}`,
    ...regionLines(region).map((line) => `    ${line}`),
    ...(first === undefined
      ? []
      : others.length === 0
        ? [`    unless: ${first}`]
        : ['    unless:', ...blocks.map((block) => `      - ${block}`)]),
  ];
}

function blockText(block: Partial<Region>, actions: Block['actions']): string {
  const own = actions === undefined ? [] : [`actions: ${list(actions)}`];
  return `{ ${[...own, ...regionLines(block)].join(', ')} }`;
}

function regionLines({ repositories, who, from }: Partial<Region>): readonly string[] {
  const keys = [
    ...(who?.users ? [`users: ${list(who.users)}`] : []),
    ...(who?.groups ? [`groups: ${list(who.groups)}`] : []),
    ...(who?.authenticated === undefined ? [] : [`authenticated: ${who.authenticated}`]),
  ];
  return [
    ...(repositories ? [`repositories: ${list(repositories)}`] : []),
    ...(keys.length > 0 ? [`who: { ${keys.join(', ')} }`] : []),
    ...(from === undefined ? [] : [`from: ${list([from])}`]),
  ];
}
