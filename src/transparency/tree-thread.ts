/** The thread of the tree: hashes, writes tiles and signs, so that neither stands in the way of a push. */
import type { KeyObject } from 'node:crypto';
import { lstatSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { putFile } from '../store/durable-file.ts';
import { type Operations, oneByOne } from '../store/thread.ts';
import { fromBase64, toBase64 } from '../tlog/base64.ts';
import { encodeBundle } from '../tlog/bundle.ts';
import { formatCheckpoint, openCheckpoint } from '../tlog/checkpoint.ts';
import { EMPTY_ROOT, leafHash, sameHash } from '../tlog/hashing.ts';
import { consistencyNodes, hashesOf, inclusionNodes } from '../tlog/nodes.ts';
import { formatNote, signText } from '../tlog/note.ts';
import { hashInTile, rootOfTile, TILE_HEIGHT, TILE_WIDTH, type TilePlace, tilePath } from '../tlog/tile.ts';
import { verifyConsistency, verifyInclusion } from '../tlog/verify-proofs.ts';
import { formatVkey, verifierKey } from '../tlog/vkey.ts';
import { readSigningLock, type SigningLock, writeSigningLock } from './signing-lock.ts';
import { beginOrigin, type KeptLock, mayBeSigned, putAside, type Standing, standingOf } from './standing.ts';
import {
  BUNDLE_ENDING,
  CHECKPOINT_FILE,
  COSIGNED_FILE,
  readIfThere,
  readTile,
  TileDamaged,
} from './tile-files.ts';
import { type GrowingTree, openTree } from './tree.ts';

export interface TreeOptions {
  /** Of the tiles. */
  readonly folder: string;
  /** Outside of everything that is backed up. */
  readonly lockFile: string;
  readonly origin: string;
  /** Ed25519, the first before all; a second one while a key is being changed. */
  readonly privateKeys: readonly KeyObject[];
  readonly publicKeys: readonly KeyObject[];
}

/** The answer to `sign`. */
export type SignedTree =
  | { readonly ok: true; readonly size: number; readonly note: string; readonly next: SigningLock }
  | { readonly ok: false; readonly why: string };

/** The newest note of another instance, and the newest that enough witnesses cosigned. */
export interface OtherNotes {
  readonly note: string;
  readonly cosigned: string | undefined;
}

/** Of a record that opens an origin: such a leaf holds it, and few others do. */
const OPENED = '"log.opened"';

export function open({ folder, lockFile, origin, privateKeys, publicKeys }: TreeOptions): Operations {
  const keys = publicKeys.map((key) => verifierKey(origin, 0x01, key));
  let tree: GrowingTree = openTree(folder);
  let lock: SigningLock | undefined;
  let openedBefore = false;

  function opens(leaf: Uint8Array): boolean {
    const buffer = Buffer.from(leaf.buffer, leaf.byteOffset, leaf.byteLength);
    if (!buffer.includes(OPENED)) return false;
    const record = JSON.parse(buffer.toString('utf8')) as { type?: string; log?: { origin?: string } };
    return record.type === 'log.opened' && record.log?.origin === origin;
  }

  function whyNot(note: string): string | undefined {
    const opened = openCheckpoint(note, keys);
    if (!opened.ok) return opened.reason;
    const { size, root } = opened.checkpoint;
    const same = size <= tree.size() && sameHash(tree.rootAt(size), root);
    return same ? undefined : `the checkpoint of ${size} entries is of another log`;
  }

  /** A proof that does not hold would be the fault of a damaged tile. */
  function require(verified: { readonly ok: boolean }): void {
    if (!verified.ok) throw new TileDamaged(`the tiles in ${folder} do not fit their tree`);
  }

  return {
    together: oneByOne({
      readLock: () => readSigningLock(lockFile),
      writeLock: (next: SigningLock) => writeSigningLock(lockFile, next),
      /** What is to be signed next is compared with what was signed before, as after a start. */
      standing(kept: KeptLock): Standing {
        lock = undefined;
        return standingOf(kept, folder, origin);
      },
      /** What was signed for the origin before stays as it is, in another place. */
      putAside() {
        putAside(folder, origin);
        tree = openTree(folder);
      },
      /** The lock of an origin that begins. */
      begun: (before: SigningLock | undefined) => beginOrigin(before, origin, keys.map(formatVkey)),
      size: () => tree.size(),
      /** From the beginning, as for another log. Nothing is deleted: every file is written anew. */
      restart({ size }: { readonly size: number }) {
        tree.goBackTo(size);
        lock = undefined;
        openedBefore = false;
      },
      /** Whether the tree has these entries there. */
      agrees: ({ from, leaves }: { readonly from: number; readonly leaves: readonly Uint8Array[] }) =>
        leaves.every((leaf, at) => sameHash(leafHash(leaf), tree.node({ level: 0, index: from + at }))),
      append({ from, leaves }: { readonly from: number; readonly leaves: readonly Uint8Array[] }) {
        if (from !== tree.size()) throw new RangeError(`the tree goes on at ${tree.size()}, not at ${from}`);
        tree.append(leaves.map(leafHash));
        openedBefore ||= leaves.some(opens);
        return { size: tree.size(), openedBefore };
      },
      flush: () => tree.flush(),
      /** Whether what was signed is a beginning of this tree. */
      goesOnFrom: ({ size, root }: { readonly size: number; readonly root: string }) =>
        size <= tree.size() && sameHash(tree.rootAt(size), fromBase64(root) ?? EMPTY_ROOT),
      /** Makes the next checkpoint, which nobody may see before what it signs is kept. */
      sign(kept: KeptLock): SignedTree {
        const allowed = mayBeSigned(kept, tree, origin, lock);
        if (!allowed.ok) return allowed;
        tree.flush();
        const [size, root] = [tree.size(), tree.root()];
        const text = formatCheckpoint({ origin, size, root });
        const signatures = keys.map((key, at) => signText(key, privateKeys[at] as KeyObject, text));
        const note = formatNote({ text, signatures });
        const next: SigningLock = {
          ...allowed.lock,
          current: { origin, size, root: toBase64(root), keys: keys.map(formatVkey) },
          checkpoint: note,
        };
        return { ok: true, size, note, next };
      },
      /** Lets a note out that is kept as the last. The same again is a sign of life: its cosignatures stay. */
      show({
        next,
        note,
        again,
      }: {
        readonly next: SigningLock;
        readonly note: string;
        readonly again: boolean;
      }) {
        lock = next;
        const file = join(folder, CHECKPOINT_FILE);
        const before = readIfThere(file)?.toString('utf8');
        if (again && before?.startsWith(note)) utimesSync(file, new Date(), new Date());
        else putFile(file, note);
      },
      /**
       * The same for what another instance has signed: handed on by a database, of which nothing is believed that no key
       * of this log has signed, or that is of another tree. The last cosigned one may still be of the origin before.
       *
       * @returns why the note is not shown.
       */
      showOther({ note, cosigned }: OtherNotes): string | undefined {
        const why = whyNot(note);
        if (why !== undefined) return why;
        tree.flush();
        putFile(join(folder, CHECKPOINT_FILE), note);
        if (cosigned !== undefined && whyNot(cosigned) === undefined)
          putFile(join(folder, COSIGNED_FILE), cosigned);
        return undefined;
      },
      /** The newest note takes its cosignatures also where they are too few; an older one does not come back. */
      publish({ note, whole }: { readonly note: string; readonly whole: boolean }) {
        if (whole) putFile(join(folder, COSIGNED_FILE), note);
        const signed = lock?.checkpoint;
        if (signed !== undefined && note.startsWith(signed)) putFile(join(folder, CHECKPOINT_FILE), note);
      },
      isSealed: ({ index }: { readonly index: number }) =>
        // Also a link to where it was archived, whether that can be reached now or not.
        lstatSync(bundleFile(folder, index), { throwIfNoEntry: false }) !== undefined,
      /** Writes a full bundle, if its entries are those of the tree. */
      seal({ index, entries }: { readonly index: number; readonly entries: readonly Uint8Array[] }) {
        const tile = readTile(folder, { level: 0, index, width: TILE_WIDTH });
        // The level above is in the tree that was signed: it tells a damaged tile from a log that was altered.
        if (tile === undefined || !sameHash(rootOfTile(tile), tree.node({ level: TILE_HEIGHT, index })))
          throw new TileDamaged(`the tile of bundle ${index} is missing or damaged`);
        const odd = entries.findIndex((entry, at) => !sameHash(leafHash(entry), hashInTile(tile, at)));
        if (odd >= 0 || entries.length !== TILE_WIDTH) {
          const at = index * TILE_WIDTH + (odd >= 0 ? odd : entries.length);
          throw new Error(`entry ${at} of the log is not the one that was signed: see warden log verify`);
        }
        putFile(bundleFile(folder, index), gzipSync(encodeBundle(entries)));
      },
      inclusion({ index, size }: { readonly index: number; readonly size: number }) {
        const proof = hashesOf(inclusionNodes(index, size), tree.node);
        const leaf = tree.node({ level: 0, index });
        require(verifyInclusion({ index, size, leaf, proof, root: tree.rootAt(size) }));
        return proof;
      },
      consistency({ from, to }: { readonly from: number; readonly to: number }) {
        const proof = hashesOf(consistencyNodes(from, to), tree.node);
        const [oldRoot, newRoot] = [tree.rootAt(from), tree.rootAt(to)];
        if (from > 0) require(verifyConsistency({ from, to, proof, oldRoot, newRoot }));
        return proof;
      },
    }),
    // Nothing is open between two calls.
    close() {},
  };
}

function bundleFile(folder: string, index: number): string {
  const place: TilePlace = { level: 'entries', index, width: TILE_WIDTH };
  return join(folder, `${tilePath(place)}${BUNDLE_ENDING}`);
}
