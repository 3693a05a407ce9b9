/** What commands that work on the files, or by a running server, have in common. */
import type { Command } from 'commander';
import { printable } from '../audit/printable.ts';
import { loadSettings, type Settings } from '../config/settings.ts';
import { describeProblem } from '../config/yaml.ts';
import { WardenError } from '../errors.ts';
import type { DocumentStore } from '../store/documents.ts';
import type { Io } from './io.ts';
import { openDocumentsOf } from './open-documents.ts';
import {
  addServerOptions,
  askApi,
  requireNoServer,
  type ServerOptions,
  type ServerRequest,
  UsageError,
} from './server.ts';

export interface ServerCommandDeps {
  readonly io: Io;
  readonly defaultConfig: string;
  readonly columns: number | undefined;
  readonly readStdin: () => Promise<string>;
  readonly exit: (code: number) => void;
}

export interface CommonOptions extends ServerOptions {
  readonly config: string;
  readonly json?: true;
}

/** Of the process: bad usage, and what could not be done. */
const BAD_USAGE = 2;
const FAILED = 3;

/** Adds a command with the options of both ways. */
export function addTwoWays(
  parent: Command,
  words: string,
  description: string,
  defaultConfig: string,
): Command {
  const command = parent
    .command(words)
    .description(description)
    .option('--config <file>', 'the settings, which say where the files are', defaultConfig);
  return addServerOptions(command).option('--json', 'one JSON document');
}

/** Runs it, and says in one sentence what went wrong. */
export async function run({ io, exit }: ServerCommandDeps, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    io.err(`warden: ${printable((error as Error).message)}`);
    exit(error instanceof UsageError || error instanceof WardenError ? BAD_USAGE : FAILED);
  }
}

/** By a server where one is named, else on the files. */
export async function twoWays<T>(
  deps: ServerCommandDeps,
  options: CommonOptions,
  request: ServerRequest,
  onFiles: (files: Files) => Promise<T>,
): Promise<T> {
  const { url } = options;
  // What the server answers has the shape that it has on the files: both are made by the same functions.
  if (url !== undefined) return (await askApi(request, { ...options, url }, deps.readStdin)) as T;
  requireNoServer(options);
  const loaded = await loadSettings(options.config);
  if (!loaded.ok) throw new Error(loaded.problems.map(describeProblem).join('\n'));
  const documents = await openDocumentsOf(loaded.settings);
  try {
    return await onFiles({ settings: loaded.settings, documents });
  } finally {
    await documents.close();
  }
}

export interface Files {
  readonly settings: Settings;
  readonly documents: DocumentStore;
}
