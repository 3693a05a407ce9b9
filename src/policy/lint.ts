/** What is allowed in a policy and probably not meant. None of this changes a decision. */
import { contains, type Range, rangeText, requireRange } from './address.ts';
import type { Content, Stated } from './merge.ts';
import { type Problem, pathText } from './problem.ts';
import type { RuleContent, WhoContent } from './schema.ts';

/**
 * Where container engines put their containers. Behind a port that an engine publishes, every client has an address from
 * here, so a rule for it is a rule for everyone.
 */
const BRIDGES = [
  { range: requireRange('172.17.0.0/16'), name: 'the default bridge of docker' },
  { range: requireRange('10.88.0.0/16'), name: 'the default bridge of podman' },
] as const;
const DOCKER = BRIDGES[0].range;

/** `ranges`: for each rule's id the addresses from which it holds; undefined for any. */
export function lint(
  content: Content,
  ranges: ReadonlyMap<string, readonly Range[] | undefined>,
): readonly Problem[] {
  const warnings: Problem[] = [];
  for (const stated of content.networks.values()) warnings.push(...everywhere(stated, stated.value, []));
  for (const stated of content.rules) {
    const { value } = stated;
    warnings.push(...everywhere(stated, value.from ?? [], ['from']));
    if (contradicts(value.who))
      warnings.push(warning(stated, ['who'], 'nobody can be all of this, so it never applies'));
    if (value.allow === undefined) continue;
    if (value.allow.some((word) => word === 'push' || word === 'create' || word === 'overwrite')) {
      warnings.push(...openPush(stated, ranges.get(value.id)));
    }
    const deny = content.rules.find((other) => coversWholly(other.value, value));
    if (deny) {
      warnings.push(
        warning(stated, [], `never applies: the rule ${deny.value.id} denies all of it to everyone`),
      );
    }
  }
  return warnings;
}

function warning(stated: Stated<unknown>, inside: readonly (string | number)[], sentence: string): Problem {
  const { value } = stated;
  const id =
    typeof value === 'object' && value !== null && 'id' in value ? `rule ${String(value.id)}` : undefined;
  const subject = id ?? pathText(stated.path);
  return stated.problem(inside, `${subject}: ${sentence}`);
}

function everywhere(stated: Stated<unknown>, list: readonly string[], inside: readonly string[]): Problem[] {
  return list.flatMap((text, index) =>
    /\/0$/.test(text) ? [warning(stated, [...inside, index], `${text} is every address there is`)] : [],
  );
}

function openPush(stated: Stated<RuleContent>, ranges: readonly Range[] | undefined): Problem[] {
  const { value } = stated;
  const found: Problem[] = [];
  if (!ranges) found.push(warning(stated, ['allow'], 'allows pushes from any address; say from where'));
  if (!needsLogin(value)) found.push(warning(stated, ['allow'], 'allows pushes without a login; say who'));
  for (const range of ranges ?? []) {
    const bridge = BRIDGES.find(
      (one) => contains(one.range, range) || (one.range === DOCKER && contains(range, DOCKER)),
    );
    if (!bridge) continue;
    const sentence =
      `allows pushes from ${rangeText(range)}, which meets ${rangeText(bridge.range)}, ${bridge.name}: ` +
      'behind a published port every client has such an address';
    found.push(warning(stated, ['from'], sentence));
  }
  return found;
}

/** Whether no anonymous caller can match. */
function needsLogin({ who, repositories }: RuleContent): boolean {
  if (repositories.every((text) => /\{user\}|\{group\}/.test(text))) return true;
  if (!who) return false;
  const named = who.users !== undefined || who.groups !== undefined || who.authenticated === true;
  return named || (who.kinds !== undefined && !who.kinds.includes('anonymous'));
}

function contradicts(who: WhoContent | undefined): boolean {
  if (!who) return false;
  const onlyAnonymous =
    who.authenticated === false || who.kinds?.every((kind) => kind === 'anonymous') === true;
  const never = who.users !== undefined || who.groups !== undefined || who.authenticated === true;
  const neither = who.authenticated === false && who.kinds?.includes('anonymous') === false;
  return (onlyAnonymous && never) || neither;
}

/** The simple case: a deny without conditions, for the same patterns or for all that lies around them. */
function coversWholly(deny: RuleContent, allow: RuleContent): boolean {
  if (deny.deny === undefined || !deny.enforce || deny.tags || deny.who || deny.from || deny.unless)
    return false;
  const denied = spelledOut(deny.deny);
  if (!spelledOut(allow.allow ?? []).every((word) => denied.includes(word))) return false;
  return allow.repositories.every((text) => deny.repositories.some((pattern) => covers(pattern, text)));
}

function spelledOut(words: readonly string[]): string[] {
  return words.flatMap((word) => (word === 'push' ? ['create', 'overwrite'] : [word]));
}

function covers(pattern: string, text: string): boolean {
  return (
    pattern === '**' || pattern === text || (pattern.endsWith('/**') && text.startsWith(pattern.slice(0, -2)))
  );
}
