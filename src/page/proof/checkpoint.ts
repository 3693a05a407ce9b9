/**
 * What the log has signed, read and checked by the reader's own browser.
 *
 * @see https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint, https://c2sp.org/tlog-cosignature and
 *   https://c2sp.org/tlog-proof
 */
import { fromBase64, join, same, sha256 } from './bytes.ts';
import { Unproved } from './unproved.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export interface Tree {
  readonly size: number;
  readonly root: Bytes;
}

export interface Checkpoint extends Tree {
  readonly origin: string;
  /** Names of the keys among those given that have signed it; the log's own is one of them. */
  readonly signedBy: readonly string[];
}

export interface Proof {
  readonly index: number;
  readonly path: readonly Bytes[];
  readonly note: string;
}

/** Text and signature lines. Throws a sentence for anything else. */
function splitNote(note: string): { readonly text: string; readonly lines: readonly string[] } {
  const at = note.lastIndexOf('\n\n');
  if (at < 0 || !note.endsWith('\n')) throw new Unproved('unproved.note');
  return { text: note.slice(0, at + 1), lines: note.slice(at + 2, -1).split('\n') };
}

/**
 * @param vkeys of the log and of witnesses, as text. One of the log must have signed.
 * @throws {Unproved} with the reason why it is not to be believed.
 */
export async function openCheckpoint(note: string, vkeys: readonly string[]): Promise<Checkpoint> {
  const { text, lines } = splitNote(note);
  const [origin = '', decimal = '', base64 = ''] = text.split('\n');
  const root = fromBase64(base64);
  if (!/^(?:0|[1-9]\d{0,15})$/.test(decimal) || root?.length !== 32) throw new Unproved('unproved.note');
  const signedBy: string[] = [];
  for (const vkey of vkeys) {
    const key = await readVkey(vkey);
    for (const line of lines) {
      const [, name, signature] = /^— (\S+) (\S+)$/.exec(line) ?? [];
      const bytes = fromBase64(signature ?? '');
      if (name !== key.name || bytes === undefined || !same(bytes.subarray(0, 4), key.id)) continue;
      if (!(await holds(key, text, bytes.slice(4))))
        throw new Unproved('unproved.signature', { name: key.name });
      signedBy.push(key.name);
    }
  }
  if (!signedBy.includes(origin)) throw new Unproved('unproved.unsigned', { name: origin });
  return { origin, size: Number(decimal), root, signedBy };
}

interface Key {
  readonly name: string;
  readonly type: number;
  readonly id: Bytes;
  readonly key: Awaited<ReturnType<typeof crypto.subtle.importKey>>;
}

async function readVkey(vkey: string): Promise<Key> {
  const [, name = '', , base64 = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey) ?? [];
  const bytes = fromBase64(base64);
  if (bytes?.length !== 33) throw new Unproved('unproved.key');
  const id = (await sha256(new TextEncoder().encode(`${name}\n`), bytes)).slice(0, 4);
  const key = await crypto.subtle.importKey('raw', bytes.slice(1), 'Ed25519', false, ['verify']);
  return { name, type: bytes[0] ?? 0, id, key };
}

/** Type 1 signs the text, type 4 (a witness) a time and the text. */
function holds({ type, key }: Key, text: string, signature: Bytes): Promise<boolean> {
  const encode = (value: string): Bytes => new TextEncoder().encode(value);
  if (type === 1) return crypto.subtle.verify('Ed25519', key, signature, encode(text));
  const time = new DataView(signature.buffer).getBigUint64(0);
  return crypto.subtle.verify(
    'Ed25519',
    key,
    signature.slice(8),
    join(encode(`cosignature/v1\ntime ${time}\n`), encode(text)),
  );
}

/** @throws {Unproved} with what is wrong with it. */
export function readProof(text: string): Proof {
  const at = text.indexOf('\n\n');
  const [head, ...lines] = text.slice(0, at).split('\n');
  if (at < 0 || head !== 'c2sp.org/tlog-proof@v1') throw new Unproved('unproved.unreadable');
  if (lines[0]?.startsWith('extra ')) lines.shift();
  const [, index] = /^index (\d{1,15})$/.exec(lines.shift() ?? '') ?? [];
  if (index === undefined) throw new Unproved('unproved.unreadable');
  return { index: Number(index), path: lines.map(hashOf), note: text.slice(at + 2) };
}

/** Lines of hashes, as the log answers for a step from one tree to another. */
export function readPath(text: string): readonly Bytes[] {
  return text.split('\n').slice(0, -1).map(hashOf);
}

function hashOf(line: string): Bytes {
  const bytes = fromBase64(line);
  if (bytes?.length !== 32) throw new Unproved('unproved.unreadable');
  return bytes;
}
