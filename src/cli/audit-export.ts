/** Whole answers by command: from a server, which records each, or from the files. */
import { hostname, userInfo } from 'node:os';
import type { ExportFormat, ExportTree } from '../audit/export.ts';
import type { OpenedAudit } from '../audit/open-audit.ts';
import { printable } from '../audit/printable.ts';
import { catalogue, type ErrorName } from '../errors.ts';
import { writeWhole } from './output-file.ts';
import { type ServerOptions, streamApi, UsageError } from './server.ts';

export interface WholeAnswer {
  readonly question: string;
  readonly raw: Readonly<Record<string, string | readonly string[]>>;
  readonly format: ExportFormat;
}

/** The files that the settings name, and what their records are proved with. */
export interface OpenedExport extends OpenedAudit {
  /** Undefined where nothing is signed. */
  readonly tree: ExportTree | undefined;
}

export interface ExportIo {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  /** Shows how far it is; undefined where nobody sits before it. '' takes it away. */
  readonly progress: ((text: string) => void) | undefined;
  /** Of the terminal; undefined where the output is none. */
  readonly columns: number | undefined;
  /** Aborted by the signal that ends the process; the process ends by it when the work has ended. */
  whileStoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  openExport(settingsFile: string): Promise<OpenedExport>;
  readStdin(): Promise<string>;
}

/** @throws with one sentence; {UsageError} for `limit` and `cursor`. */
export async function exportAnswer(
  io: ExportIo,
  asked: WholeAnswer,
  { output, config, ...server }: ServerOptions & { readonly output?: string; readonly config: string },
): Promise<void> {
  for (const name of ['limit', 'cursor'])
    if (asked.raw[name] !== undefined)
      throw new UsageError(`--${name}: a whole answer has no pages; leave it out, or leave out --all`);
  const { url } = server;
  if (url !== undefined) {
    await deliver(io, output, fromServer(asked, { ...server, url }, io.readStdin));
    return;
  }
  const opened = await io.openExport(config);
  try {
    await deliver(io, output, fromFiles(opened, asked));
    const lacking = opened.lacking?.();
    if (lacking !== undefined) io.err(lacking);
  } finally {
    await opened.close();
  }
}

async function* fromServer(
  { question, raw, format }: WholeAnswer,
  server: ServerOptions & { readonly url: string },
  readStdin: () => Promise<string>,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const query = { ...raw, format };
  let end = '';
  const request = { method: 'GET', path: question, query, type: TYPES[format] } as const;
  try {
    for await (const bytes of streamApi(request, server, readStdin)) {
      const text = decoder.decode(bytes, { stream: true });
      end = (end + text).slice(-ENDING);
      yield text;
    }
  } catch (error) {
    const [, reason] = CUT.exec(end) ?? [];
    throw reason === undefined
      ? error
      : new Error(`the server has cut the export, which is not whole: ${catalogueSentence(reason)}`);
  }
  yield decoder.decode();
  // HTTP tells of a connection that broke; a proxy in between may have ended its answer in good form.
  if (format === 'ndjson' && !/\{"end":\{"items":\d+\}\}\n$/.test(end))
    throw new Error('the export was cut short: its last line is missing');
}

/** By what answers: CSV has no last line that says so, and a page of a proxy would be taken for one. */
const TYPES: Readonly<Record<ExportFormat, string>> = { csv: 'text/csv', ndjson: 'application/x-ndjson' };

/** What the server writes last where it breaks off, in either form. */
const CUT = /(?:\{"cut":\{"items":\d+,"reason":"|"NOT WHOLE: this export was cut \()([A-Z_]+)[^\n]*\n$/;

function catalogueSentence(name: string): string {
  return Object.hasOwn(catalogue, name) ? `${catalogue[name as ErrorName].message} (${name})` : name;
}

/** Characters: more than the last line has. */
const ENDING = 200;

/** Whoever can read the files can read everything in them; nothing is recorded, since nothing is written here. */
function fromFiles(
  { audit, tree }: OpenedExport,
  { question, raw, format }: WholeAnswer,
): AsyncGenerator<string> {
  const query = Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, String(value)]));
  const by = `${userInfo().username} at ${hostname()}, from the files`;
  const about = { question, query, by, at: new Date().toISOString() };
  return audit.export(question, { raw, format, mayRead: () => true, everything: true, tree, about });
}

async function deliver(
  { out, progress, columns, whileStoppable }: ExportIo,
  output: string | undefined,
  pieces: AsyncIterable<string>,
): Promise<void> {
  if (output !== undefined) {
    await whileStoppable((signal) =>
      writeWhole(output, counted(pieces, progress), signal).finally(() => progress?.('')),
    );
    return;
  }
  // A file or a pipe gets the bytes as they are; a terminal obeys some, and a server may be another than one believes.
  const shown = columns === undefined ? (text: string) => text : printableLines;
  // What a piece ends with is the end of a line, which `out` adds; a piece of a server may end anywhere.
  let rest = '';
  for await (const piece of pieces) {
    const text = rest + piece;
    const end = text.lastIndexOf('\n');
    rest = text.slice(end + 1);
    if (end >= 0) out(shown(text.slice(0, end)));
  }
  if (rest !== '') out(shown(rest));
}

function printableLines(text: string): string {
  return text
    .split('\n')
    .map((line) => printable(line.replace(/\r$/, '')))
    .join('\n');
}

async function* counted(
  pieces: AsyncIterable<string>,
  progress: ExportIo['progress'],
): AsyncGenerator<string> {
  let lines = 0;
  for await (const piece of pieces) {
    for (let at = piece.indexOf('\n'); at >= 0; at = piece.indexOf('\n', at + 1)) lines++;
    progress?.(`${lines} lines`);
    yield piece;
  }
}
