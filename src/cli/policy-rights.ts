/** `warden policy who` and `what`: rights as a table, worked out from the rules and not by trying. */
import type { Command } from 'commander';
import { printable, printableJson } from '../audit/printable.ts';
import { answerJson, answerRights } from '../policy/rights/answer.ts';
import { type AskedRights, readAskedRights } from '../policy/rights/ask.ts';
import { addPolicyOptions, choosePolicy, notAsked, type PolicyOptions } from './choose-policy.ts';
import type { PolicyDeps } from './policy-deps.ts';
import { readSpan, SPAN_FORMS } from './read-time.ts';
import { rightsTable } from './rights-text.ts';

/** Of the process: a question that cannot be read, or no policy to ask. Every answer is 0, also that nobody may. */
const BAD_USAGE = 2;

interface RightsOptions extends PolicyOptions {
  readonly can?: readonly string[];
  readonly repository?: string;
  readonly user?: string;
  readonly anonymous?: true;
  readonly group?: readonly string[];
  readonly kind?: string;
  readonly method?: string;
  readonly from?: string;
  readonly tag?: string;
  readonly time?: string;
  readonly json?: true;
}

export function addPolicyWho(policy: Command, deps: PolicyDeps): void {
  const command = policy
    .command('who')
    .description('who may do something: every rule that allows it, with its conditions')
    .requiredOption('--can <action...>', 'what is done: pull, push, create, overwrite, delete, …')
    .option('--repository <name>', 'a repository, or a pattern such as prod/**; without it, any');
  addCircumstances(command);
  addPolicyOptions(command).action(async (options: RightsOptions) => {
    deps.exit(await answer(options, deps, true));
  });
}

export function addPolicyWhat(policy: Command, deps: PolicyDeps): void {
  const command = policy
    .command('what')
    .description('what somebody may do: every rule that allows something, with its conditions')
    .option('--user <name>', 'whose rights')
    .option('--anonymous', 'of someone without a login')
    .option(
      '--group <group>',
      "a group of the user, may be repeated; without it, the users file's. Without a user: of its members",
      (value: string, before: readonly string[] = []) => [...before, value],
    )
    .option('--kind <kind>', 'person, robot or build')
    .option('--method <method>', 'how the user has logged in')
    .option('--can <action...>', 'only this: pull, push, create, overwrite, delete, …')
    .option('--repository <name>', 'only in this repository, or in those of a pattern');
  addCircumstances(command);
  addPolicyOptions(command).action(async (options: RightsOptions) => {
    deps.exit(await answer(options, deps, false));
  });
}

function addCircumstances(command: Command): void {
  command
    .option('--from <place>', 'only from there: a network or host of the policy, an address or a range')
    .option('--tag <tag>', 'only with this tag; "" for a push by digest')
    .option('--time <time>', 'only at this moment')
    .option('--json', 'one JSON document');
}

/** @returns the status to end with. */
async function answer(options: RightsOptions, deps: PolicyDeps, who: boolean): Promise<number> {
  const { io, defaultConfig, now, columns } = deps;
  const { user, anonymous, group, kind, method, time } = options;
  if (!who && user === undefined && !anonymous && group === undefined && kind === undefined)
    return refuse(deps, ['whose rights? Give --user, --group, --kind or --anonymous']);
  if (anonymous && user !== undefined) return refuse(deps, ['--user and --anonymous: give one of them']);
  const span = time === undefined ? undefined : readSpan(time, now());
  if (time !== undefined && (span === undefined || span.from !== span.to))
    return refuse(deps, [`--time ${JSON.stringify(time)}: expected a moment; of ${SPAN_FORMS}`]);
  const chosen = await choosePolicy(options, defaultConfig, now());
  if (!chosen.ok) return refuse(deps, chosen.problems);
  const users = chosen.users?.byName;
  const asked: AskedRights = {
    ...options,
    user: anonymous ? '' : user,
    groups: group,
    kind,
    method,
    time: span?.from,
  };
  const read = readAskedRights(asked, chosen.policy, users);
  if (!read.ok)
    return refuse(
      deps,
      read.faults.map(({ key, message }) => `--${key === 'groups' ? 'group' : key}: ${message}`),
    );
  if (user && group === undefined && !users?.has(user))
    io.err(
      users === undefined
        ? `the groups of ${printable(user)} are not known: rules that ask for one are shown with it`
        : `the users file has no ${printable(user)}: rules that ask for a group are shown with it${notAsked(chosen.settings)}`,
    );
  const answered = answerRights(chosen.policy, read.given, users);
  if (options.json) {
    io.out(printableJson(answerJson(chosen.policy, answered)));
    return 0;
  }
  io.out(`policy ${chosen.policy.digest}`);
  if (answered.length === 0) io.out(who ? 'nobody may' : 'nothing is allowed');
  else for (const line of rightsTable(answered, { columns, withWho: who })) io.out(line);
  return 0;
}

function refuse({ io }: PolicyDeps, problems: readonly string[]): number {
  for (const problem of problems) io.err(printable(problem));
  return BAD_USAGE;
}
