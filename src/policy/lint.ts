/** What is allowed in a policy and probably not meant. None of this changes a decision. */
import { WRITES_MASK } from './actions.ts';
import { contains, rangeText, requireRange } from './address.ts';
import { findCovered } from './lint-covered.ts';
import { neverReason, notProduced } from './lint-never.ts';
import type { Content } from './merge.ts';
import { type Path, type Problem, pathText } from './problem.ts';
import type { Rule } from './rule.ts';
import type { RuleContent } from './schema.ts';
import type { Stated } from './stated.ts';

/**
 * Where container engines and virtual machines put what they run. Behind a port that an engine publishes, every client
 * has an address from here, so a rule for it is a rule for everyone.
 */
const BRIDGES = [
  { range: requireRange('172.17.0.0/16'), name: 'the default bridge of docker', wide: true },
  { range: requireRange('10.88.0.0/16'), name: 'the default bridge of podman', wide: false },
  { range: requireRange('10.0.2.2'), name: 'the gateway of VirtualBox and QEMU', wide: false },
  { range: requireRange('192.168.122.0/24'), name: 'the NAT of libvirt', wide: false },
  { range: requireRange('192.168.65.0/24'), name: 'the NAT of Docker Desktop', wide: false },
] as const;

/** @param rules the same as those of the content, compiled, in the order of their ids. */
export function lint(content: Content, rules: readonly Rule[]): readonly Problem[] {
  const warnings: Problem[] = [];
  for (const stated of content.networks.values()) warnings.push(...everywhere(stated, stated.value, []));
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  const covered = findCovered(rules);
  for (const stated of content.rules) {
    const { value } = stated;
    const rule = byId.get(value.id);
    if (rule === undefined) continue;
    warnings.push(...everywhere(stated, value.from ?? [], ['from']));
    for (const { path, sentence } of notProduced(value)) warnings.push(warning(stated, path, sentence));
    if (rule.effect === 'allow' && (rule.when.actions.mask & WRITES_MASK) !== 0)
      warnings.push(...openPush(stated, rule));
    const never = neverReason(rule);
    if (never !== undefined) warnings.push(warning(stated, never.path, never.sentence));
    else {
      const by = covered.get(value.id);
      if (by !== undefined) warnings.push(warning(stated, [], by));
    }
  }
  return warnings;
}

function warning(stated: Stated<unknown>, inside: Path, sentence: string): Problem {
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

function openPush(stated: Stated<RuleContent>, { when }: Rule): Problem[] {
  const found: Problem[] = [];
  if (!when.from && !when.certificates)
    found.push(warning(stated, ['allow'], 'allows pushes from any address; say from where'));
  if (!needsLogin(when)) found.push(warning(stated, ['allow'], 'allows pushes without a login; say who'));
  for (const [index, { ranges }] of (when.from?.entries ?? []).entries()) {
    for (const range of ranges) {
      // What must be proven besides is not given by a bridge.
      if (range.certificate !== undefined) continue;
      // A wide intranet holds most bridges by chance; that of docker is in use wherever docker is.
      const bridge = BRIDGES.find(
        (one) => contains(one.range, range) || (one.wide && contains(range, one.range)),
      );
      if (!bridge) continue;
      const sentence =
        `allows pushes from ${rangeText(range)}, which meets ${rangeText(bridge.range)}, ${bridge.name}: ` +
        'behind a published port every client has such an address';
      found.push(warning(stated, ['from', index], sentence));
    }
  }
  return found;
}

/** Whether no anonymous caller can match. */
function needsLogin({
  repositories,
  users,
  groups,
  authenticated,
  approved,
  kinds,
  methods,
  build,
}: Rule['when']): boolean {
  if (repositories.every(({ variable }) => variable)) return true;
  const named = users ?? groups ?? methods ?? build;
  return (
    named !== undefined || authenticated === true || approved === true || kinds?.has('anonymous') === false
  );
}
