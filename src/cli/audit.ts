/** `warden audit pushes|pulls`: the record and the inventory, from the files or over HTTP, as a table or as JSON. */
import type { Command } from 'commander';
import type { AuditKind, Page, PullItem, PushItem } from '../audit/audit.ts';
import { PULLS_PARAMETERS, PUSHES_PARAMETERS } from '../audit/filters.ts';
import type { OpenedAudit } from '../audit/open-audit.ts';
import { printable, printableJson } from '../audit/printable.ts';
import { pullsTable, pushesTable } from '../audit/table.ts';
import type { MayRead } from '../audit/visible-parts.ts';
import { WardenError } from '../errors.ts';
import { askServer, type ServerOptions, UsageError } from './audit-server.ts';
import type { Io } from './io.ts';

/** What these commands touch of the world. */
export interface AuditIo extends Io {
  /** Where the settings are looked for without `--config`. */
  readonly defaultConfig: string;
  /** Opens the files that the settings name. */
  openAudit(settingsFile: string): Promise<OpenedAudit>;
  /** All of standard input. */
  readStdin(): Promise<string>;
  /** Of the terminal; undefined where the output is none. */
  readonly columns: number | undefined;
  /** The status with which the process will end. */
  exit(status: number): void;
}

/** Of the process: bad usage, and an answer that could not be had. Nothing found is an answer: 0. */
const BAD_USAGE = 2;
const CANNOT_READ = 3;

/** One that is not a terminal is a file or a pipe: room for everything that a table shows. */
const PIPE_COLUMNS = 200;

const HELP: Readonly<Record<string, string>> = {
  repository: 'a pattern as in the policy: team/app, team/*, team/**',
  tag: 'a tag, or a pattern: 1.*',
  user: "a user's name; '' is the anonymous one",
  host: "a host's name as the policy has it",
  address: "the client's address",
  network: 'a network: 10.1.0.0/16',
  digest: 'of a manifest, a platform or a configuration; 7 hex digits are enough',
  since: 'from then on: 2026-11-23, 2026-11-23T10:00:00Z, 24h, 7d',
  until: 'before then; a day is included',
  limit: 'rows, 50 unless told, at most 1000',
  cursor: 'what the answer before gave as next',
  rule: 'the id of a rule that decided',
  type: 'records of one type, for example login.failed',
};

/** Adds `audit` with its questions to a program. */
export function addAuditCommands(program: Command, io: AuditIo): void {
  const audit = program.command('audit').description('who pushed, who was refused, who pulled what');
  addQuestion(audit, io, 'pushes', 'the record of pushes, refusals and deletions, newest first');
  addQuestion(audit, io, 'pulls', 'who pulled what, last pulled first');
}

function addQuestion(audit: Command, io: AuditIo, kind: AuditKind, description: string): void {
  const command = audit.command(kind).description(description);
  const known = kind === 'pushes' ? PUSHES_PARAMETERS : PULLS_PARAMETERS;
  for (const name of known.filter((one) => one !== 'result')) {
    command.option(`--${name} <value>`, HELP[name] ?? '', collect);
  }
  if (kind === 'pushes') {
    command.option('--accepted', 'pushes that the registry took');
    command.option('--refused', 'pushes that Warden refused');
  }
  command
    .option('--json', 'the records themselves, one JSON document')
    .option('--config <file>', 'the settings, which say where the records are', io.defaultConfig)
    .option(
      '--url <address>',
      'ask a server instead of the files: its address, such as https://registry.corp',
    )
    .option('--user-name <name>', 'who asks the server')
    .option('--password-stdin', 'read the password of --user-name from standard input')
    .option('--token-file <file>', 'a file with a token for the server, instead of a name')
    .option('--ca <file>', "certificates that the server's is signed with, in PEM")
    .action(async (options: Readonly<Record<string, unknown>>) => {
      io.exit(await answer(io, kind, known, options));
    });
}

/** Keeps all values, so that a repeated option is refused and not the last one taken. */
function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** @returns the status to end with. */
async function answer(
  io: AuditIo,
  kind: AuditKind,
  known: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<number> {
  try {
    const page = await ask(io, kind, rawFilters(known, options), options);
    if (options['json'] === true) io.out(printableJson(page));
    else show(io, kind, page);
    return 0;
  } catch (error) {
    io.err(printable((error as { message?: string }).message ?? String(error)));
    const usage =
      error instanceof UsageError || (error instanceof WardenError && error.name === 'FILTER_MALFORMED');
    return usage ? BAD_USAGE : CANNOT_READ;
  }
}

function rawFilters(
  known: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Record<string, string | readonly string[]> {
  const raw: Record<string, string | readonly string[]> = {};
  for (const name of known) {
    const values = options[name] as readonly string[] | undefined;
    const [value] = values ?? [];
    if (values !== undefined && value !== undefined) raw[name] = values.length === 1 ? value : values;
  }
  const { accepted, refused } = options as { accepted?: boolean; refused?: boolean };
  if (accepted && refused)
    throw new UsageError('--accepted and --refused: give one of them, or none for all');
  if (accepted) raw['result'] = 'accepted';
  if (refused) raw['result'] = 'refused';
  return raw;
}

async function ask(
  io: AuditIo,
  kind: AuditKind,
  raw: Readonly<Record<string, string | readonly string[]>>,
  options: Readonly<Record<string, unknown>>,
): Promise<Page<unknown>> {
  const server = options as ServerOptions;
  if (server.url !== undefined) return askServer(kind, raw, { ...server, url: server.url }, io.readStdin);
  for (const [name, value] of Object.entries({
    '--user-name': server.userName,
    '--password-stdin': server.passwordStdin,
    '--token-file': server.tokenFile,
    '--ca': server.ca,
  })) {
    if (value !== undefined) throw new UsageError(`${name} is for asking a server: give --url`);
  }
  const opened = await io.openAudit(String(options['config']));
  try {
    // Whoever can read the files can read everything in them.
    const everything: MayRead = () => true;
    return await opened.audit.ask(kind, raw, everything);
  } finally {
    await opened.close();
  }
}

function show(io: AuditIo, kind: AuditKind, page: Page<unknown>): void {
  const width = io.columns ?? PIPE_COLUMNS;
  if (page.items.length === 0) {
    io.err('nothing found');
    return;
  }
  io.out(
    kind === 'pushes'
      ? pushesTable(page.items as readonly PushItem[], width)
      : pullsTable(page.items as readonly PullItem[], width),
  );
  if (page.next !== undefined) io.err(`more: --cursor ${printable(page.next)}`);
}
