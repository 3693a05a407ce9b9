/** `warden keys`: the key of the clients' tokens, and the key and certificate that the registry trusts. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { loadSettings, type Settings } from '../config/settings.ts';
import { describeProblem } from '../config/yaml.ts';
import { fileProblem } from '../token/file-problem.ts';
import { makeKeyFile, makeNoteKeyFile, makeOffloadKeyFile } from '../token/key-files.ts';
import { ALGORITHMS, type Algorithm, loadSigningKey } from '../token/keys.ts';
import {
  makeAuthorityFile,
  makeAuthorityKeyFile,
  makeCertificateFile,
  makeLeafFile,
} from '../token/make-certificates.ts';
import type { Io } from './io.ts';
import { exists, problem, type Stopped } from './keys-files.ts';
import { type RotateOptions, rotate } from './keys-rotate.ts';
import { printJwks, showKeys } from './keys-show.ts';

export interface KeysDeps {
  readonly io: Io;
  readonly defaultConfig: string;
  readonly exit: (code: number) => void;
}

interface KeysOptions {
  readonly config: string;
  readonly algorithm?: Algorithm;
}

/** A week. */
const LATEST_MINUTES = 10_080;
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
    .action((options: KeysOptions) =>
      run(deps, options, async (_deps, settings) => showKeys(deps.io, settings)),
    );
  keys
    .command('rotate')
    .description(
      "make another key for clients' tokens, or for the registry's; what runs takes it over by itself",
    )
    .option('--config <file>', 'the settings', deps.defaultConfig)
    .option('--signs-in <minutes>', 'how long the new key is only known before it signs', minutes, 1)
    .addOption(
      new Option(
        '--at-once',
        'for a key that others may have: no token of a key before is good any more',
      ).conflicts('signsIn'),
    )
    .addOption(new Option('--registry', "the key for the registry's tokens").conflicts(['atOnce', 'signsIn']))
    .option('--ca-key <file>', 'with --registry: the key of the CA, where registry.caKeyFile is not there')
    .action((options: KeysOptions & RotateOptions) =>
      run(deps, options, async (_deps, settings) => {
        if (options.caKey !== undefined && !options.registry)
          return problem(options.caKey, '--ca-key is for --registry');
        return rotate(deps.io, settings, options);
      }),
    );
  keys
    .command('jwks')
    .description("the public keys of clients' tokens as a JSON Web Key Set, those to come included")
    .option('--config <file>', 'the settings', deps.defaultConfig)
    .option(
      '--registry',
      "the registry's instead: for auth.token.jwks of distribution 3, with registry.keyHeader: kid",
    )
    .action((options: KeysOptions & { readonly registry?: true }) =>
      run(deps, options, async (_deps, settings) => printJwks(deps.io, settings, options.registry === true)),
    );
}

/** @throws {InvalidArgumentError} */
function minutes(text: string): number {
  const value = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || value < 1 || value > LATEST_MINUTES)
    throw new InvalidArgumentError(`expected minutes, 1 to ${LATEST_MINUTES}`);
  return value;
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
  if (algorithm !== undefined && algorithm !== tokens.algorithm) {
    const message = `tokens.algorithm is ${tokens.algorithm}; set it to ${algorithm} first, so that the new keys fit`;
    return problem(settings.file, message);
  }
  const there = {
    token: await exists(tokens.keyFile),
    key: await exists(registry.keyFile),
    certificate: await exists(registry.certificateFile),
    authority: await exists(registry.caKeyFile),
  };
  if (!there.key && there.certificate && !there.authority) {
    const message = `the certificate is there, but not its key ${registry.keyFile}; bring the key, or take the certificate away`;
    return problem(registry.certificateFile, message);
  }
  const made: string[] = [];
  const make = async (what: string, file: string, work: () => Promise<unknown>): Promise<Stopped> => {
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
  if (stopped.length === 0) stopped = await initRegistry(settings, there, make);
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
  return showKeys(io, settings);
}

type Make = (what: string, file: string, work: () => Promise<unknown>) => Promise<Stopped>;

/**
 * The key for the registry with what the registry trusts. A new one is vouched for by a CA, so that it can change without
 * the registry; one of an earlier release that is there without its certificate gets a certificate of its own.
 */
async function initRegistry(
  { tokens, registry }: Settings,
  there: { readonly key: boolean; readonly certificate: boolean; readonly authority: boolean },
  make: Make,
): Promise<Stopped> {
  const { keyFile, certificateFile, caKeyFile } = registry;
  const now = Date.now();
  if (there.key && there.certificate) return [];
  if (there.key && !there.authority) {
    const loaded = loadSigningKey(keyFile);
    if (!loaded.ok) return loaded.problems;
    const work = () => makeCertificateFile({ file: certificateFile, key: loaded.key, now });
    return make('its certificate', certificateFile, work);
  }
  if (!there.authority) {
    const work = () => makeAuthorityKeyFile(caKeyFile, tokens.algorithm);
    const stopped = await make(`the ${tokens.algorithm} key of a CA for the registry`, caKeyFile, work);
    if (stopped.length > 0) return stopped;
  }
  const authority = loadSigningKey(caKeyFile);
  if (!authority.ok) return authority.problems;
  if (!there.certificate) {
    const work = () => makeAuthorityFile({ file: certificateFile, key: authority.key, now });
    const stopped = await make('the certificate of that CA', certificateFile, work);
    if (stopped.length > 0) return stopped;
  }
  if (there.key) return [];
  const { algorithm } = tokens;
  return make(`the ${algorithm} key for the registry, with a certificate of that CA,`, keyFile, () =>
    makeLeafFile({ file: keyFile, algorithm, authority: authority.key, now }),
  );
}
