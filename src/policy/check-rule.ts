/** What the keys of a rule say together and cannot mean. */
import { GLOBAL_ACTIONS } from './facts.ts';

type Add = (path: (string | number)[], message: string) => void;

/** Actions that reach an image by its digest as well as by its tag. The administrative ones have no tag at all. */
const WITH_TAGS: readonly unknown[] = ['push', 'create', 'overwrite'];

/** Runs also where a key of the rule is at fault, so it may not rely on any of them. */
export function checkRule(
  value: unknown,
  context: { addIssue(issue: { code: 'custom'; path: (string | number)[]; message: string }): void },
): void {
  const rule = value as Readonly<Record<string, unknown>>;
  const { allow, deny, tags, client, bind, repositories } = rule;
  const add: Add = (path, message) => context.addIssue({ code: 'custom', path, message });
  if (allow !== undefined && deny !== undefined)
    add(['deny'], 'a rule has allow or deny, not both; make two rules');
  if (allow === undefined && deny === undefined) add([], 'a rule needs allow or deny');
  if (deny !== undefined && bind !== undefined)
    add(['bind'], 'bind belongs to allow; a token is not bound by a deny');
  const words = [allow, deny].flatMap(listOf);
  if (tags !== undefined) checkTags(words, ['tags'], add);
  if (allow !== undefined && client !== undefined) add(['client'], CLIENT);
  const globals = words.filter((word) => GLOBAL_ACTIONS.some((action) => action === word));
  if (globals.length > 0 && !(Array.isArray(repositories) && repositories.includes('**'))) {
    add(
      ['repositories'],
      `${globals.join(', ')} is about no repository in particular; write repositories: ["**"], in a rule of its own if need be`,
    );
  }
  for (const { block, path } of blocksOf(rule['unless'])) {
    const own = listOf(block['actions']);
    if (block['tags'] !== undefined) checkTags(own.length > 0 ? own : words, [...path, 'tags'], add);
    if (allow !== undefined && block['client'] !== undefined) add([...path, 'client'], CLIENT);
    const spelled = words.flatMap(spell);
    const foreign = own.flatMap((word, index) =>
      words.length > 0 && !spell(word).some((one) => spelled.includes(one)) ? [{ word, index }] : [],
    );
    for (const { word, index } of foreign)
      add([...path, 'actions', index], `the rule is not about ${String(word)}, so this excepts nothing`);
  }
}

const CLIENT =
  'client can stand with deny only: what a program says of itself can hold back old ones, and lets nobody in';

function checkTags(words: readonly unknown[], path: (string | number)[], add: Add): void {
  const others = words.filter((word) => !WITH_TAGS.includes(word));
  if (others.length === 0) return;
  add(
    path,
    `tags cannot stand with ${[...new Set(others)].join(', ')}: the same image has a digest, which gets round any tag; ` +
      'use them with push, create or overwrite only',
  );
}

function spell(word: unknown): readonly unknown[] {
  return word === 'push' ? ['create', 'overwrite'] : [word];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function blocksOf(
  unless: unknown,
): readonly { readonly block: Readonly<Record<string, unknown>>; readonly path: (string | number)[] }[] {
  const list = Array.isArray(unless)
    ? unless.map((block: unknown, index) => ({ block, path: ['unless', index] }))
    : [{ block: unless, path: ['unless'] }];
  return list.flatMap(({ block, path }) =>
    typeof block === 'object' && block !== null
      ? [{ block: block as Readonly<Record<string, unknown>>, path }]
      : [],
  );
}
