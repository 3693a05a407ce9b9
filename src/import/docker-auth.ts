/** From the text of a docker_auth configuration to the texts of our files, and a report. Pure. */
import { basename } from 'node:path';
import { describeProblem, type Problem, readYaml } from '../config/yaml.ts';
import { WardenError } from '../errors.ts';
import { parseUsers } from '../identity/users-file.ts';
import { compilePolicy } from '../policy/compile.ts';
import { lintUsers } from '../policy/lint-users.ts';
import type { Policy } from '../policy/policy.ts';
import { policyDocument } from '../policy/schema.ts';
import { convert, type ImportOptions } from './convert.ts';
import { readDockerAuth } from './docker-auth-file.ts';
import { findingsOf } from './findings.ts';
import { importUsers } from './import-users.ts';
import { policyText } from './policy-text.ts';
import { type Report, reportOf } from './report.ts';

export type Imported =
  | {
      readonly ok: true;
      readonly users: string;
      /** Undefined where no rule was made, since a policy without rules is none. */
      readonly policy: string | undefined;
      readonly compiled: Policy | undefined;
      readonly report: Report;
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Where the policy goes, below the folder that is written. */
export const POLICY_FILE = 'policies/docker-auth.yaml';
export const USERS_FILE = 'users.yaml';

/**
 * @param file the name of the file, for problems and comments.
 * @throws {WardenError} INTERNAL if what was made is not good; nothing of it may then be used.
 */
export function importDockerAuth(text: string, file: string, options: ImportOptions): Imported {
  const read = readDockerAuth(text, file);
  if (!read.ok) return read;
  const conversion = convert(read.file, options);
  const { rules, people } = conversion;
  const findings = findingsOf(read.file, conversion);
  const entries = read.file.acl ?? [];
  const policy = rules.length === 0 ? undefined : policyText(basename(file), entries, rules, findings);
  const checked = policy === undefined ? undefined : checkPolicy(policy);
  const users = importUsers(read.file.users ?? [], people);
  const good = parseUsers(users.text, USERS_FILE);
  if (!good.ok) throw broken(good.problems);
  return {
    ok: true,
    users: users.text,
    policy,
    compiled: checked?.policy,
    report: reportOf({
      file: read.file,
      conversion,
      findings: [...findings, ...users.findings],
      users: users.count,
      warnings: checked
        ? [...checked.warnings, ...lintUsers(checked.policy, good.users.byName.values())]
        : [],
    }),
  };
}

function checkPolicy(text: string): { readonly policy: Policy; readonly warnings: readonly Problem[] } {
  const read = readYaml(text, POLICY_FILE, policyDocument);
  if (!read.ok) throw broken(read.problems);
  const compiled = compilePolicy([{ file: POLICY_FILE, document: read.value, positionOf: read.positionOf }]);
  if (!compiled.ok) throw broken(compiled.problems);
  return compiled;
}

function broken(problems: readonly Problem[]): WardenError {
  return new WardenError('INTERNAL', {
    sentence: `the import made a file that is not good: ${problems.map(describeProblem).join('; ')}`,
  });
}
