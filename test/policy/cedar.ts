/**
 * Policies in the words of Cedar, whose semantics are the same in the large: nothing is allowed unless a rule allows it,
 * any deny wins, order means nothing. What Cedar cannot say (components, variables, windows of time, clients, unknown
 * facts) is left out or written with `like`.
 *
 * @see https://docs.cedarpolicy.com/policies/syntax-policy.html
 */
import { createRequire } from 'node:module';
import type * as Cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { BlockContent, PolicyDocument, RuleContent } from '../../src/policy/schema.ts';
import type { Known } from './random-policy.ts';

// The package's form for Node is CommonJS, which looks for its .wasm beside itself.
const cedar = createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs') as typeof Cedar;

/** A document whose lists name neither sets nor networks, and without variables, times, clients and builds. */
export function cedarOf(document: PolicyDocument): string {
  return (document.rules ?? [])
    .filter(({ enforce }) => enforce)
    .map(cedarRule)
    .join('\n');
}

function cedarRule(rule: RuleContent): string {
  const allows = rule.allow !== undefined;
  const when = [
    ...conditions({ ...rule, actions: rule.allow ?? rule.deny }, allows),
    ...(rule.bind ? ['context.address == context.tokenAddress'] : []),
  ];
  const blocks = [rule.unless ?? []].flat();
  const clauses = blocks.map((block) => ` unless { ${conditions(block, !allows).join(' && ')} }`);
  return `${allows ? 'permit' : 'forbid'}(principal, action, resource) when { ${when.join(' && ')} }${clauses.join('')};`;
}

function conditions({ actions, repositories, who, from, tags }: BlockContent, untagged: boolean): string[] {
  const words = actions?.flatMap((word) => (word === 'push' ? ['create', 'overwrite'] : [word]));
  const found: string[] = [];
  if (words) found.push(`${set(words)}.contains(context.action)`);
  if (repositories) found.push(any(repositories.map(repositoryTest)));
  if (who?.users) found.push(`${set(who.users)}.contains(context.user)`);
  if (who?.groups) found.push(`context.groups.containsAny(${set(who.groups)})`);
  if (who?.kinds) found.push(`${set(who.kinds)}.contains(context.kind)`);
  if (who?.methods) found.push(`${set(who.methods)}.contains(context.method)`);
  if (who?.certificates) found.push(`context.certificates.containsAny(${set(who.certificates)})`);
  if (who?.authenticated !== undefined)
    found.push(`context.kind ${who.authenticated ? '!=' : '=='} "anonymous"`);
  if (who?.approved !== undefined) found.push(`context.approved == ${who.approved}`);
  if (from) found.push(any(from.map((range) => `context.address.isInRange(ip(${JSON.stringify(range)}))`)));
  if (tags) {
    const fits = any(tags.map((glob) => `context.tag like ${JSON.stringify(glob)}`));
    found.push(untagged ? `(!(context has tag) || ${fits})` : `(context has tag && ${fits})`);
  }
  return found;
}

/** A star of `like` does not stop at slashes, so what is to be one component is counted. */
function repositoryTest(glob: string): string {
  const like = (pattern: string): string => `context.repository like ${JSON.stringify(pattern)}`;
  if (glob === '**') return 'true';
  if (glob.endsWith('/**')) return like(`${glob.slice(0, -3)}/*`);
  if (glob.startsWith('**/')) return any([like(glob.slice(3)), like(`*/${glob.slice(3)}`)]);
  if (glob.includes('/**/')) return any([like(glob.replace('/**/', '/')), like(glob.replace('/**/', '/*/'))]);
  const more = glob.split('/').map(() => '*');
  return `(${like(glob)} && !(${like([...more, '*'].join('/'))}))`;
}

function any(tests: readonly string[]): string {
  return `(${tests.join(' || ')})`;
}

function set(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(', ')}]`;
}

/** Reads the policies once. @returns whether a question is allowed. */
export function createCedar(policies: string): (question: Known) => boolean {
  const id = 'policy';
  const parsed = cedar.preparsePolicySet(id, { staticPolicies: policies });
  if (parsed.type === 'failure')
    throw new Error(`${parsed.errors[0]?.message ?? 'no reason given'}\n${policies}`);
  const someone = { type: 'Caller', id: 'any' };
  return ({ subject, address, tokenAddress, repository, actions, tag, certificates }) => {
    const answer = cedar.statefulIsAuthorized({
      preparsedPolicySetId: id,
      principal: someone,
      action: { type: 'Action', id: 'ask' },
      resource: someone,
      entities: [],
      context: {
        user: subject.name,
        groups: [...subject.groups],
        kind: subject.kind,
        method: subject.method,
        approved: subject.approved === true,
        address: { __extn: { fn: 'ip', arg: address } },
        tokenAddress: { __extn: { fn: 'ip', arg: tokenAddress } },
        repository,
        action: actions[0] ?? '',
        ...(tag !== undefined && { tag }),
        certificates: [...certificates],
      },
    });
    if (answer.type === 'failure') throw new Error(answer.errors[0]?.message);
    const [error] = answer.response.diagnostics.errors;
    // Cedar passes over a policy that it cannot evaluate, which would be a translation that says something else.
    if (error) throw new Error(error.error.message);
    return answer.response.decision === 'allow';
  };
}
