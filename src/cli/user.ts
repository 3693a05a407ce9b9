/** `warden user`: the users of the password file. */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { loadSettings } from '../config/settings.ts';
import { describeProblem, type Problem } from '../config/yaml.ts';
import { passwordFault } from '../identity/password-rules.ts';
import { createPasswords } from '../identity/passwords.ts';
import { editUsers, type UserChange } from '../identity/users-edit.ts';
import { loadUsers, type UserList } from '../identity/users-file.ts';
import { NAME } from '../identity/users-schema.ts';
import type { Io } from './io.ts';
import { askNewPassword, type Input, type ReadPassword, readPipedPassword } from './read-password.ts';
import { isRobotName } from './robot-names.ts';

export interface UserDeps {
  readonly io: Io;
  readonly stdin: Input;
  readonly defaultConfig: string;
  readonly exit: (code: number) => void;
}

interface ConfigOption {
  readonly config: string;
}

interface PasswordOptions extends ConfigOption {
  readonly passwordStdin?: true;
  readonly generate?: true;
}

/** The sentence why a command has done nothing. */
interface Refused {
  readonly refused: string | readonly Problem[];
}

/** 144 random bits, in letters that survive every shell and form. */
const GENERATED_BYTES = 18;

/** Of the process: a refusal, and files that have to be mended first. */
const REFUSED = 1;
const PROBLEMS = 2;

/** Adds `user` with its commands to a program. */
export function addUserCommands(program: Command, deps: UserDeps): void {
  const { io } = deps;
  const user = program.command('user').description('the users of the password file');
  const add = (words: string, description: string): Command =>
    user
      .command(words)
      .description(description)
      .option('--config <file>', 'the settings', deps.defaultConfig);
  const withPassword = (command: Command): Command =>
    command
      .option('--password-stdin', 'read the password from standard input')
      .option('--generate', 'make a random password and print it on standard output');

  withPassword(add('add <name>', 'add a user; asks for the password unless told where it comes from'))
    .option('--group <group>', 'a group of the user; may be repeated', collect)
    .action(async (name: string, options: PasswordOptions & { readonly group?: readonly string[] }) => {
      const fault = nameFault([name, ...(options.group ?? [])]);
      if (fault !== undefined) return fail(deps, { refused: fault });
      const robot = await robotFault(options, name);
      if (robot !== undefined) return fail(deps, { refused: robot });
      await setPassword(deps, options, name, (users, password) =>
        users.byName.has(name)
          ? `there is a user ${name} already; \`warden user passwd\` and \`warden user groups\` change it`
          : { do: 'put', name, password, groups: options.group ?? [] },
      );
    });

  withPassword(
    add('passwd <name>', 'change the password of a user; logins and sessions with the old one end'),
  ).action(async (name: string, options: PasswordOptions) => {
    await setPassword(deps, options, name, (users, password) =>
      users.byName.has(name) ? { do: 'put', name, password } : noUser(name),
    );
  });

  add('groups <name>', 'show or set the groups of a user')
    .option('--set <groups...>', 'the groups that the user is in from now on; "" for none')
    .action(async (name: string, options: ConfigOption & { readonly set?: readonly string[] }) => {
      const groups = options.set?.flatMap((text) => text.split(',')).filter((text) => text !== '');
      if (groups) {
        const fault = nameFault(groups);
        if (fault !== undefined) return fail(deps, { refused: fault });
        const change: UserChange = { do: 'put', name, groups };
        await edit(
          deps,
          options,
          (users) => (users.byName.has(name) ? change : noUser(name)),
          `set the groups of ${name}`,
        );
        return;
      }
      const users = await list(deps, options);
      if (!users) return;
      const found = users.byName.get(name);
      if (found) io.out(found.groups.join(' '));
      else fail(deps, { refused: noUser(name) });
    });

  add('remove <name>', 'remove a user; its logins and sessions end').action(
    async (name: string, options: ConfigOption) => {
      const change: UserChange = { do: 'remove', name };
      await edit(
        deps,
        options,
        (users) => (users.byName.has(name) ? change : noUser(name)),
        `removed ${name}`,
      );
    },
  );

  add('list', 'all users with their groups')
    .option('--json', 'one JSON document')
    .action(async (options: ConfigOption & { readonly json?: true }) => {
      const users = await list(deps, options);
      if (!users) return;
      const rows = [...users.byName.values()].map(({ name, groups }) => ({ name, groups }));
      if (options.json) return io.out(JSON.stringify({ users: rows }));
      const width = Math.max(0, ...rows.map(({ name }) => name.length));
      for (const { name, groups } of rows) io.out(`${name.padEnd(width)}  ${groups.join(' ')}`.trimEnd());
    });
}

