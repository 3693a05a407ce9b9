/** `warden robot create|list|rotate|revoke`: accounts of machines; on the files, or by a running server. */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { printable, printableJson } from '../audit/printable.ts';
import { faultOfExpiry } from '../identity/robots/administer.ts';
import { faultOfRobot, type NewRobot } from '../identity/robots/robot.ts';
import { type RobotJson, robotJson } from '../identity/robots/robot-json.ts';
import { createRobots, type Robots } from '../identity/robots/robots.ts';
import { loadUsers } from '../identity/users-file.ts';
import { RULE_ACTIONS, type RuleAction } from '../policy/actions.ts';
import { createStoredRevocations } from '../revocation/stored-revocations.ts';
import { createEndLogins } from '../token/end-logins.ts';
import { actorOfCommand, keepActOfCommand, sessionsIn } from './login-files.ts';
import { UsageError } from './server.ts';
import {
  addTwoWays,
  type CommonOptions,
  type Files,
  run,
  type ServerCommandDeps,
  twoWays,
} from './server-command.ts';
import { textTable } from './text-table.ts';

interface CreateOptions extends CommonOptions {
  readonly repository: readonly string[];
  readonly action?: readonly string[];
  readonly group?: readonly string[];
  readonly days: string;
  readonly description?: string;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

export function addRobotCommands(program: Command, deps: ServerCommandDeps): void {
  const robot = program.command('robot').description('accounts of machines');
  const add = (words: string, description: string): Command =>
    addTwoWays(robot, words, description, deps.defaultConfig);

  add('create <name>', 'make a robot; its secret is printed once, on standard output')
    .requiredOption('--repository <pattern>', 'what it is for; may be repeated', collect)
    .option('--action <action>', 'what it may do there; may be repeated; pull and push unless told', collect)
    .option('--group <group>', 'a group, by which rules let it do something; may be repeated', collect)
    .requiredOption('--days <days>', 'after how many days it expires')
    .option('--description <text>', 'for whoever finds it in the list')
    .action((name: string, options: CreateOptions) => run(deps, () => create(deps, name, options)));
  add('list', 'all robots, with when and from where each was used last').action((options: CommonOptions) =>
    run(deps, () => list(deps, options)),
  );
  add('rotate <name>', 'give a robot a new secret, which is printed once; the old one counts for some time')
    .option('--overlap-hours <hours>', 'for how long the old secret counts besides the new one', '24')
    .action((name: string, options: CommonOptions & { readonly overlapHours: string }) =>
      run(deps, () => rotate(deps, name, options)),
    );
  add('revoke <name>', 'end a robot, with all that it has got').action(
    (name: string, options: CommonOptions) =>
      run(deps, async () => {
        const path = `robots/${encodeURIComponent(name)}`;
        await twoWays(deps, options, { method: 'DELETE', path }, (files) => revoke(files, name));
        deps.io.err(`the robot ${name} is ended`);
      }),
  );
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

async function create(deps: ServerCommandDeps, name: string, options: CreateOptions): Promise<void> {
  const { repository, action = ['pull', 'push'], group = [], description } = options;
  const days = numberOf('--days', options.days);
  const words = action.map((word): RuleAction => {
    const known = RULE_ACTIONS.find((one) => one === word);
    if (known === undefined) throw new UsageError(`--action: expected one of ${RULE_ACTIONS.join(', ')}`);
    return known;
  });
  const robot = { name, description, groups: group, repositories: repository, actions: words };
  const made = await twoWays(
    deps,
    options,
    { method: 'POST', path: 'robots', body: { ...robot, days } },
    (files) => createOnFiles(files, { ...robot, expiresAt: Date.now() + days * DAY_MS }),
  );
  if (options.json) return deps.io.out(printableJson(made));
  // The secret alone on standard output, so that it can be taken from there.
  deps.io.out(printable(made.secret));
  deps.io.err(`the robot ${name} expires at ${printable(made.expires)}; nobody can ask for its secret again`);
}

async function createOnFiles(files: Files, robot: NewRobot) {
  const { settings } = files;
  const { name, expiresAt } = robot;
  const maximumMs = settings.robots.maximumDays * DAY_MS;
  const fault = faultOfRobot(robot) ?? faultOfExpiry(expiresAt, Date.now(), maximumMs);
  if (fault !== undefined) throw new UsageError(fault);
  const users = await loadUsers(settings.users);
  if (users.ok && users.users.byName.has(name))
    throw new UsageError(`${name} is the name of a user of the users file`);
  if (settings.oidc.some((issuer) => issuer.users.includes(name)))
    throw new UsageError(`${name} is the login of builds (oidc)`);
  const { actor, machine } = actorOfCommand();
  const robots = await robotsOf(files);
  const secret = await robots.create(robot, { name: actor?.sub ?? '', method: 'command' });
  const { groups, repositories, actions, expires, secrets } = shownOf(robots, name);
  await keepActOfCommand(files.documents, {
    type: 'robot.created',
    ...{ actor, machine },
    robot: {
      ...{ name, repositories, actions, expires, secret: secrets[0]?.id ?? '' },
      ...(groups.length > 0 && { groups }),
    },
  });
  return { name, secret, expires };
}

async function list(deps: ServerCommandDeps, options: CommonOptions): Promise<void> {
  const { items } = await twoWays(deps, options, { method: 'GET', path: 'robots' }, async (files) => ({
    items: (await robotsOf(files)).list().map(robotJson),
  }));
  if (options.json) return deps.io.out(printableJson({ items }));
  if (items.length === 0) return deps.io.err('no robots');
  const rows = items.map((one) => [
    one.name,
    one.repositories.join(' '),
    one.actions.join(' '),
    one.groups.join(' '),
    minute(one.expires),
    one.lastUsed ? `${minute(one.lastUsed.time)} ${one.lastUsed.address}` : 'never',
    one.description ?? '',
  ]);
  const head = ['ROBOT', 'REPOSITORIES', 'ACTIONS', 'GROUPS', 'EXPIRES (UTC)', 'LAST USED', 'FOR'];
  for (const line of textTable(head, rows, deps.columns)) deps.io.out(line);
}

async function rotate(
  deps: ServerCommandDeps,
  name: string,
  options: CommonOptions & { readonly overlapHours: string },
): Promise<void> {
  const overlapHours = numberOf('--overlap-hours', options.overlapHours, 0);
  const path = `robots/${encodeURIComponent(name)}/rotate`;
  const request = { method: 'POST', path, body: { overlapHours } } as const;
  const made = await twoWays(deps, options, request, async (files) => {
    const most = files.settings.robots.maximumOverlapHours;
    if (overlapHours > most)
      throw new UsageError(`--overlap-hours: at most ${most} (robots.maximumOverlapHours)`);
    const robots = await robotsOf(files);
    const by = actorOfCommand();
    const turned = await robots.rotate(name, overlapHours * HOUR_MS, by.actor?.sub ?? '');
    if (turned === undefined) throw new UsageError(`there is no robot ${name}`);
    // What was before is to end at once, so what was got by it as well.
    if (overlapHours === 0) await endLoginsOf(files, name);
    const oldUntil = new Date(turned.oldUntil).toISOString();
    const secret = shownOf(robots, name).secrets[0]?.id ?? '';
    await keepActOfCommand(files.documents, {
      type: 'robot.rotated',
      ...by,
      robot: { name, secret, oldUntil },
    });
    return { name, secret: turned.secret, oldUntil };
  });
  if (options.json) return deps.io.out(printableJson(made));
  deps.io.out(printable(made.secret));
  deps.io.err(`the secret before counts until ${printable(made.oldUntil)}`);
}

async function revoke(files: Files, name: string): Promise<void> {
  const robots = await robotsOf(files);
  if (!(await robots.remove(name))) throw new UsageError(`there is no robot ${name}`);
  await endLoginsOf(files, name);
  await keepActOfCommand(files.documents, { type: 'robot.revoked', ...actorOfCommand(), robot: { name } });
}

async function endLoginsOf({ documents, settings }: Files, name: string): Promise<void> {
  const logins = createEndLogins({
    sessions: sessionsIn(documents, settings),
    revoke: createStoredRevocations(documents).add,
    now: Date.now,
    random: (size) => randomBytes(size),
    sessionMs: settings.sessions.absoluteDays * DAY_MS,
  });
  await logins.end({ kind: 'robot', id: name, gone: true });
}

async function robotsOf({ documents }: Files): Promise<Robots> {
  let failure: unknown;
  const robots = createRobots({
    store: documents,
    now: Date.now,
    random: (size) => randomBytes(size),
    onFailure(error) {
      failure = error;
    },
  });
  await robots.refresh();
  if (failure !== undefined) throw failure;
  return robots;
}

/** It has just been made or changed. */
function shownOf(robots: Robots, name: string): RobotJson {
  const found = robots.list().find((one) => one.name === name);
  if (found === undefined) throw new Error(`the robot ${name} was ended by somebody else`);
  return robotJson(found);
}

function numberOf(option: string, text: string, least = 1): number {
  const value = Number(text);
  if (!/^\d{1,6}(?:\.\d+)?$/.test(text) || value < least)
    throw new UsageError(`${option}: expected a number from ${least}`);
  return value;
}

export function minute(time: string): string {
  return time.slice(0, 16).replace('T', ' ');
}
