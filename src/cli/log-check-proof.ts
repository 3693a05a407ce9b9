/** `warden log check-proof`: whether a record is in the log, by a proof file, or by an attestation that carries one. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import {
  differsFrom,
  isSignedBy,
  type ReadAttestation,
  readAttestations,
} from '../attest/read-attestation.ts';
import { printable } from '../audit/printable.ts';
import { leafHash } from '../tlog/hashing.ts';
import type { TrustPolicy } from '../tlog/policy-file.ts';
import { type ProofFile, parseProofFile, verifyProofFile } from '../tlog/proof-file.ts';
import { type LogDeps, readText, run, WRONG } from './log-common.ts';
import { collect, type TrustOptions, trustOf } from './log-trust.ts';
import { UsageError } from './server.ts';

interface CheckOptions extends TrustOptions {
  readonly entry?: string;
  readonly attestationKey?: string;
}

export function addCheckProofCommand(log: Command, deps: LogDeps): void {
  log
    .command('check-proof')
    .description('whether a proof file, or an attestation that carries one, proves a record')
    .argument('<file>', 'the proof, or what `warden attest` wrote')
    .option('--entry <file>', 'the record: its bytes as the log has them; an attestation is good without')
    .option(
      '--attestation-key <file>',
      'the key that must have signed the attestation, as `warden attest --public-key` prints it',
    )
    .option(
      '--key <vkey>',
      "the log's key, as `warden keys show` prints it; otherwise that of the settings",
      collect,
    )
    .option('--policy <file>', 'whose signatures are wanted: logs, witnesses, quorum', undefined)
    .option('--config <file>', 'the settings, which say where the log is', deps.defaultConfig)
    .action((file: string, options: CheckOptions) => run(deps, () => checkProof(deps, file, options)));
}

async function checkProof(deps: LogDeps, file: string, options: CheckOptions): Promise<number> {
  const text = await readText(file);
  const entry = options.entry === undefined ? undefined : await readEntry(options.entry);
  const trust = await trustOf(options);
  if (text.startsWith('{')) return checkAttestations(deps, { file, text, entry, trust }, options);
  if (options.attestationKey !== undefined)
    throw new UsageError(`--attestation-key: ${file} is a proof file, and no attestation`);
  if (entry === undefined) throw new UsageError('--entry: a proof file is of a record whose bytes are given');
  const read = parseProofFile(text);
  if (!read.ok) throw new UsageError(`${file}: ${read.reason}`);
  return tell(deps, verified(read.file, leafHash(entry), trust), '');
}

interface Given {
  readonly file: string;
  readonly text: string;
  readonly entry: Uint8Array | undefined;
  readonly trust: TrustPolicy;
}

/** All that are in the file; those that carry no proof, as a summary, by their signature alone. */
async function checkAttestations(
  deps: LogDeps,
  { file, text, entry, trust }: Given,
  { attestationKey }: CheckOptions,
): Promise<number> {
  const key = attestationKey === undefined ? undefined : await readKey(attestationKey);
  const attestations = readAttestations(text).map((read, at) => {
    if (!read.ok) throw new UsageError(`${file}: document ${at + 1}: ${read.reason}`);
    return read.attestation;
  });
  if (!attestations.some(({ proof }) => proof !== undefined))
    throw new UsageError(`${file}: no attestation in it says where its record is in the log`);
  for (const one of attestations) {
    if (key !== undefined && !isSignedBy(one, key)) {
      deps.io.err(
        printable(`${one.predicateType}: the attestation is not signed by the key of ${attestationKey}`),
      );
      return WRONG;
    }
  }
  for (const one of attestations) {
    const { proof, image, predicateType } = one;
    if (proof === undefined) {
      // Anybody can take a proof out of what is not signed: it is not to pass among those that have one.
      const seen = key === undefined ? 'nothing of it was looked at' : 'its signature alone was looked at';
      deps.io.err(printable(`${predicateType} of ${image} carries no proof: ${seen}`));
      continue;
    }
    const differs = differenceOf(one, entry);
    const found = differs ?? verified(proof.file, proof.leafHash, trust);
    const status = tell(deps, found, ` of ${image}${unchecked(one, key, entry)}`);
    if (status !== 0) return status;
  }
  return 0;
}

function differenceOf(one: ReadAttestation, entry: Uint8Array | undefined): string | undefined {
  for (const bytes of [one.leaf, entry]) {
    const differs = bytes && differsFrom(one, bytes);
    if (differs !== undefined) return differs;
  }
  return undefined;
}

/** What nobody vouches for yet. */
function unchecked({ leaf }: ReadAttestation, key: KeyObject | undefined, entry?: Uint8Array): string {
  const parts = [
    ...(key === undefined ? ['who signed the attestation (--attestation-key)'] : []),
    ...(leaf === undefined && entry === undefined ? ['what the record says (--entry)'] : []),
  ];
  return parts.length === 0 ? '' : `; not looked at: ${parts.join(', ')}`;
}

/** @returns a sentence, or why not. */
function verified(
  file: ProofFile,
  leaf: Uint8Array,
  { logs, witnesses, quorum }: TrustPolicy,
): { readonly good: string } | string {
  const opened = verifyProofFile(file, leaf, logs, witnesses);
  if (!opened.ok) return opened.reason;
  const cosigners = opened.cosigned.map(({ key }) => key);
  if (!quorum(cosigners))
    return 'too few of the witnesses that the policy names have cosigned the checkpoint';
  const { origin, size } = opened.checkpoint;
  const by = cosigners.length === 0 ? '' : `, cosigned by ${cosigners.map(({ name }) => name).join(', ')}`;
  return { good: `record ${file.index} of ${origin}, in its tree of ${size}${by}` };
}

function tell({ io }: LogDeps, found: { readonly good: string } | string, more: string): number {
  if (typeof found === 'string') {
    io.err(printable(found));
    return WRONG;
  }
  io.out(printable(`good: ${found.good}${more}`));
  return 0;
}

async function readEntry(file: string): Promise<Uint8Array> {
  return readFile(file).catch((error: unknown) => {
    throw new UsageError(`${file} cannot be read: ${(error as { code?: string }).code}`);
  });
}

async function readKey(file: string): Promise<KeyObject> {
  const text = await readText(file);
  try {
    return createPublicKey(text);
  } catch {
    throw new UsageError(`${file} is no public key in PEM`);
  }
}
