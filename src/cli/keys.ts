/** `warden keys`: the key of the clients' tokens, and the key and certificate that the registry trusts. */
import { access } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { loadSettings, type Settings } from '../config/settings.ts';
import { describeProblem, type Problem } from '../config/yaml.ts';
import { formatVkey, verifierKey } from '../tlog/vkey.ts';
import { type LoadedChain, loadCertificateChain } from '../token/certificates.ts';
import { fileProblem } from '../token/file-problem.ts';
import { makeCertificateFile, makeKeyFile, makeNoteKeyFile, makeOffloadKeyFile } from '../token/key-files.ts';
import {
  ALGORITHMS,
  type Algorithm,
  type LoadedKey,
  loadSigningKey,
  type SigningKey,
} from '../token/keys.ts';
import { type LoadedNoteKey, loadNoteKey } from '../token/note-key.ts';
import type { Io } from './io.ts';

export interface KeysDeps {
  readonly io: Io;
  readonly defaultConfig: string;
  readonly exit: (code: number) => void;
}

interface KeysOptions {
  readonly config: string;
  readonly algorithm?: Algorithm;
}

/** What stops a command; shown as it is. */
type Stopped = readonly Problem[];

/** Of the process: files that have to be mended first. */
const PROBLEMS = 2;

/** Adds `keys` with its commands to a program. */
export function addKeysCommands(program: Command, deps: KeysDeps): void {
  const keys = program.command('keys').description('the keys that tokens are signed with');
  keys
    .command('init')
    .description('make the keys and the certificate that are missing; what is there stays as it is')
    .option('--config <file>', 'the settings', deps.defaultConfig)
    .addOption(
      new Option(
        '--algorithm <name>',
        'what new keys sign with; without it what tokens.algorithm says',
      ).choices(ALGORITHMS),
    )
    .action((options: KeysOptions) => run(deps, options, init));
  keys
    .command('show')
    .description('what the keys are, and the settings of the registry that go with them')
    .option('--config <file>', 'the settings', deps.defaultConfig)
    .action((options: KeysOptions) => run(deps, options, async (_deps, settings) => show(deps.io, settings)));
}

async function run(
  deps: KeysDeps,
  options: KeysOptions,
  command: (deps: KeysDeps, settings: Settings, options: KeysOptions) => Promise<Stopped>,
): Promise<void> {
  const loaded = await loadSettings(options.config);
  const problems = loaded.ok ? await command(deps, loaded.settings, options) : loaded.problems;
  for (const problem of problems) deps.io.err(describeProblem(problem));
  if (problems.length > 0) deps.exit(PROBLEMS);
}

