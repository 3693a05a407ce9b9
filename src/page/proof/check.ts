/**
 * The whole check of one record: its bytes are in the tree that the log has signed, the key is the one that this browser
 * knows, and the tree goes on from the one that it saw last.
 *
 * The code comes from the server that it checks, so it finds a log that was changed, not a server that lies about both.
 * The verifier of the command line does, on another machine.
 */
import { keep, read } from '../kept.ts';
import { fromBase64, toBase64 } from './bytes.ts';
import { type Checkpoint, openCheckpoint, readPath, readProof } from './checkpoint.ts';
import { isContinued, isIncluded, leafHash } from './tree.ts';
import { Unproved } from './unproved.ts';

/** What this browser has seen of a log. */
interface Seen {
  readonly keys: readonly string[];
  readonly size: number;
  readonly root: string;
}

export interface Ask {
  /** The verifier keys that the server names: the log's, then those of witnesses. */
  readonly keys: () => Promise<readonly string[]>;
  readonly proof: (index: number) => Promise<string>;
  readonly consistency: (from: number, to: number) => Promise<string>;
}

export interface Checked {
  readonly checkpoint: Checkpoint;
  /** The tree that this browser saw before, which this one goes on from; undefined at the first look. */
  readonly before: number | undefined;
}

/** @param leaf the record's bytes as the log has them. @throws {Unproved} with the step that failed. */
export async function checkRecord(index: number, leaf: Uint8Array, ask: Ask): Promise<Checked> {
  const proof = readProof(await ask.proof(index));
  if (proof.index !== index) throw new Unproved('unproved.otherEntry', { index: proof.index });
  const named = await ask.keys();
  const origin = proof.note.slice(0, proof.note.indexOf('\n'));
  const seen = read<Seen | undefined>(`log.${origin}`, undefined);
  // A key that was seen first is believed from then on; another one must be looked into by a person.
  const own = named.filter((key) => key.startsWith(`${origin}+`));
  if (seen && !own.some((key) => seen.keys.includes(key))) throw new Unproved('unproved.otherKey');
  const checkpoint = await openCheckpoint(proof.note, named);
  const { size, root } = checkpoint;
  const included = await isIncluded({ index, size, root, path: proof.path, leaf: await leafHash(leaf) });
  if (!included) throw new Unproved('unproved.notIncluded');
  const before = seen && seen.size > 0 ? await goesOn(seen, checkpoint, ask) : undefined;
  if (seen === undefined || size >= seen.size)
    keep(`log.${origin}`, { keys: own, size, root: toBase64(root) } satisfies Seen);
  return { checkpoint, before };
}

async function goesOn(seen: Seen, { size, root }: Checkpoint, ask: Ask): Promise<number> {
  const oldRoot = fromBase64(seen.root);
  if (oldRoot === undefined) throw new Unproved('unproved.kept');
  const [from, to] = seen.size <= size ? [seen.size, size] : [size, seen.size];
  const path = from === to ? [] : readPath(await ask.consistency(from, to));
  const roots = seen.size <= size ? { oldRoot, newRoot: root } : { oldRoot: root, newRoot: oldRoot };
  if (!(await isContinued({ from, to, path, ...roots })))
    throw new Unproved('unproved.notContinued', { size: seen.size });
  return seen.size;
}
