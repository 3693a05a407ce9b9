/** `warden policy diff`: what a change of the policy would alter, by its rules and by what was recorded. */
import type { Command } from 'commander';
import { printable, printableJson } from '../audit/printable.ts';
import { loadUsers } from '../identity/users-file.ts';
import type { ReplayAnswer } from '../inquiry/replay.ts';
import { replayRecord } from '../inquiry/replay-record.ts';
import type { Policy } from '../policy/policy.ts';
import { type Change, describeDiff } from '../policy/rights/diff-words.ts';
import { type Chosen, policyNamed, settingsOf } from './choose-two.ts';
import { openAuditOf } from './open-record.ts';
import type { PolicyDeps } from './policy-deps.ts';
import { count } from './serve.ts';
import { textTable } from './text-table.ts';

/** Of the process: something changes under `--exit-code`; a policy that cannot be read; a record that cannot be. */
const DIFFERS = 1;
const BAD_USAGE = 2;
const CANNOT_READ = 3;

interface DiffOptions {
  readonly replay?: string;
  readonly config?: string;
  readonly json?: true;
  readonly exitCode?: true;
}

const DAY_MS = 86_400_000;
const LONGEST_DAYS = 3_650;

export function addPolicyDiff(policy: Command, deps: PolicyDeps): void {
  policy
    .command('diff <old> <new>')
    .description(
      'what a change of the policy alters; each is a folder, a file, the digest of a version, or live: the one in force',
    )
    .option('--replay <days>', 'put the requests that were recorded in the last days to both')
    .option('--config <file>', 'the settings, which say where the record and the versions are')
    .option('--exit-code', 'end with 1 if something changes')
    .option('--json', 'one JSON document')
    .action(async (before: string, after: string, options: DiffOptions) => {
      deps.exit(await diff(before, after, options, deps));
    });
}

/** @returns the status to end with. */
async function diff(
  oldName: string,
  newName: string,
  options: DiffOptions,
  deps: PolicyDeps,
): Promise<number> {
  const { io, defaultConfig, columns } = deps;
  const days = options.replay === undefined ? undefined : Number(options.replay);
  if (days !== undefined && !(Number.isInteger(days) && days >= 1 && days <= LONGEST_DAYS))
    return refuse(deps, [`--replay: expected a number of days from 1 to ${LONGEST_DAYS}`]);
  const settings = settingsOf(options.config ?? defaultConfig);
  const [before, after] = [await policyNamed(oldName, settings), await policyNamed(newName, settings)];
  if (!before.ok || !after.ok)
    return refuse(
      deps,
      [before, after].flatMap((one) => (one.ok ? [] : one.problems)),
    );
  const described = describeDiff(before.value, after.value);
  const changes = described.removed.length + described.added.length;
  let replayed: Chosen<ReplayAnswer> | undefined;
  try {
    replayed = days === undefined ? undefined : await replay(before.value, after.value, days, settings, deps);
  } catch (error) {
    io.err(printable((error as { message?: string }).message ?? String(error)));
    return CANNOT_READ;
  }
  if (replayed?.ok === false) return refuse(deps, replayed.problems);
  const answer = replayed?.value;
  if (options.json) io.out(printableJson({ ...described, ...(answer && { replay: answer }) }));
  else {
    for (const change of described.removed) showChange('-', change, deps);
    for (const change of described.added) showChange('+', change, deps);
    if (changes === 0) io.out('no rights change');
    if (answer !== undefined) showReplay(answer, days ?? 0, columns, io.out);
  }
  const differs = changes > 0 || (answer?.changed ?? 0) > 0;
  return options.exitCode && differs ? DIFFERS : 0;
}

async function replay(
  before: Policy,
  after: Policy,
  days: number,
  settings: ReturnType<typeof settingsOf>,
  { now }: PolicyDeps,
): Promise<Chosen<ReplayAnswer>> {
  const read = await settings();
  if (!read.ok) return read;
  const users = await loadUsers(read.value.users);
  const opened = await openAuditOf(read.value);
  try {
    const { audit } = opened;
    const since = now() - days * DAY_MS;
    const known = users.ok ? users.users.byName : undefined;
    return { ok: true, value: await replayRecord({ audit, before, after, since, users: known }) };
  } finally {
    await opened.close();
  }
}

function showChange(
  sign: string,
  { sentence, exceptions, example, right }: Change,
  { io }: PolicyDeps,
): void {
  io.out(printable(`${sign} ${sentence}`));
  for (const exception of exceptions) io.out(printable(`    ${exception}`));
  const shown =
    example === undefined ? 'no example was found: this may say more than changes' : `such as ${example}`;
  io.out(printable(`    (${right.rules.join(', ')}) ${shown}`));
}

function showReplay(
  { requests, changed, changes, unlisted, assumed, omitted }: ReplayAnswer,
  days: number,
  columns: number | undefined,
  out: (line: string) => void,
): void {
  out('');
  out(
    `${count(requests, 'request')} of the last ${days === 1 ? 'day' : `${days} days`}: the answer changes for ${changed}`,
  );
  if (changes.length > 0) {
    const rows = changes.map((change) => [
      String(change.count),
      change.last.slice(0, 16).replace('T', ' '),
      `${change.before} -> ${change.after}`,
      [...new Set([...change.rulesBefore, ...change.rulesAfter])].join(' '),
      change.example,
    ]);
    for (const line of textTable(['COUNT', 'LAST (UTC)', 'ANSWER', 'RULES', 'SUCH AS'], rows, columns))
      out(line);
  }
  if (unlisted > 0) out(`and ${unlisted} more, of other kinds`);
  for (const { what, requests: about } of assumed) out(`${about}: ${what}`);
  for (const { what, requests: about } of omitted) out(`${about} left out: ${what}`);
}

function refuse({ io }: PolicyDeps, problems: readonly string[]): number {
  for (const problem of problems) io.err(printable(problem));
  return BAD_USAGE;
}
