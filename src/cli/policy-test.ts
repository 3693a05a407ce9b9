/** `warden policy test`: asks the policy what the files of cases ask, for the CI of whoever writes it. */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { printable, printableJson } from '../audit/printable.ts';
import { junitXml } from '../cases/junit.ts';
import { casesBeside, loadCases } from '../cases/load-cases.ts';
import { readCases } from '../cases/read-cases.ts';
import { type CaseResult, type CasesOutcome, relevantAnswers, runCases } from '../cases/run-cases.ts';
import { loadPolicy } from '../config/policy-files.ts';
import { describeErrno } from '../config/read-text.ts';
import { loadSettings } from '../config/settings.ts';
import { describeProblem } from '../config/yaml.ts';
import type { Policy } from '../policy/policy.ts';
import { ruleLines } from './explanation-text.ts';
import type { PolicyDeps } from './policy-deps.ts';
import { count } from './serve.ts';
import { textTable } from './text-table.ts';

/** Of the process: cases that fail, and files or usage that have to be mended first. */
const FAILED = 1;
const BAD_USAGE = 2;

interface TestOptions {
  readonly cases?: readonly string[];
  readonly junit?: string;
  readonly coverage?: true;
  readonly everyRule?: true;
  readonly json?: true;
  readonly config?: string;
}

export function addPolicyTest(policy: Command, deps: PolicyDeps): void {
  policy
    .command('test [path...]')
    .description(
      'ask the policy what the files of cases ask, and compare: the *.yaml files of its folder tests/',
    )
    .option('--cases <path...>', 'other folders or files of cases')
    .option('--junit <file>', 'write the results there as JUnit XML')
    .option('--coverage', 'how many cases each rule decided')
    .option('--every-rule', 'fail where a rule decided no case')
    .option('--json', 'one JSON document')
    .option('--config <file>', 'the settings, which name the policy where no path is given')
    .action(async (paths: readonly string[], options: TestOptions) => {
      deps.exit(await test(paths, options, deps));
    });
}

/** @returns the status to end with. */
async function test(paths: readonly string[], options: TestOptions, deps: PolicyDeps): Promise<number> {
  let named = paths;
  if (paths.length === 0) {
    const loaded = await loadSettings(options.config ?? deps.defaultConfig);
    if (!loaded.ok) return refuse(deps, loaded.problems.map(describeProblem));
    named = [loaded.settings.policy];
  }
  const loaded = await loadPolicy(named);
  if (!loaded.ok) return refuse(deps, loaded.problems.map(describeProblem));
  const places = options.cases ?? (await casesBeside(named));
  const found = await loadCases(places);
  if (!found.ok) return refuse(deps, found.problems.map(describeProblem));
  const { policy } = loaded;
  const read = readCases(found.texts, policy);
  if (!read.ok) return refuse(deps, read.problems.map(describeProblem));
  const outcome = runCases(policy, read.cases);
  if (options.junit !== undefined) {
    const written = await writeJunit(options.junit, policy, outcome);
    if (written !== undefined) return refuse(deps, [written]);
  }
  return show(policy, outcome, options, deps);
}

function refuse({ io }: PolicyDeps, problems: readonly string[]): number {
  for (const problem of problems) io.err(printable(problem));
  io.err(count(problems.length, 'problem'));
  return BAD_USAGE;
}

/** @returns why it could not be written. */
async function writeJunit(
  file: string,
  policy: Policy,
  { results }: CasesOutcome,
): Promise<string | undefined> {
  const cases = results.map((result) => ({
    result,
    detail: result.failures.length === 0 ? '' : detailOf(policy, result, undefined).join('\n'),
  }));
  try {
    await writeFile(file, junitXml(cases));
    return undefined;
  } catch (error) {
    return `--junit ${file} cannot be written: ${describeErrno(error)}`;
  }
}

function show(
  policy: Policy,
  { results, coverage }: CasesOutcome,
  options: TestOptions,
  deps: PolicyDeps,
): number {
  const { io, columns } = deps;
  const failed = results.filter(({ failures }) => failures.length > 0);
  const untested = [...coverage].filter(([, decided]) => decided === 0).map(([id]) => id);
  if (options.json) {
    io.out(printableJson(outcomeJson(policy, results, coverage)));
  } else {
    for (const result of failed) {
      const { file, place, name } = result.case;
      io.out(`${printable(describeProblem({ file, ...place, message: name }))}`);
      for (const line of detailOf(policy, result, columns)) io.out(`  ${line}`);
      io.out('');
    }
    if (options.coverage) {
      for (const line of textTable(
        ['RULE', 'CASES'],
        [...coverage].map(([id, decided]) => [id, String(decided)]),
        columns,
      ))
        io.out(line);
      io.out('');
    }
    io.out(
      `${count(results.length - failed.length, 'case')} passed, ${failed.length} failed; ${coverageText(coverage.size, untested)}`,
    );
  }
  return failed.length > 0 || (options.everyRule && untested.length > 0) ? FAILED : 0;
}

function coverageText(rules: number, untested: readonly string[]): string {
  const decided = `${rules - untested.length} of ${count(rules, 'rule')} decided a case`;
  return untested.length === 0 ? decided : `${decided}, not: ${untested.join(', ')}`;
}

/** What was not met, and what each rule said that speaks of it. */
function detailOf(policy: Policy, result: CaseResult, columns: number | undefined): readonly string[] {
  const answers = relevantAnswers(policy, result);
  return [
    ...result.failures.map(printable),
    ...(answers.length === 0
      ? ['no rule speaks of this']
      : ruleLines(answers, columns === undefined ? undefined : columns - 2)),
  ];
}

function outcomeJson(
  policy: Policy,
  results: readonly CaseResult[],
  coverage: CasesOutcome['coverage'],
): unknown {
  return {
    policy: policy.digest,
    passed: results.filter(({ failures }) => failures.length === 0).length,
    failed: results.filter(({ failures }) => failures.length > 0).length,
    cases: results.map((result) => ({
      file: result.case.file,
      ...result.case.place,
      name: result.case.name,
      passed: result.failures.length === 0,
      verdict: result.decision.verdict,
      rules: result.decision.rules,
      ...(result.failures.length > 0 && {
        failures: result.failures,
        said: relevantAnswers(policy, result).map(({ rule, holds, why }) => ({ rule: rule.id, holds, why })),
      }),
    })),
    coverage: Object.fromEntries(coverage),
  };
}
