/** `warden import`: the users and rules of other programs as ours. */
import { lstat, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { describeErrno, readText } from '../config/read-text.ts';
import { describeProblem } from '../config/yaml.ts';
import { replaceFile } from '../identity/replace-file.ts';
import { importDockerAuth, POLICY_FILE, USERS_FILE } from '../import/docker-auth.ts';
import { reportLines } from '../import/report.ts';
import type { Io } from './io.ts';

export interface ImportDeps {
  readonly io: Io;
  readonly exit: (code: number) => void;
}

interface ImportCommandOptions {
  readonly out?: string;
  readonly force?: true;
  readonly service?: string;
}

/** Of the process: a refusal, and files that have to be mended first. */
const REFUSED = 1;
const PROBLEMS = 2;

/** The policy is for everyone to read; the users hold hashes of passwords. */
const MODES = { policy: 0o644, users: 0o600 };

export function addImportCommands(program: Command, deps: ImportDeps): void {
  program
    .command('import')
    .description('take over users and rules of another program')
    .command('docker-auth <file>')
    .description('a configuration of docker_auth: reports what would be carried, and writes it where told')
    .option('--out <folder>', `write ${USERS_FILE} and ${POLICY_FILE} into this folder`)
    .option('--force', 'replace files that are there')
    .option('--service <name>', 'the service that the registry was configured with (auth.token.service)')
    .action((file: string, options: ImportCommandOptions) => run(deps, file, options));
}

async function run({ io, exit }: ImportDeps, file: string, options: ImportCommandOptions): Promise<void> {
  const fail = (status: number, message: string): void => {
    io.err(`warden: ${message}`);
    exit(status);
  };
  const content = await readText(file);
  if (!content.ok) return fail(PROBLEMS, `${file} ${content.reason}`);
  const imported = importDockerAuth(content.text, file, { service: options.service });
  if (!imported.ok) {
    for (const problem of imported.problems) io.err(describeProblem(problem));
    return exit(PROBLEMS);
  }
  const { policy, users, report } = imported;
  const { out } = options;
  const files = [
    { path: join(out ?? '', USERS_FILE), text: users, mode: MODES.users },
    ...(policy === undefined
      ? []
      : [{ path: join(out ?? '', POLICY_FILE), text: policy, mode: MODES.policy }]),
  ];
  if (out !== undefined) {
    const problem = await write(files, options.force === true);
    if (problem !== undefined) return fail(REFUSED, problem);
  }
  for (const line of reportLines(report, file)) io.out(line);
  io.out('');
  for (const line of nextLines(out === undefined ? [] : files.map(({ path }) => path), policy !== undefined))
    io.out(line);
}

interface NewFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/** @returns a sentence where nothing was written, or not everything. */
async function write(files: readonly NewFile[], force: boolean): Promise<string | undefined> {
  if (!force) {
    for (const { path } of files) {
      if (await exists(path)) return `${path} is there already; nothing was written. --force replaces it`;
    }
  }
  for (const { path, text, mode } of files) {
    try {
      await mkdir(dirname(path), { recursive: true });
      if (force && (await exists(path))) {
        await replaceFile(path, () => text);
        continue;
      }
      // Not over a file that has come in the meantime.
      const handle = await open(path, 'wx', mode);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      return `${path} cannot be written: ${describeErrno(error)}`;
    }
  }
  return undefined;
}

/** Also a link that leads nowhere. What cannot be looked at is told when it cannot be written. */
function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function nextLines(written: readonly string[], hasPolicy: boolean): readonly string[] {
  const none = hasPolicy
    ? []
    : ['No rule was made, so there is no policy to write: everything would be refused.'];
  if (written.length === 0) return [...none, 'Nothing was written; --out FOLDER writes it.'];
  return [
    ...none,
    `Written: ${written.join(', ')}`,
    'Next: read the rules beside this report; put both files where policy and users of warden.yaml say; `warden check`;',
    'give rules that push a from, so that they hold on build hosts only.',
  ];
}
