/** `warden policy check`: what is wrong with a policy, and what is allowed in it and probably not meant. */
import type { Command } from 'commander';
import { printable, printableJson } from '../audit/printable.ts';
import { loadPolicy } from '../config/policy-files.ts';
import { loadSettings, type Settings } from '../config/settings.ts';
import { describeProblem, type Problem } from '../config/yaml.ts';
import type { PolicyDeps } from './policy-deps.ts';
import { count } from './serve.ts';
import { strangers } from './strangers.ts';

/** Of the process: something to think about under `--strict`, and a policy that would not be taken. */
const WARNED = 1;
const REFUSED = 2;

interface CheckOptions {
  readonly config?: string;
  readonly strict?: true;
  readonly json?: true;
}

export function addPolicyCheck(policy: Command, deps: PolicyDeps): void {
  policy
    .command('check [path...]')
    .description('problems and warnings of a policy: folders and files that together are one')
    .option('--config <file>', 'the settings, which name the policy where no path is given, and the users')
    .option('--strict', 'warnings count: end with 1 where there is one')
    .option('--json', 'one JSON document')
    .action(async (paths: readonly string[], options: CheckOptions) => {
      deps.exit(await check(paths, options, deps));
    });
}

interface Outcome {
  /** The policy's; absent where it has problems. */
  readonly digest?: string;
  readonly rules?: number;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** @returns the status to end with. */
async function check(
  paths: readonly string[],
  { config, strict, json }: CheckOptions,
  { io, defaultConfig }: PolicyDeps,
): Promise<number> {
  const outcome = await look(paths, config, defaultConfig);
  const { problems, warnings, digest, rules } = outcome;
  if (json) io.out(printableJson({ ok: problems.length === 0, ...outcome }));
  else {
    for (const problem of problems) io.err(printable(describeProblem(problem)));
    for (const warning of warnings) io.err(printable(`${describeProblem(warning)} (warning)`));
    if (digest === undefined) io.err(count(problems.length, 'problem'));
    else io.out(`good: ${count(rules ?? 0, 'rule')}, ${count(warnings.length, 'warning')}; policy ${digest}`);
  }
  if (problems.length > 0) return REFUSED;
  return strict && warnings.length > 0 ? WARNED : 0;
}

async function look(
  paths: readonly string[],
  config: string | undefined,
  defaultConfig: string,
): Promise<Outcome> {
  let settings: Settings | undefined;
  if (paths.length === 0 || config !== undefined) {
    const read = await loadSettings(config ?? defaultConfig);
    if (!read.ok) return { problems: read.problems, warnings: [] };
    settings = read.settings;
  }
  const loaded = await loadPolicy(paths.length === 0 && settings ? settings.policy : paths);
  if (!loaded.ok) return { problems: loaded.problems, warnings: [] };
  const { policy } = loaded;
  const warnings = [...loaded.warnings, ...(settings ? await strangers(policy, settings) : [])];
  return { digest: policy.digest, rules: policy.rules.length, problems: [], warnings };
}
