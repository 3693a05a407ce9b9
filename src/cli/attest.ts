/** `warden attest`: what Warden says of a push on record, signed; to a file, or put beside the image by a running Warden. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { type Attestation, createAttestor } from '../attest/attestor.ts';
import type { FoundAttestation } from '../attest/found.ts';
import { pushesOfRecord } from '../attest/pushes-of.ts';
import { publicKeyText } from '../attest/sign.ts';
import { STATEMENTS, type StatementKind } from '../attest/statement.ts';
import { printable, printableJson } from '../audit/printable.ts';
import { authorityOf, loadSettings, type Settings } from '../config/settings.ts';
import { describeProblem } from '../config/yaml.ts';
import { loadSigningKey, type SigningKey } from '../token/keys.ts';
import { proveFromFiles } from '../transparency/prove-from-files.ts';
import type { Io } from './io.ts';
import { TLOG_FOLDER } from './log-common.ts';
import { openLogOf } from './open-log.ts';
import { openAuditOf } from './open-record.ts';
import { addServerOptions, askApi, type ServerOptions, UsageError } from './server.ts';

export interface AttestDeps {
  readonly io: Io;
  readonly defaultConfig: string;
  readonly exit: (code: number) => void;
  /** All of standard input. */
  readonly readStdin: () => Promise<string>;
}

interface AttestOptions extends ServerOptions {
  readonly config: string;
  readonly type?: readonly StatementKind[];
  readonly index?: string;
  readonly format: 'bundle' | 'dsse';
  readonly to?: string;
  readonly attach?: true;
  readonly found?: true;
  readonly publicKey?: true;
}

interface Asked {
  readonly repository: string;
  readonly digest: string;
  readonly type: readonly StatementKind[];
  readonly index?: number;
}

/** Of the process: bad usage or settings, and what could not be attested. */
const BAD_USAGE = 2;
const FAILED = 3;
const DEFAULT_TYPES: readonly StatementKind[] = ['release', 'summary'];

export function addAttestCommand(program: Command, deps: AttestDeps): void {
  const command = program
    .command('attest')
    .description('sign what is on record of an image, for tools that check attestations')
    .argument('[image]', 'repository@sha256:…')
    .addOption(
      new Option('--type <types...>', `of ${STATEMENTS.join(', ')}; both of the first unless given`).choices(
        STATEMENTS,
      ),
    )
    .option(
      '--index <number>',
      'which record of it, where it was pushed several times; the last unless given',
    )
    .addOption(
      new Option('--format <form>', 'a Sigstore bundle, or the bare DSSE envelope')
        .choices(['bundle', 'dsse'])
        .default('bundle'),
    )
    .option('--to <file>', 'write them there, one JSON document on each line; standard output unless given')
    .option(
      '--attach',
      'have the server of --url put them beside the image; whoever may push there may do so',
    )
    .option('--found', 'ask the server of --url what lies beside the image already, whoever put it there')
    .option('--public-key', 'print the key that they are checked with, and nothing else')
    .option('--config <file>', 'the settings, which say where record and key are', deps.defaultConfig);
  addServerOptions(command).action(async (image: string | undefined, options: AttestOptions) => {
    try {
      await run(deps, image, options);
    } catch (error) {
      deps.io.err(`warden: ${printable((error as Error).message)}`);
      deps.exit(error instanceof UsageError ? BAD_USAGE : FAILED);
    }
  });
}

async function run(deps: AttestDeps, image: string | undefined, options: AttestOptions): Promise<void> {
  const { url } = options;
  if (options.publicKey) {
    const { key } = await own(options.config);
    return deps.io.out(publicKeyText(key.publicKey).trimEnd());
  }
  const asked = readAsked(image, options);
  if (options.found) return showFound(deps, asked, options);
  if (options.attach) {
    if (url === undefined)
      throw new UsageError('--attach needs --url: only a running Warden writes the record');
    if (options.to !== undefined) throw new UsageError('--attach and --to are two things: give one');
    const call = { method: 'POST', path: 'attestations', body: asked } as const;
    const { attached } = (await askApi(call, { ...options, url }, deps.readStdin)) as {
      attached: readonly { predicateType: string; digest: string; already: boolean }[];
    };
    for (const { predicateType, digest, already } of attached) {
      deps.io.out(printable(`${digest}  ${predicateType}${already ? '  (was there)' : ''}`));
    }
    return;
  }
  const made =
    url === undefined
      ? await fromFiles(deps.io, options.config, asked)
      : await fromServer(deps, options, url, asked);
  const lines = made.map(({ bundle, envelope }) =>
    printableJson(options.format === 'bundle' ? bundle : envelope),
  );
  if (options.to === undefined) for (const line of lines) deps.io.out(line);
  else await writeFile(options.to, `${lines.join('\n')}\n`);
}

