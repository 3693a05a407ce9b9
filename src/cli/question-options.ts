/** The options that say a question to the policy. */
import type { Command } from 'commander';
import type { UserList } from '../identity/users-file.ts';
import type { Asked, Fault } from '../policy/ask.ts';

export interface QuestionOptions {
  readonly user?: string;
  readonly group?: readonly string[];
  readonly kind?: string;
  readonly method?: string;
  readonly build?: readonly string[];
  readonly from?: string;
  readonly tokenFrom?: string;
  readonly repository?: string;
  readonly action?: string;
  readonly tag?: string;
  readonly time?: string;
  readonly client?: string;
  readonly certificate?: string;
  readonly approved?: boolean;
}

export function addQuestionOptions(command: Command): Command {
  return command
    .option('--user <name>', 'who asks; without it, someone without a login')
    .option('--group <group>', "a group of the user; may be repeated; without it, the users file's", collect)
    .option('--kind <kind>', 'person, robot or build')
    .option('--method <method>', 'how the user has logged in')
    .option('--build <claim=value>', 'a claim of a build; may be repeated', collect)
    .option('--from <address>', 'the client: an address, or a host of the policy')
    .option('--token-from <address>', 'where the token was fetched, if elsewhere')
    .option('--repository <name>', 'what it is about')
    .option('--action <action>', 'what is done: pull, push, create, overwrite, delete, …')
    .option('--tag <tag>', 'the tag that is written; "" for a push by digest')
    .option('--time <time>', 'when it is done; now unless told')
    .option('--client <agent>', 'the User-Agent, such as docker/24.0.7; "" for none')
    .option('--certificate <name>', 'the name in the client certificate')
    .option('--approved', 'with a push grant that somebody else has approved');
}

export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

export type AskedOptions =
  | { readonly ok: true; readonly asked: Asked }
  | { readonly ok: false; readonly problems: readonly string[] };

/** The options as a question. @param usual the time that is meant where none is given, in milliseconds since 1970. */
export function askedOf(
  { group, build: claims, time, ...options }: QuestionOptions,
  users: UserList | undefined,
  usual: number,
): AskedOptions {
  const build: Record<string, string> = {};
  for (const claim of claims ?? []) {
    const [, name = '', value = ''] = /^([^=]+)=(.+)$/s.exec(claim) ?? [];
    if (name === '')
      return { ok: false, problems: [`--build ${JSON.stringify(claim)}: expected claim=value`] };
    if (build[name] !== undefined) return { ok: false, problems: [`--build ${name}: stands twice`] };
    build[name] = value;
  }
  const known = options.user === undefined ? undefined : users?.byName.get(options.user);
  return {
    ok: true,
    asked: {
      ...options,
      groups: group ?? known?.groups,
      ...(claims && { build }),
      time: time ?? new Date(usual).toISOString(),
    },
  };
}

/** By the option's name. */
export function faultText({ key, message }: Fault): string {
  const options: Partial<Record<keyof Asked, string>> = { groups: 'group', tokenFrom: 'token-from' };
  return `--${options[key] ?? key}: ${message}`;
}
