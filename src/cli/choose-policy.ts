/** Which policy a command is about: files that are named, or what the settings name, now or at an earlier time. */
import type { Command } from 'commander';
import { loadPolicy } from '../config/policy-files.ts';
import { loadSettings, type Settings } from '../config/settings.ts';
import { describeProblem, type Problem } from '../config/yaml.ts';
import { loadUsers, type UserList } from '../identity/users-file.ts';
import type { Policy } from '../policy/policy.ts';

/** As commander gives them; see `addPolicyOptions`. */
export interface PolicyOptions {
  readonly policy?: readonly string[];
  readonly config?: string;
}

export type ChosenPolicy =
  | {
      readonly ok: true;
      readonly policy: Policy;
      readonly warnings: readonly Problem[];
      /** Undefined where no settings were read. */
      readonly settings: Settings | undefined;
      /** Of the users file that the settings name; undefined where there is none. */
      readonly users: UserList | undefined;
    }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Adds the options that `choosePolicy` reads. */
export function addPolicyOptions(command: Command): Command {
  return command
    .option('--policy <path...>', 'a folder of policy files, or files; without it, what the settings name')
    .option('--config <file>', 'the settings');
}

/**
 * Without `policy`, the policy that the settings name. With it, the settings are read only where `config` is given, for
 * the users.
 */
export async function choosePolicy(options: PolicyOptions, defaultConfig: string): Promise<ChosenPolicy> {
  const needsSettings = options.policy === undefined || options.config !== undefined;
  let settings: Settings | undefined;
  if (needsSettings) {
    const loaded = await loadSettings(options.config ?? defaultConfig);
    if (!loaded.ok) return { ok: false, problems: loaded.problems.map(describeProblem) };
    settings = loaded.settings;
  }
  const paths = options.policy ?? (settings === undefined ? [] : [settings.policy]);
  const loaded = await loadPolicy(paths);
  if (!loaded.ok) return { ok: false, problems: loaded.problems.map(describeProblem) };
  const users = settings && (await loadUsers(settings.users));
  if (users?.ok === false && !users.missing)
    return { ok: false, problems: users.problems.map(describeProblem) };
  const { policy, warnings } = loaded;
  return { ok: true, policy, warnings, settings, users: users?.ok ? users.users : undefined };
}
