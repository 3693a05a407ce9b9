/** Which policy a command is about: files that are named, or what the settings name, now or at an earlier time. */
import type { Command } from 'commander';
import { loadPolicy } from '../config/policy-files.ts';
import { loadSettings, type Settings } from '../config/settings.ts';
import { describeProblem, type Problem } from '../config/yaml.ts';
import { type FoundVersion, readVersion } from '../history/policy-history.ts';
import { loadUsers, type UserList } from '../identity/users-file.ts';
import type { Policy } from '../policy/policy.ts';
import { openHistoryOf } from './open-record.ts';
import { readSpan, SPAN_FORMS } from './read-time.ts';

/** As commander gives them; see `addPolicyOptions`. */
export interface PolicyOptions {
  readonly policy?: readonly string[];
  readonly config?: string;
  readonly at?: string;
  readonly version?: string;
}

export type ChosenPolicy =
  | {
      readonly ok: true;
      readonly policy: Policy;
      readonly warnings: readonly Problem[];
      /** Undefined where no settings were read. */
      readonly settings: Settings | undefined;
      /** Of the users file that the settings name, as it is now; undefined where there is none. */
      readonly users: UserList | undefined;
    }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Adds the options that `choosePolicy` reads. */
export function addPolicyOptions(command: Command): Command {
  return command
    .option('--policy <path...>', 'a folder of policy files, or files; without it, what the settings name')
    .option('--config <file>', 'the settings')
    .option('--at <time>', 'the policy that was in force then, by the history that the settings name')
    .option('--version <digest>', 'a policy that was in force; 7 hex digits are enough');
}

/**
 * Without `policy`, the policy that the settings name, or one of its earlier versions. With it, the settings are read only
 * where `config` is given, for the users.
 *
 * @param now milliseconds since 1970.
 */
export async function choosePolicy(
  options: PolicyOptions,
  defaultConfig: string,
  now: number,
): Promise<ChosenPolicy> {
  const { policy: paths, config, at, version } = options;
  const ways = Object.entries({ '--policy': paths, '--at': at, '--version': version }).flatMap(
    ([name, value]) => (value === undefined ? [] : [name]),
  );
  if (ways.length > 1) return refuse(`${ways.join(' and ')} each name a policy: give one of them`);
  let settings: Settings | undefined;
  if (paths === undefined || config !== undefined) {
    const loaded = await loadSettings(config ?? defaultConfig);
    if (!loaded.ok) return refuse(...loaded.problems.map(describeProblem));
    settings = loaded.settings;
  }
  const chosen = await policyOf(options, settings, now);
  if (!chosen.ok) return chosen;
  const users = settings && (await loadUsers(settings.users));
  if (users?.ok === false && !users.missing) return refuse(...users.problems.map(describeProblem));
  return { ...chosen, settings, users: users?.ok ? users.users : undefined };
}

type Found =
  | { readonly ok: true; readonly policy: Policy; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly string[] };

async function policyOf(
  { policy: paths, at, version }: PolicyOptions,
  settings: Settings | undefined,
  now: number,
): Promise<Found> {
  if (settings && (at !== undefined || version !== undefined)) return earlier({ at, version }, settings, now);
  const loaded = await loadPolicy(paths ?? (settings === undefined ? [] : [settings.policy]));
  return loaded.ok ? loaded : refuse(...loaded.problems.map(describeProblem));
}

async function earlier(
  { at, version }: { readonly at: string | undefined; readonly version: string | undefined },
  settings: Settings,
  now: number,
): Promise<Found> {
  const history = await openHistoryOf(settings);
  try {
    let found: FoundVersion;
    if (version !== undefined) found = await history.version(version);
    else {
      const span = readSpan(at ?? '', now);
      if (span === undefined) return refuse(`--at ${JSON.stringify(at)}: expected ${SPAN_FORMS}`);
      found = await history.at(span);
    }
    if (!found.ok) return refuse(found.reason);
    const read = readVersion(found.version);
    return read.ok ? { ...read, warnings: [] } : refuse(...read.problems.map(describeProblem));
  } finally {
    await history.close();
  }
}

function refuse(...problems: readonly string[]): {
  readonly ok: false;
  readonly problems: readonly string[];
} {
  return { ok: false, problems };
}

/** What is behind an answer about a user whom the users file has not, where there is a directory. */
export function notAsked(settings: Pick<Settings, 'ldap'> | undefined): string {
  return settings?.ldap === undefined ? '' : '; the directory is not asked here: say its groups with --group';
}
