/** `warden audit …`: each question of an auditor, from the files or over HTTP, as a table, JSON or CSV. */
import type { Command } from 'commander';
import type { AskedQuestion } from '../audit/asked-question.ts';
import type { Page } from '../audit/audit.ts';
import type { OpenedAudit } from '../audit/open-audit.ts';
import { printable, printableJson } from '../audit/printable.ts';
import { QUESTIONS } from '../audit/questions.ts';
import type { MayRead } from '../audit/visible-parts.ts';
import { WardenError } from '../errors.ts';
import { type ExportIo, exportAnswer } from './audit-export.ts';
import { askServer } from './audit-server.ts';
import type { Io } from './io.ts';
import { addServerOptions, requireNoServer, type ServerOptions, UsageError } from './server.ts';

/** What these commands touch of the world. */
export interface AuditIo extends Io, ExportIo {
  /** Where the settings are looked for without `--config`. */
  readonly defaultConfig: string;
  /** Opens the files that the settings name. */
  openAudit(settingsFile: string): Promise<OpenedAudit>;
  /** The status with which the process will end. */
  exit(status: number): void;
}

/** Of the process: bad usage, and an answer that could not be had. Nothing found is an answer: 0. */
const BAD_USAGE = 2;
const CANNOT_READ = 3;

/** One that is not a terminal is a file or a pipe: room for everything that a table shows. */
const PIPE_COLUMNS = 200;

/** Adds `audit` with its questions to a program. */
export function addAuditCommands(program: Command, io: AuditIo): void {
  const audit = program.command('audit').description('who pushed, who was refused, who pulled what');
  for (const question of QUESTIONS) addQuestion(audit, io, question);
}

function addQuestion(audit: Command, io: AuditIo, question: AskedQuestion): void {
  const command = audit.command(question.name).description(question.summary);
  const shape = question.parameters.shape;
  const known = Object.keys(shape);
  for (const [name, schema] of Object.entries(shape)) {
    // Two switches are shorter to type.
    if (name !== 'result') command.option(`--${name} <value>`, descriptionOf(schema), collect);
  }
  if ('result' in shape) {
    command.option('--accepted', 'pushes that the registry took');
    command.option('--refused', 'pushes that Warden refused');
  }
  command
    .option('--json', 'the answer itself, one JSON document')
    .option('--csv', 'whole values, for a spreadsheet')
    .option('--ndjson', 'a line of JSON a record with what it is proved with; the whole answer')
    .option('--all', 'with --csv: the whole answer instead of a page')
    .option('--output <file>', 'of a whole answer: a file, which is there when all of it is')
    .option('--config <file>', 'the settings, which say where the records are', io.defaultConfig);
  addServerOptions(command).action(async (options: Readonly<Record<string, unknown>>) => {
    io.exit(await answer(io, question, known, options));
  });
}

function descriptionOf(schema: unknown): string {
  return (schema as { description?: string }).description ?? '';
}

/** Keeps all values, so that a repeated option is refused and not the last one taken. */
function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** @returns the status to end with. */
async function answer(
  io: AuditIo,
  question: AskedQuestion,
  known: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<number> {
  try {
    const { json, csv, ndjson, all, output } = options as Forms;
    if ([json, csv, ndjson].filter(Boolean).length > 1)
      throw new UsageError('--json, --csv and --ndjson: give one of them, or none for a table');
    if (all && !csv && !ndjson)
      throw new UsageError('--all: give --csv or --ndjson with it; a table or one JSON document is a page');
    const raw = rawFilters(known, options);
    const whole = ndjson ? 'ndjson' : all ? 'csv' : undefined;
    if (whole !== undefined) {
      const asked = { question: question.name, raw, format: whole } as const;
      if ((options as ServerOptions).url === undefined) requireNoServer(options as ServerOptions);
      await exportAnswer(io, asked, { ...(options as ServerOptions), ...wholeOptions(options) });
      return 0;
    }
    if (output !== undefined)
      throw new UsageError('--output: is for whole answers; give --all --csv or --ndjson with it');
    const page = await ask(io, question.name, raw, options);
    if (json) io.out(printableJson(page));
    else show(io, question, page, csv === true);
    return 0;
  } catch (error) {
    io.err(printable((error as { message?: string }).message ?? String(error)));
    const usage =
      error instanceof UsageError || (error instanceof WardenError && error.name === 'FILTER_MALFORMED');
    return usage ? BAD_USAGE : CANNOT_READ;
  }
}

interface Forms {
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly ndjson?: boolean;
  readonly all?: boolean;
  readonly output?: string;
}

function wholeOptions(options: Readonly<Record<string, unknown>>) {
  const { output } = options as Forms;
  return { config: String(options['config']), ...(output !== undefined && { output }) };
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
  name: string,
  raw: Readonly<Record<string, string | readonly string[]>>,
  options: Readonly<Record<string, unknown>>,
): Promise<Page<unknown>> {
  const server = options as ServerOptions;
  if (server.url !== undefined) return askServer(name, raw, { ...server, url: server.url }, io.readStdin);
  requireNoServer(server);
  const opened = await io.openAudit(String(options['config']));
  try {
    // Whoever can read the files can read everything in them.
    const everything: MayRead = () => true;
    const page = await opened.audit.ask(name, raw, everything);
    const lacking = opened.lacking?.();
    if (lacking !== undefined) io.err(printable(lacking));
    return page;
  } finally {
    await opened.close();
  }
}

function show(io: AuditIo, question: AskedQuestion, page: Page<unknown>, asCsv: boolean): void {
  if (asCsv) io.out(question.csv(page.items));
  else if (page.items.length > 0) io.out(question.table(page.items, io.columns ?? PIPE_COLUMNS));
  else io.err(page.next === undefined ? 'nothing found' : 'nothing found so far');
  if (page.next !== undefined) io.err(`more: --cursor ${printable(page.next)}`);
  if (page.more) io.err('more than this: ask with a larger --limit, or for less, such as a shorter time');
}
