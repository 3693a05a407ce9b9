/**
 * One file that shows that an entry is in a log: its index, the path to the root, and the signed checkpoint.
 *
 * @see https://c2sp.org/tlog-proof
 */
import { fromBase64, toBase64 } from './base64.ts';
import { type OpenedCheckpoint, openCheckpoint } from './checkpoint.ts';
import { HASH_SIZE } from './hashing.ts';
import { parseSize } from './sizes.ts';
import { verifyInclusion } from './verify-proofs.ts';
import type { VerifierKey } from './vkey.ts';

export interface ProofFile {
  readonly index: number;
  /** From the leaf's sibling up to the root's child. */
  readonly proof: readonly Uint8Array[];
  /** The signed note. */
  readonly checkpoint: string;
  /** Whatever the application adds; nobody vouches for it. */
  readonly extra?: Uint8Array;
}

export type ParsedProofFile =
  | { readonly ok: true; readonly file: ProofFile }
  | { readonly ok: false; readonly reason: string };

const HEAD = 'c2sp.org/tlog-proof@v1';
/** A path in a tree of 2^63 entries. */
const PROOF_LIMIT = 63;

export function formatProofFile({ index, proof, checkpoint, extra }: ProofFile): string {
  const lines = [
    HEAD,
    ...(extra === undefined ? [] : [`extra ${toBase64(extra)}`]),
    `index ${index}`,
    ...proof.map(toBase64),
  ];
  return `${lines.join('\n')}\n\n${checkpoint}`;
}

export function parseProofFile(text: string): ParsedProofFile {
  const wrong = (reason: string): ParsedProofFile => ({ ok: false, reason: `not a proof file: ${reason}` });
  const split = text.indexOf('\n\n');
  if (split < 0) return wrong('expected a proof, an empty line, and a checkpoint');
  const [head, ...lines] = text.slice(0, split).split('\n');
  if (head !== HEAD) return wrong(`its first line is not ${HEAD}`);
  let extra: Uint8Array | undefined;
  if (lines[0]?.startsWith('extra ')) {
    extra = fromBase64((lines.shift() as string).slice('extra '.length));
    if (extra === undefined) return wrong('the line extra is not base64');
  }
  const [, decimal = ''] = /^index (\d+)$/.exec(lines.shift() ?? '') ?? [];
  const index = parseSize(decimal);
  if (index === undefined) return wrong('there is no line index with a number');
  const proof: Uint8Array[] = [];
  for (const line of lines) {
    const hash = fromBase64(line);
    if (hash?.length !== HASH_SIZE) return wrong('a line of the path is not the base64 of 32 bytes');
    proof.push(hash);
  }
  if (proof.length > PROOF_LIMIT) return wrong(`its path has more than ${PROOF_LIMIT} hashes`);
  const file = { index, proof, checkpoint: text.slice(split + 2) };
  return { ok: true, file: extra === undefined ? file : { ...file, extra } };
}

/** @param leaf the hash of the entry that is claimed to be there. */
export function verifyProofFile(
  { index, proof, checkpoint }: ProofFile,
  leaf: Uint8Array,
  logs: readonly VerifierKey[],
  witnesses: readonly VerifierKey[] = [],
): OpenedCheckpoint {
  const opened = openCheckpoint(checkpoint, logs, witnesses);
  if (!opened.ok) return opened;
  const { size, root } = opened.checkpoint;
  const verified = verifyInclusion({ index, size, leaf, proof, root });
  return verified.ok ? opened : verified;
}
