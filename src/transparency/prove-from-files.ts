/** Proofs without a running Warden, from the files that it published. */
import { join } from 'node:path';
import { parseCheckpoint } from '../tlog/checkpoint.ts';
import { hashesOf, inclusionNodes } from '../tlog/nodes.ts';
import { parseNote } from '../tlog/note.ts';
import { formatProofFile } from '../tlog/proof-file.ts';
import { verifyInclusion } from '../tlog/verify-proofs.ts';
import { CHECKPOINT_FILE, COSIGNED_FILE, nodesFromFiles, readIfThere } from './tile-files.ts';

/** @throws {Error} with one sentence where nothing was signed. */
export function readPublished(folder: string, cosigned: boolean): string {
  const note = readIfThere(join(folder, cosigned ? COSIGNED_FILE : CHECKPOINT_FILE));
  if (note === undefined) throw new Error(`${folder} holds no ${cosigned ? 'cosigned ' : ''}checkpoint yet`);
  return note.toString('utf8');
}

/**
 * A proof file for an entry, with the newest cosigned checkpoint that has it, or else the newest.
 *
 * @returns undefined where the entry is in no tree that was signed.
 * @throws {Error} with one sentence where the tiles are damaged.
 */
export function proveFromFiles(folder: string, index: number): string | undefined {
  for (const file of [COSIGNED_FILE, CHECKPOINT_FILE]) {
    const note = readIfThere(join(folder, file))?.toString('utf8');
    const parsed = note === undefined ? undefined : parseNote(note);
    const read = parsed?.ok ? parseCheckpoint(parsed.note.text) : undefined;
    if (note === undefined || !read?.ok || index >= read.checkpoint.size) continue;
    const { size, root } = read.checkpoint;
    const node = nodesFromFiles(folder, size);
    const proof = hashesOf(inclusionNodes(index, size), node);
    const verified = verifyInclusion({ index, size, leaf: node({ level: 0, index }), proof, root });
    if (!verified.ok)
      throw new Error(
        `the tiles in ${folder} are damaged; Warden makes them again when it is asked for a proof`,
      );
    return formatProofFile({ index, proof, checkpoint: note });
  }
  return undefined;
}
