/** `warden session list|revoke|flush`: who stays logged in, and the end of it; on the files, or by a running server. */
import { type Command, Option } from 'commander';
import { printable, printableJson } from '../audit/printable.ts';
import { WardenError } from '../errors.ts';
import type { Io } from './io.ts';
import { openLoginFiles } from './login-files.ts';
import { addServerOptions, askApi, requireNoServer, type ServerOptions, UsageError } from './server.ts';
import { textTable } from './text-table.ts';

export interface SessionDeps {
  readonly io: Io;
  readonly defaultConfig: string;
  readonly columns: number | undefined;
  readonly readStdin: () => Promise<string>;
  readonly exit: (code: number) => void;
}

interface CommonOptions extends ServerOptions {
  readonly config: string;
}

interface ListOptions extends CommonOptions {
  readonly subject?: string;
  readonly all?: true;
  readonly json?: true;
}

const KINDS = ['subject', 'session', 'token', 'robot', 'grant'] as const;
type Target = { readonly kind: (typeof KINDS)[number] | 'checks'; readonly id: string };

/** A session as the API gives it, and as the files have it. */
interface ShownSession {
  readonly id: string;
  readonly subject: string;
  readonly clientId: string;
  readonly started: string;
  readonly startAddress: string;
  readonly used: string;
  readonly useAddress: string;
}

/** Of the process: bad usage, and what could not be done. */
const BAD_USAGE = 2;
const FAILED = 3;

/** Adds `session` with its commands to a program. */
export function addSessionCommands(program: Command, deps: SessionDeps): void {
  const session = program.command('session').description('logins that last, and their end');
  const add = (name: string, description: string): Command =>
    addServerOptions(
      session
        .command(name)
        .description(description)
        .option('--config <file>', 'the settings, which say where the sessions are', deps.defaultConfig),
    );
  add('list', 'who stays logged in, last used first; of a server: your own, unless told')
    .option('--subject <name>', 'of one user alone')
    .addOption(new Option('--all', 'of a server: of everybody').conflicts('subject'))
    .option('--json', 'one JSON document')
    .action((options: ListOptions) => run(deps, () => list(deps, options)));
  const revoke = add('revoke', 'end logins, on every instance; give one of the options that name them')
    .option('--subject <name>', 'all of a user until now: sessions and tokens; the password stays good')
    .option('--session <id>', 'a session, with the tokens that were got by it')
    .option('--token <jti>', 'a token, by the id that the record has of it')
    .option('--robot <name>', 'all of a robot until now; its secret stays good')
    .option('--grant <id>', 'all of a grant');
  revoke.action((options: CommonOptions & Readonly<Record<string, unknown>>) =>
    run(deps, async () => {
      const given = KINDS.filter((kind) => options[kind] !== undefined);
      const [kind] = given;
      if (kind === undefined || given.length > 1) {
        throw new UsageError(`give one of ${KINDS.map((one) => `--${one}`).join(', ')}`);
      }
      const sessions = await end(deps, options, { kind, id: String(options[kind]) });
      deps.io.err(`ended; refresh tokens that ended with it: ${sessions}`);
    }),
  );
  add('flush', 'forget the password checks that instances remember; the next logins are checked anew').action(
    (options: CommonOptions) =>
      run(deps, async () => {
        await end(deps, options, { kind: 'checks', id: '' });
        deps.io.err('remembered password checks are forgotten');
      }),
  );
}

async function run({ io, exit }: SessionDeps, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    io.err(`warden: ${printable((error as Error).message)}`);
    exit(error instanceof UsageError || error instanceof WardenError ? BAD_USAGE : FAILED);
  }
}

async function list(deps: SessionDeps, options: ListOptions): Promise<void> {
  const { io, columns, readStdin } = deps;
  const { url, subject, all } = options;
  let items: readonly ShownSession[];
  if (url !== undefined) {
    const query = { ...(subject !== undefined && { subject }), ...(all && { all: 'true' }) };
    const answer = await askApi({ method: 'GET', path: 'sessions', query }, { ...options, url }, readStdin);
    const found = (answer as { readonly items?: unknown } | undefined)?.items;
    if (!Array.isArray(found))
      throw new Error('the answer is not what Registry Warden gives; is --url its address?');
    items = found as readonly ShownSession[];
  } else {
    requireNoServer(options);
    if (all) throw new UsageError('--all is for asking a server: of the files all are listed');
    const files = await openLoginFiles(options.config);
    try {
      items = (await files.sessions.list(subject)).map(({ startedAt, usedAt, ...row }) => ({
        ...row,
        started: new Date(startedAt).toISOString(),
        used: new Date(usedAt).toISOString(),
      }));
    } finally {
      await files.close();
    }
  }
  if (options.json) return io.out(printableJson({ items }));
  if (items.length === 0) return io.err('nobody stays logged in');
  const rows = items.map((one) => [
    one.subject,
    one.id,
    `${minute(one.used)} ${one.useAddress}`,
    `${minute(one.started)} ${one.startAddress}`,
    one.clientId,
  ]);
  for (const line of textTable(['USER', 'SESSION', 'LAST USED (UTC)', 'SINCE', 'CLIENT'], rows, columns))
    io.out(line);
}

function minute(time: string): string {
  return time.slice(0, 16).replace('T', ' ');
}

/** @returns how many refresh tokens ended. */
async function end(deps: SessionDeps, options: CommonOptions, target: Target): Promise<number> {
  const { url } = options;
  if (url !== undefined) {
    const body = target.kind === 'checks' ? { kind: 'checks' } : target;
    const answer = await askApi(
      { method: 'POST', path: 'revocations', body },
      { ...options, url },
      deps.readStdin,
    );
    return Number((answer as { readonly sessions?: unknown } | undefined)?.sessions ?? 0);
  }
  requireNoServer(options);
  if (target.kind !== 'checks' && !/^[\x21-\x7e]{1,255}$/.test(target.id)) {
    throw new UsageError(`--${target.kind}: expected 1 to 255 printable characters without blanks`);
  }
  const files = await openLoginFiles(options.config);
  try {
    return await files.end(target);
  } finally {
    await files.close();
  }
}
