/** What can stand where on the command line, read from the commands themselves. */
import type { Argument, Command, Option } from 'commander';

/** What a value is: `file` for files and folders, a list for these words alone, `other` for what only the user knows. */
export type Value = 'file' | 'other' | readonly string[];

export interface CompletedOption {
  /** With its dashes, the long form. */
  readonly name: string;
  /** In one line. */
  readonly description: string;
  /** Absent where it takes none. */
  readonly value?: Value;
}

export interface Completions {
  /** Words after the program's name that lead here: '' for the program itself, `audit pushes`. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  /** Of what stands behind, besides options. */
  readonly argument?: Value;
}

const HELP: CompletedOption = { name: '--help', description: 'what it does, and its options' };

/** Of a command and all below it. */
export function completionsOf(command: Command, path = ''): readonly Completions[] {
  const [argument] = command.registeredArguments;
  const own: Completions = {
    path,
    commands: command.commands.map((one) => ({ name: one.name(), description: line(one.description()) })),
    options: [...command.options.filter(({ hidden }) => !hidden).flatMap(optionOf), HELP],
    ...(argument && { argument: argumentValue(argument) }),
  };
  const below = command.commands.flatMap((one) => completionsOf(one, `${path} ${one.name()}`.trim()));
  return [own, ...below];
}

function optionOf(option: Option): readonly CompletedOption[] {
  const { long, required, optional, flags, argChoices, description } = option;
  if (long === undefined || long === null) return [];
  const common = { name: long, description: line(description) };
  if (!required && !optional) return [common];
  return [{ ...common, value: argChoices ?? (isFile(flags) ? 'file' : 'other') }];
}

function argumentValue(argument: Argument): Value {
  return argument.argChoices ?? (isFile(argument.name()) ? 'file' : 'other');
}

/** They are called so in the help too. */
function isFile(text: string): boolean {
  return /\b(?:file|folder|files|folders|out|path)\b/i.test(text);
}

function line(text: string): string {
  return text.replace(/\s+/g, ' ');
}