async function init({ io }: KeysDeps, settings: Settings, { algorithm }: KeysOptions): Promise<Stopped> {
  const { tokens, registry } = settings;
  const problem = (file: string, message: string): Stopped => [{ file, line: 1, column: 1, message }];
  if (algorithm !== undefined && algorithm !== tokens.algorithm) {
    const message = `tokens.algorithm is ${tokens.algorithm}; set it to ${algorithm} first, so that the new keys fit`;
    return problem(settings.file, message);
  }
  const there = {
    token: await exists(tokens.keyFile),
    key: await exists(registry.keyFile),
    certificate: await exists(registry.certificateFile),
  };
  if (!there.key && there.certificate) {
    const message = `the certificate is there, but not its key ${registry.keyFile}; bring the key, or take the certificate away`;
    return problem(registry.certificateFile, message);
  }
  const made: string[] = [];
  const make = async (what: string, file: string, work: () => Promise<void>): Promise<Stopped> => {
    try {
      await work();
      made.push(`made ${what} ${file}`);
      return [];
    } catch (error) {
      return [fileProblem(file, `${what} cannot be made`, error)];
    }
  };
  const kind = tokens.algorithm;
  let stopped: Stopped = [];
  if (!there.token)
    stopped = await make(`the ${kind} key of clients' tokens`, tokens.keyFile, () =>
      makeKeyFile(tokens.keyFile, kind),
    );
  if (stopped.length === 0 && !there.key) {
    stopped = await make(`the ${kind} key for the registry`, registry.keyFile, () =>
      makeKeyFile(registry.keyFile, kind),
    );
  }
  if (stopped.length === 0 && !there.certificate) {
    const loaded = loadSigningKey(registry.keyFile);
    stopped = loaded.ok
      ? await make('its certificate', registry.certificateFile, () =>
          makeCertificateFile({ file: registry.certificateFile, key: loaded.key, now: Date.now() }),
        )
      : loaded.problems;
  }
  const offloadKey = settings.offload?.redirect?.keyFile;
  if (stopped.length === 0 && offloadKey !== undefined && !(await exists(offloadKey))) {
    stopped = await make('the key of redirects', offloadKey, () => makeOffloadKeyFile(offloadKey));
  }
  const { keyFile: logKey } = settings.transparency ?? {};
  if (stopped.length === 0 && logKey !== undefined && !(await exists(logKey))) {
    stopped = await make('the Ed25519 key of the log', logKey, () => makeNoteKeyFile(logKey));
  }
  const attestationKey = settings.attestations?.keyFile;
  if (stopped.length === 0 && attestationKey !== undefined && !(await exists(attestationKey))) {
    stopped = await make('the key of attestations', attestationKey, () =>
      makeKeyFile(attestationKey, 'ES256'),
    );
  }
  for (const line of made) io.out(line);
  if (stopped.length > 0) return stopped;
  if (made.length === 0) io.out('nothing was missing');
  return show(io, settings);
}

/** What the files hold; nothing that is secret. */
async function show(io: Io, settings: Settings): Promise<Stopped> {
  const { tokens, registry } = settings;
  const token = loadSigningKey(tokens.keyFile, tokens.algorithm);
  const key = loadSigningKey(registry.keyFile);
  const chain: LoadedChain | undefined = key.ok
    ? loadCertificateChain({ file: registry.certificateFile, key: key.key, now: Date.now() })
    : undefined;
  const { transparency } = settings;
  const log = transparency && loadNoteKey(transparency.keyFile);
  const parts: readonly (LoadedKey | LoadedChain | LoadedNoteKey | undefined)[] = [token, key, chain, log];
  for (const part of parts) {
    if (part?.ok) for (const warning of part.warnings) io.err(`${describeProblem(warning)} (warning)`);
  }
  const problems = parts.flatMap((part) => (part === undefined || part.ok ? [] : part.problems));
  if (problems.length > 0 || !token.ok || !key.ok || !chain?.ok) return problems;
  io.out(`clients' tokens: ${describeKey(token.key)}, ${tokens.keyFile}`);
  io.out(`registry's tokens: ${describeKey(key.key)}, ${registry.keyFile}`);
  io.out(`  certificate until ${new Date(chain.expiresAt).toISOString()}, ${registry.certificateFile}`);
  if (transparency !== undefined && log?.ok) {
    io.out(
      `checkpoints of the log: Ed25519, ${transparency.keyFile}; whoever verifies them needs this line:`,
    );
    io.out(`  ${formatVkey(verifierKey(transparency.origin, 0x01, log.key.publicKey))}`);
  }
  io.out('');
  io.out("The registry's settings for it (the file must be readable for the registry):");
  io.out('');
  for (const line of registrySettings(settings)) io.out(line);
  return [];
}

function describeKey({ algorithm, kid }: SigningKey): string {
  return `${algorithm}, kid ${kid}`;
}

/** JSON texts are YAML texts, whatever stands in them. */
function registrySettings({ publicUrl, registry }: Settings): readonly string[] {
  return [
    'auth:',
    '  token:',
    `    realm: ${JSON.stringify(`${publicUrl}/token`)}`,
    `    service: ${JSON.stringify(registry.service)}`,
    `    issuer: ${JSON.stringify(registry.issuer)}`,
    `    rootcertbundle: ${JSON.stringify(registry.certificateFile)}`,
  ];
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (error) {
    // What is there and cannot be reached is there: nothing is to be made in its place.
    return !['ENOENT', 'ENOTDIR'].includes((error as { code?: string }).code ?? '');
  }
}