/** Gets a password, hashes it, and makes the change with the hash. */
async function setPassword(
  deps: UserDeps,
  options: PasswordOptions,
  name: string,
  decide: (users: UserList, hash: string) => UserChange | string,
): Promise<void> {
  const { io, stdin } = deps;
  if (options.passwordStdin && options.generate) {
    return fail(deps, { refused: '--password-stdin and --generate exclude each other' });
  }
  const file = await usersFile(deps, options);
  if (file === undefined) return;
  // Before anything is asked: what is refused in the end should not cost somebody two passwords.
  const before = await decideNow(file, (users) => decide(users, ''));
  if (before !== undefined) return fail(deps, before);

  const got: ReadPassword = options.generate
    ? { ok: true, password: randomBytes(GENERATED_BYTES).toString('base64url') }
    : await (options.passwordStdin ? readPipedPassword(stdin) : askNewPassword(stdin, io, name));
  if (!got.ok) return fail(deps, { refused: got.reason });
  const fault = passwordFault(name, got.password);
  if (fault !== undefined) return fail(deps, { refused: fault });
  const hash = await createPasswords({ now: Date.now }).hash(got.password);
  const edited = await editUsers(file, (users) => decide(users, hash));
  if (!edited.ok) return fail(deps, refusedBy(edited));
  // The password alone on standard output, so that it can be taken from there.
  if (options.generate) io.out(got.password);
  io.err(`the password of ${name} is set in ${file}`);
}

/** The refusal that an edit would meet now; undefined when it would be made. */
async function decideNow(
  file: string,
  decide: (users: UserList) => UserChange | string,
): Promise<Refused | undefined> {
  const loaded = await loadUsers(file);
  if (!loaded.ok) return loaded.missing ? undefined : { refused: loaded.problems };
  const change = decide(loaded.users);
  return typeof change === 'string' ? { refused: change } : undefined;
}

async function edit(
  deps: UserDeps,
  options: ConfigOption,
  decide: (users: UserList) => UserChange | string,
  done: string,
): Promise<void> {
  const file = await usersFile(deps, options);
  if (file === undefined) return;
  const edited = await editUsers(file, decide);
  if (edited.ok) deps.io.err(`${done} in ${file}`);
  else fail(deps, refusedBy(edited));
}

/** The users as they are; none while there is no file. Undefined, and said, when they cannot be told. */
async function list(deps: UserDeps, options: ConfigOption): Promise<UserList | undefined> {
  const file = await usersFile(deps, options);
  if (file === undefined) return undefined;
  const loaded = await loadUsers(file);
  if (!loaded.ok) {
    if (loaded.missing) return { byName: new Map(), highestCost: 0 };
    fail(deps, { refused: loaded.problems });
    return undefined;
  }
  for (const warning of loaded.warnings) deps.io.err(`${describeProblem(warning)} (warning)`);
  return loaded.users;
}

async function usersFile(deps: UserDeps, { config }: ConfigOption): Promise<string | undefined> {
  const loaded = await loadSettings(config);
  if (loaded.ok) return loaded.settings.users;
  fail(deps, { refused: loaded.problems });
  return undefined;
}

/** A user of the name of a robot would keep the robot out. Settings that cannot be read are told of later. */
async function robotFault({ config }: ConfigOption, name: string): Promise<string | undefined> {
  const loaded = await loadSettings(config);
  if (!loaded.ok) return undefined;
  try {
    return (await isRobotName(loaded.settings, name))
      ? `there is a robot ${name}; choose another name`
      : undefined;
  } catch (error) {
    return `whether there is a robot ${name} cannot be told: ${(error as Error).message}`;
  }
}

function refusedBy(edited: { readonly refusal: string; readonly problems: readonly Problem[] }): Refused {
  return { refused: edited.problems.length > 0 ? edited.problems : edited.refusal };
}

function fail({ io, exit }: UserDeps, { refused }: Refused): void {
  if (typeof refused === 'string') {
    io.err(`warden: ${refused}`);
    exit(REFUSED);
    return;
  }
  for (const problem of refused) io.err(describeProblem(problem));
  exit(PROBLEMS);
}

function noUser(name: string): string {
  return `there is no user ${JSON.stringify(name)}`;
}

function nameFault(names: readonly string[]): string | undefined {
  const wrong = names.find((name) => !NAME.test(name));
  if (wrong === undefined) return undefined;
  return `${JSON.stringify(wrong)} is no name; expected at most 64 of a-z, 0-9, and between them . _ @ -`;
}

/** Keeps all values of an option that is repeated; each may be a list with commas. */
function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...value.split(',').filter((text) => text !== '')];
}
