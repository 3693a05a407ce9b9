/** Whether the records of an exported file are those of the signed log: off line, in one pass. */
import { fromBase64 } from '../tlog/base64.ts';
import { type Checkpoint, openCheckpoint } from '../tlog/checkpoint.ts';
import { leafHash } from '../tlog/hashing.ts';
import { verifyInclusion } from '../tlog/verify-proofs.ts';
import type { VerifierKey } from '../tlog/vkey.ts';

export interface ExportVerification {
  readonly checkpoint: Checkpoint;
  /** Records that were proved. */
  readonly proved: number;
  /** Lines that are no whole records, or came after the checkpoint: nothing vouches for them. */
  readonly unproved: number;
}

/**
 * @param lines of the file, without their ends.
 * @param logs keys that are believed; those that the file names are not.
 * @throws {Error} with one sentence that names the line which does not hold.
 */
export async function verifyExport(
  lines: AsyncIterable<string>,
  logs: readonly VerifierKey[],
): Promise<ExportVerification> {
  let checkpoint: Checkpoint | undefined;
  let [number, proved, unproved] = [0, 0, 0];
  let items: number | undefined;
  for await (const line of lines) {
    number++;
    if (line === '') continue;
    const value = parsed(line, number);
    if (checkpoint === undefined) {
      checkpoint = headOf(value, logs);
      continue;
    }
    if (items !== undefined) throw new Error(`line ${number}: stands behind the last line of the export`);
    if ('end' in value) {
      items = itemsOf(value, number);
      continue;
    }
    if ('cut' in value)
      throw new Error(`line ${number}: the export was cut here by the server, and is not whole`);
    if ('item' in value) {
      unproved++;
      continue;
    }
    verifyLine(value, checkpoint, number);
    proved++;
  }
  if (checkpoint === undefined) throw new Error('the file is empty');
  if (items === undefined) throw new Error('the last line of the export is missing: the file was cut');
  if (items !== proved + unproved)
    throw new Error(`the export had ${items} lines of records, ${proved + unproved} are here`);
  return { checkpoint, proved, unproved };
}

type Values = Readonly<Record<string, unknown>>;

function headOf({ checkpoint }: Values, logs: readonly VerifierKey[]): Checkpoint {
  if (typeof checkpoint !== 'string') {
    throw new Error(
      'line 1: there is no checkpoint; such an export is made with format=ndjson where the tree of the record is signed',
    );
  }
  const opened = openCheckpoint(checkpoint, logs);
  if (!opened.ok) throw new Error(`line 1: ${opened.reason}`);
  return opened.checkpoint;
}

function itemsOf({ end }: Values, number: number): number {
  const { items } = (typeof end === 'object' && end !== null ? end : {}) as { readonly items?: unknown };
  if (typeof items !== 'number') throw new Error(`line ${number}: expected {"end":{"items":…}}`);
  return items;
}

function verifyLine({ index, leaf, path }: Values, { size, root }: Checkpoint, number: number): void {
  const wrong = (why: string) => new Error(`line ${number}: ${why}`);
  if (typeof index !== 'number' || typeof leaf !== 'string' || !Array.isArray(path))
    throw wrong('expected index, leaf and path');
  const proof = path.map((one) => (typeof one === 'string' ? fromBase64(one) : undefined));
  if (!proof.every((hash) => hash !== undefined)) throw wrong('its path is not one of base64 hashes');
  const verified = verifyInclusion({ index, size, root, leaf: leafHash(Buffer.from(leaf, 'utf8')), proof });
  if (!verified.ok) throw wrong(`record ${index} is not in the signed log: ${verified.reason}`);
}

function parsed(line: string, number: number): Values {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Error(`line ${number}: it is no JSON; the file was cut or changed`);
  }
  if (typeof value !== 'object' || value === null) throw new Error(`line ${number}: expected an object`);
  return value as Values;
}
