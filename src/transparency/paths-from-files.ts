/** The published tree as whole answers need it, without a running Warden. */
import { join } from 'node:path';
import { parseCheckpoint } from '../tlog/checkpoint.ts';
import { hashesOf, inclusionNodes } from '../tlog/nodes.ts';
import { parseNote } from '../tlog/note.ts';
import { CHECKPOINT_FILE, nodesFromFiles, readIfThere } from './tile-files.ts';

export interface PublishedTree {
  /** The signed note. */
  readonly checkpoint: string;
  /** Entries that it covers. */
  readonly size: number;
  /** From an entry up to the root. @throws {Error} with one sentence where the tiles are damaged. */
  path(index: number): readonly Uint8Array[];
}

/** @returns undefined where nothing was signed yet. */
export function publishedTree(folder: string): PublishedTree | undefined {
  const checkpoint = readIfThere(join(folder, CHECKPOINT_FILE))?.toString('utf8');
  const parsed = checkpoint === undefined ? undefined : parseNote(checkpoint);
  const read = parsed?.ok ? parseCheckpoint(parsed.note.text) : undefined;
  if (checkpoint === undefined || !read?.ok) return undefined;
  const { size } = read.checkpoint;
  const node = nodesFromFiles(folder, size);
  return { checkpoint, size, path: (index) => hashesOf(inclusionNodes(index, size), node) };
}
