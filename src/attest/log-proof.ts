/**
 * The place of a record in the signed log, as an attestation of it carries it: who has the attestation and the log's key
 * can check without asking anybody that the record is in the log. Its bytes are not in it, and neither are those of others.
 *
 * @see https://c2sp.org/tlog-proof
 */
import { WardenError } from '../errors.ts';
import { toBase64 } from '../tlog/base64.ts';
import { parseCheckpoint } from '../tlog/checkpoint.ts';
import { leafHash } from '../tlog/hashing.ts';
import { parseNote } from '../tlog/note.ts';
import { parseProofFile } from '../tlog/proof-file.ts';
import { verifyInclusion } from '../tlog/verify-proofs.ts';

/** The name of the field in a predicate: one that no other organisation uses, as the specification wants of extensions. */
export const LOG_PROOF = 'urn:registry-warden:log-proof:v1';

export interface LogProof {
  /** SHA-256(0x00 ‖ entry) in base64. */
  readonly leafHash: string;
  /** A proof file: index, path and signed checkpoint. */
  readonly proof: string;
}

/**
 * @param proof a proof file of our own log, whose signatures are not looked at here.
 * @throws {WardenError} NOT_ON_RECORD where it does not lead from this leaf to the root: such a record is not vouched for.
 */
export function logProofOf({ leaf, index }: { leaf: Uint8Array; index: number }, proof: string): LogProof {
  const hash = leafHash(leaf);
  const file = parseProofFile(proof);
  const note = file.ok ? parseNote(file.file.checkpoint) : file;
  const read = note.ok ? parseCheckpoint(note.note.text) : note;
  if (!file.ok || !read.ok) throw new Error(`the proof of record ${index} is none`);
  const { size, root } = read.checkpoint;
  const verified = verifyInclusion({ index, size, root, leaf: hash, proof: file.file.proof });
  if (!verified.ok || file.file.index !== index) {
    const sentence = `record ${index} of the log is not the one that was signed; see warden log verify`;
    throw new WardenError('NOT_ON_RECORD', { sentence });
  }
  return { leafHash: toBase64(hash), proof };
}
