/** `warden policy explain`: what the policy answers to a question, and what each rule says to it. */
import type { Command } from 'commander';
import { printable, printableJson } from '../audit/printable.ts';
import { loadSettings } from '../config/settings.ts';
import { describeProblem } from '../config/yaml.ts';
import { QUESTION_KEYS, readAsked } from '../policy/ask.ts';
import { decide } from '../policy/decide.ts';
import { explanationJson } from '../policy/explanation-json.ts';
import type { Question } from '../policy/facts.ts';
import type { Policy } from '../policy/policy.ts';
import { answersOf } from '../policy/why.ts';
import { addPolicyOptions, choosePolicy, notAsked, type PolicyOptions } from './choose-policy.ts';
import { decisionLines, ruleLines } from './explanation-text.ts';
import { openDecision } from './open-decision.ts';
import type { PolicyDeps } from './policy-deps.ts';
import { addQuestionOptions, askedOf, faultText, type QuestionOptions } from './question-options.ts';
import { readSpan } from './read-time.ts';

/** Of the process: a question that cannot be read or no policy to ask, and files that cannot be read. Every answer is 0. */
const BAD_USAGE = 2;
const CANNOT_READ = 3;

interface ExplainOptions extends PolicyOptions, QuestionOptions {
  readonly decision?: string;
  readonly json?: true;
}

export function addPolicyExplain(policy: Command, deps: PolicyDeps): void {
  const command = policy
    .command('explain')
    .description('what the policy answers, and why: every rule with the first fact that failed')
    .option('--decision <id>', 'what somebody was refused, by the id in the message')
    .option('--json', 'one JSON document');
  addQuestionOptions(command);
  addPolicyOptions(command).action(async (options: ExplainOptions) => {
    deps.exit(
      await answer(options, deps).catch((error: unknown) => {
        deps.io.err(printable((error as Error).message));
        return CANNOT_READ;
      }),
    );
  });
}

/** @returns the status to end with. */
async function answer(options: ExplainOptions, deps: PolicyDeps): Promise<number> {
  if (options.decision !== undefined) return explainDecision(options.decision, options, deps);
  const { io, defaultConfig, now } = deps;
  const chosen = await choosePolicy(options, defaultConfig, now());
  if (!chosen.ok) return refuse(deps, chosen.problems);
  const { at, user, group } = options;
  const then = at === undefined ? now() : (readSpan(at, now())?.from ?? now());
  const asked = askedOf(options, chosen.users, then);
  if (!asked.ok) return refuse(deps, asked.problems);
  const read = readAsked(asked.asked, chosen.policy);
  if (!read.ok) return refuse(deps, read.faults.map(faultText));
  if (chosen.users && user && !chosen.users.byName.has(user) && group === undefined)
    io.err(
      `the users file has no ${printable(user)}: answered as for somebody in no group${notAsked(chosen.settings)}`,
    );
  showExplanation(deps, chosen.policy, read.question, options.json === true);
  return 0;
}

/** What somebody was refused: the facts of then, and the policy of then unless another one is named. */
async function explainDecision(id: string, options: ExplainOptions, deps: PolicyDeps): Promise<number> {
  const others = QUESTION_KEYS.filter((key) => options[key] !== undefined);
  if (others.length > 0)
    return refuse(deps, [
      `--decision has its own facts: leave out ${others.map((key) => `--${dashed(key)}`).join(', ')}`,
    ]);
  const loaded = await loadSettings(options.config ?? deps.defaultConfig);
  if (!loaded.ok) return refuse(deps, loaded.problems.map(describeProblem));
  const found = await openDecision(loaded.settings, id);
  if (!found.ok) return refuse(deps, [found.reason]);
  const { decision } = found;
  const named = options.policy ?? options.at ?? options.version;
  const version = named === undefined ? { version: decision.policy } : {};
  const chosen = await choosePolicy({ ...options, ...version }, deps.defaultConfig, deps.now());
  if (!chosen.ok) return refuse(deps, chosen.problems);
  if (!options.json) deps.io.out(`decision ${id}, ${new Date(decision.time).toISOString()}`);
  for (const fact of found.lacking) deps.io.err(fact);
  showExplanation(deps, chosen.policy, decision.question, options.json === true);
  return 0;
}

function dashed(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function refuse({ io }: PolicyDeps, problems: readonly string[]): number {
  for (const problem of problems) io.err(printable(problem));
  return BAD_USAGE;
}

/** Decision first, then the rules. */
function showExplanation(
  { io, columns }: PolicyDeps,
  policy: Policy,
  question: Question,
  json: boolean,
): void {
  const decision = decide(policy, question);
  const answers = answersOf(policy, question) ?? [];
  if (json) io.out(printableJson(explanationJson(policy, question, decision, answers)));
  else {
    for (const line of decisionLines(policy, question, decision, columns)) io.out(line);
    io.out('');
    for (const line of ruleLines(answers, columns)) io.out(line);
  }
}