async function showFound(
  deps: AttestDeps,
  { repository, digest }: Asked,
  options: AttestOptions,
): Promise<void> {
  const { url } = options;
  if (url === undefined)
    throw new UsageError('--found needs --url: the registry is asked by a running Warden');
  const call = { method: 'GET', path: 'attestations/attached', query: { repository, digest } } as const;
  const { items } = (await askApi(call, { ...options, url }, deps.readStdin)) as {
    readonly items: readonly FoundAttestation[];
  };
  const rows = items.map(({ digest: at, place, tag, form, predicateType, artifactType, signature, signer }) =>
    [tag ?? at, place, form, predicateType ?? artifactType ?? '', SIGNATURES[signature], signer ?? ''].map(
      printable,
    ),
  );
  const header = ['WHERE', 'FOUND AS', 'FORM', 'TYPE', 'SIGNATURE', 'SIGNER'];
  for (const row of [header, ...rows]) deps.io.out(row.join('  '));
}

const SIGNATURES: Readonly<Record<FoundAttestation['signature'], string>> = {
  none: 'unsigned',
  'not-checked': 'not checked',
  verified: 'verified',
};

function readAsked(image: string | undefined, { type, index }: AttestOptions): Asked {
  const [, repository, digest] =
    /^(?:[^/@]+[.:][^/@]*\/)?([^@]+)@(sha256:[0-9a-f]{64})$/.exec(image ?? '') ?? [];
  if (repository === undefined || digest === undefined) {
    throw new UsageError('expected an image as repository@sha256: with 64 hex digits');
  }
  if (index !== undefined && !/^\d{1,15}$/.test(index)) throw new UsageError('--index is not a number');
  return {
    repository,
    digest,
    type: type ?? DEFAULT_TYPES,
    ...(index !== undefined && { index: Number(index) }),
  };
}

async function fromFiles(io: Io, config: string, { type, ...asked }: Asked): Promise<readonly Attestation[]> {
  const { settings, key, levelPrefix } = await own(config);
  const opened = await openAuditOf(settings);
  const log = await openLogOf(settings);
  try {
    const attestor = createAttestor({
      key,
      context: {
        registry: authorityOf(settings.publicUrl),
        publicUrl: settings.publicUrl,
        levelPrefix,
      },
      pushesOf: pushesOfRecord(opened.audit, log),
      async proofOf(at) {
        if (settings.transparency === undefined) return undefined;
        const proof = proveFromFiles(join(settings.data, TLOG_FOLDER), at);
        if (proof === undefined) io.err(`warden: ${unproved(at)}`);
        return proof;
      },
    });
    return await attestor.attest(await attestor.find(asked), type);
  } finally {
    await log.close();
    await opened.close();
  }
}

function unproved(index: number): string {
  return `record ${index} is not in the signed tree yet, so the attestation says nothing of its place there`;
}

async function fromServer(
  deps: AttestDeps,
  options: AttestOptions,
  url: string,
  { repository, digest, type, index }: Asked,
): Promise<readonly Attestation[]> {
  const query = { repository, digest, type, ...(index !== undefined && { index: String(index) }) };
  const call = { method: 'GET', path: 'attestations', query } as const;
  const answer = (await askApi(call, { ...options, url }, deps.readStdin)) as {
    attestations: readonly Attestation[];
  };
  return answer.attestations;
}

/** @throws {UsageError} */
async function own(
  config: string,
): Promise<{ readonly settings: Settings; readonly key: SigningKey; readonly levelPrefix: string }> {
  const loaded = await loadSettings(config);
  if (!loaded.ok) throw new UsageError(loaded.problems.map(describeProblem).join('\n'));
  const { settings } = loaded;
  if (settings.attestations === undefined) {
    throw new UsageError(`${config} has no attestations.keyFile, so there is nothing to sign them with`);
  }
  const { keyFile, levelPrefix } = settings.attestations;
  const key = loadSigningKey(keyFile, 'ES256');
  if (!key.ok) throw new UsageError(key.problems.map(describeProblem).join('\n'));
  return { settings, key: key.key, levelPrefix };
}
