/** `warden grant list|show|approve|close`: push grants; on the files, or by a running server. */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { printable, printableJson } from '../audit/printable.ts';
import { sameEyes } from '../identity/grants/administer.ts';
import { type GrantJson, grantJson } from '../identity/grants/grant-json.ts';
import { createGrants } from '../identity/grants/grants.ts';
import { createRobots } from '../identity/robots/robots.ts';
import { createStoredRevocations } from '../revocation/stored-revocations.ts';
import { createEndLogins } from '../token/end-logins.ts';
import { actorOfCommand, keepActOfCommand, sessionsIn } from './login-files.ts';
import { minute } from './robot.ts';
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

interface CommentOptions extends CommonOptions {
  readonly comment?: string;
}

const DAY_MS = 86_400_000;
const random = (size: number): Uint8Array => randomBytes(size);

export function addGrantCommands(program: Command, deps: ServerCommandDeps): void {
  const grant = program.command('grant').description('push grants: passwords for one job');
  const add = (words: string, description: string): Command =>
    addTwoWays(grant, words, description, deps.defaultConfig);

  add('list', 'grants, the newest first; of a server: your own, and those that you may approve')
    .option('--pending', 'only those that wait for an approval')
    .action((options: CommonOptions & { readonly pending?: true }) => run(deps, () => list(deps, options)));
  add('show <id>', 'one grant').action((id: string, options: CommonOptions) =>
    run(deps, async () => {
      const request = { method: 'GET', path: `grants/${encodeURIComponent(id)}` } as const;
      tell(deps, options, await twoWays(deps, options, request, (files) => find(files, id)));
    }),
  );
  add('approve <id>', 'let a pending grant be used; never by who asked for it, or started its job')
    .requiredOption('--comment <text>', 'why, for the record')
    .action((id: string, options: CommentOptions) =>
      run(deps, async () => {
        const { comment = '' } = options;
        const request = {
          method: 'POST',
          path: `grants/${encodeURIComponent(id)}/approve`,
          body: { comment },
        } as const;
        tell(deps, options, await twoWays(deps, options, request, (files) => approve(files, id, comment)));
      }),
    );
  add('close <id>', 'end a grant')
    .option('--comment <text>', 'why, for the record')
    .action((id: string, options: CommentOptions) =>
      run(deps, async () => {
        const { comment } = options;
        const body = comment === undefined ? {} : { comment };
        const request = { method: 'POST', path: `grants/${encodeURIComponent(id)}/close`, body } as const;
        tell(deps, options, await twoWays(deps, options, request, (files) => close(files, id, comment)));
      }),
    );
}

async function list(
  deps: ServerCommandDeps,
  options: CommonOptions & { readonly pending?: true },
): Promise<void> {
  const answer = await twoWays(deps, options, { method: 'GET', path: 'grants' }, async (files) => ({
    items: (await grantsOf(files).list()).map(grantJson),
  }));
  const items = answer.items.filter(({ state }) => !options.pending || state === 'pending');
  if (options.json) return deps.io.out(printableJson({ items }));
  if (items.length === 0) return deps.io.err('no grants');
  const rows = items.map((one) => [
    one.id,
    one.state,
    one.owner,
    one.repositories.join(' '),
    one.tags?.join(' ') ?? 'any',
    one.host ?? one.addresses.join(' '),
    `${one.job.job ?? ''} ${one.job.number ?? ''}`.trim(),
    one.job.operator ?? '',
    minute(one.expires),
  ]);
  const head = ['GRANT', 'STATE', 'FOR', 'REPOSITORIES', 'TAGS', 'HOST', 'JOB', 'OPERATOR', 'UNTIL (UTC)'];
  for (const line of textTable(head, rows, deps.columns)) deps.io.out(line);
}

function tell({ io }: ServerCommandDeps, options: CommonOptions, grant: GrantJson): void {
  if (options.json) {
    io.out(printableJson(grant));
    return;
  }
  const { repositories, tags, host, addresses, job, approved, ended, outstanding } = grant;
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['grant', `${grant.id}: ${grant.state}`],
    ['for', grant.owner],
    ['pushes', `${repositories.join(' ')}, tags ${tags?.join(' ') ?? 'any'}`],
    ['from', host === undefined ? addresses.join(' ') : `${host} ${addresses.join(' ')}`],
    ['job', Object.values(job).join(' ') || undefined],
    ['until', grant.expires],
    ['approved', approved && `${approved.name} ${approved.time}: ${approved.comment ?? ''}`],
    [
      'ended',
      ended && `${ended.why} ${ended.time} ${ended.by?.name ?? ''} ${ended.by?.comment ?? ''}`.trim(),
    ],
    ['pushed', grant.pushed.map(({ repository, tag }) => `${repository}:${tag}`).join(' ') || undefined],
    ['to come', outstanding?.join(' ') || undefined],
  ];
  for (const [label, text] of lines) if (text !== undefined) io.out(`${label.padEnd(10)}${printable(text)}`);
}

function grantsOf({ documents }: Files) {
  return createGrants({ store: documents, now: Date.now, random });
}

async function find(files: Files, id: string): Promise<GrantJson> {
  const found = await grantsOf(files).get(id);
  if (found === undefined) throw new UsageError(`there is no grant ${id}`);
  return grantJson(found);
}

async function approve(files: Files, id: string, comment: string): Promise<GrantJson> {
  if (comment.trim() === '') throw new UsageError('--comment: say why');
  const grants = grantsOf(files);
  const grant = await grants.get(id);
  if (grant === undefined) throw new UsageError(`there is no grant ${id}`);
  const { actor, machine } = actorOfCommand();
  const name = actor?.sub ?? '';
  const robots = createRobots({ store: files.documents, now: Date.now, random, onFailure: () => undefined });
  await robots.refresh();
  const fault = sameEyes({ name, method: 'command' }, grant, robots);
  if (fault !== undefined) throw new UsageError(fault);
  const approved = await grants.approve(id, { name, method: 'command', at: Date.now(), comment });
  if (approved === undefined) throw new UsageError('this grant does not wait for an approval');
  const expires = new Date(approved.expiresAt).toISOString();
  await keepActOfCommand(files.documents, {
    type: 'grant.approved',
    ...{ actor, machine, grant: id, comment, expires },
  });
  return grantJson(approved);
}

async function close(files: Files, id: string, comment: string | undefined): Promise<GrantJson> {
  const { actor, machine } = actorOfCommand();
  const said = comment === undefined ? {} : { comment };
  const by = { name: actor?.sub ?? '', method: 'command', at: Date.now(), ...said };
  const closed = await grantsOf(files).close(id, 'closed', by);
  if (closed === undefined) throw new UsageError('there is no such grant, or it has ended before');
  const logins = createEndLogins({
    sessions: sessionsIn(files.documents, files.settings),
    revoke: createStoredRevocations(files.documents).add,
    now: Date.now,
    random,
    sessionMs: files.settings.sessions.absoluteDays * DAY_MS,
  });
  await logins.end({ kind: 'grant', id });
  await keepActOfCommand(files.documents, {
    type: 'grant.closed',
    ...{ actor, machine, grant: id, why: 'closed' as const },
    ...said,
  });
  return grantJson(closed);
}
