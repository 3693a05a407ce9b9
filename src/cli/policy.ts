/** `warden policy`: the tools for whoever writes the policy. Each has a file of its own beside this one. */
import type { Command } from 'commander';
import { addPolicyCheck } from './policy-check.ts';
import type { PolicyDeps } from './policy-deps.ts';
import { addPolicyDiff } from './policy-diff.ts';
import { addPolicyExplain } from './policy-explain.ts';
import { addPolicyWhat, addPolicyWho } from './policy-rights.ts';
import { addPolicyTest } from './policy-test.ts';
import { addPolicyVersions } from './policy-versions.ts';

/** Adds `policy` with its commands to a program. */
export function addPolicyCommands(program: Command, deps: PolicyDeps): void {
  const policy = program.command('policy').description('check, test and question the policy');
  addPolicyCheck(policy, deps);
  addPolicyTest(policy, deps);
  addPolicyExplain(policy, deps);
  addPolicyWho(policy, deps);
  addPolicyWhat(policy, deps);
  addPolicyDiff(policy, deps);
  addPolicyVersions(policy, deps);
}
