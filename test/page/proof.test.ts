import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { fromBase64, toBase64 } from '../../src/page/proof/bytes.ts';
import { type Ask, checkRecord } from '../../src/page/proof/check.ts';
import { openCheckpoint } from '../../src/page/proof/checkpoint.ts';
import { isContinued, isIncluded, leafHash } from '../../src/page/proof/tree.ts';
import { formatCheckpoint } from '../../src/tlog/checkpoint.ts';
import { cosignText, formatNote, signText } from '../../src/tlog/note.ts';
import { formatProofFile } from '../../src/tlog/proof-file.ts';
import { formatVkey, verifierKey } from '../../src/tlog/vkey.ts';
import { anEntry, leavesOfSize, plainConsistency, plainInclusion, plainRoot } from '../tlog/a-tree.ts';

const LARGEST = 40;
const ORIGIN = 'registry.corp/log';

const bytes = (of: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(of);
const all = (of: readonly Uint8Array[]) => of.map(bytes);

/** A browser keeps texts by name; this is all that the page uses of it. */
function aStorage() {
  const kept = new Map<string, string>();
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, text: string) => void kept.set(name, text),
  };
}

function aKey(name: string, type: 0x01 | 0x04) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = verifierKey(name, type, publicKey);
  return { key, privateKey, vkey: formatVkey(key) };
}

describe('proofs that a browser checks', () => {
  test('hold for every entry of every tree, and for no other', async () => {
    for (let size = 1; size <= LARGEST; size++) {
      const leaves = leavesOfSize(size);
      const root = bytes(plainRoot(leaves));
      for (let index = 0; index < size; index++) {
        const leaf = await leafHash(anEntry(index));
        const path = all(plainInclusion(index, leaves));
        expect(await isIncluded({ index, size, leaf, path, root })).toBe(true);
        const wrong = [
          { index: index + 1, size, leaf, path, root },
          { index, size: size + 1, leaf, path: [...path, root], root },
          { index, size, leaf: await leafHash(anEntry(index + 1)), path, root },
          { index, size, leaf, path: [...path, leaf], root },
          { index, size, leaf, path: path.slice(1), root: path.length === 0 ? bytes(leafOfNothing()) : root },
        ];
        for (const claim of wrong) expect(await isIncluded(claim)).toBe(false);
      }
    }
  });

  test('hold from every tree to every later one, and for no changed one', async () => {
    const leaves = leavesOfSize(LARGEST);
    for (let from = 1; from <= LARGEST; from++) {
      for (let to = from; to <= LARGEST; to++) {
        const [oldRoot, newRoot] = [
          bytes(plainRoot(leaves.slice(0, from))),
          bytes(plainRoot(leaves.slice(0, to))),
        ];
        const path = all(plainConsistency(from, leaves.slice(0, to)));
        expect(await isContinued({ from, to, path, oldRoot, newRoot })).toBe(true);
        const other = bytes(leafOfNothing());
        expect(await isContinued({ from, to, path, oldRoot: other, newRoot })).toBe(false);
        expect(await isContinued({ from, to, path, oldRoot, newRoot: other })).toBe(false);
      }
    }
  });

  test('base64 is read in its one form', () => {
    for (const length of [0, 1, 2, 3, 32])
      expect(toBase64(fromBase64(toBase64(new Uint8Array(length))) ?? new Uint8Array(1))).toBe(
        toBase64(new Uint8Array(length)),
      );
    for (const odd of ['A', 'AB==', 'AA=', 'AA==\n', 'A-==']) expect(fromBase64(odd)).toBeUndefined();
  });
});

describe('a checkpoint that a browser checks', () => {
  const log = aKey(ORIGIN, 0x01);
  const witness = aKey('witness.corp/one', 0x04);
  const text = formatCheckpoint({ origin: ORIGIN, size: 3, root: plainRoot(leavesOfSize(3)) });
  const own = signText(log.key, log.privateKey, text);
  const cosigned = cosignText(witness.key, witness.privateKey, text, 1_763_884_800);

  test('names who has signed it', async () => {
    const note = formatNote({ text, signatures: [own, cosigned] });
    expect(await openCheckpoint(note, [log.vkey, witness.vkey])).toMatchObject({
      origin: ORIGIN,
      size: 3,
      signedBy: [ORIGIN, 'witness.corp/one'],
    });
  });

  test.each([
    ['another text', formatNote({ text, signatures: [own] }).replace('\n3\n', '\n4\n'), 'is wrong'],
    ['a witness alone', formatNote({ text, signatures: [cosigned] }), 'has not signed'],
    ['no signature', text, 'not a signed note'],
  ])('of %s is not believed', async (_what, note, reason) => {
    await expect(openCheckpoint(note, [log.vkey, witness.vkey])).rejects.toThrow(reason);
  });
});

describe('a record that a browser checks', () => {
  const log = aKey(ORIGIN, 0x01);
  const leaves = leavesOfSize(30);
  const at = (size: number, of: readonly Uint8Array[] = leaves, by = log): Ask => {
    const text = formatCheckpoint({ origin: ORIGIN, size, root: plainRoot(of.slice(0, size)) });
    const checkpoint = formatNote({ text, signatures: [signText(by.key, by.privateKey, text)] });
    return {
      keys: async () => [by.vkey],
      proof: async (index) =>
        formatProofFile({ index, proof: plainInclusion(index, of.slice(0, size)), checkpoint }),
      consistency: async (from, to) =>
        plainConsistency(from, of.slice(0, to))
          .map((hash) => `${toBase64(hash)}\n`)
          .join(''),
    };
  };
  beforeEach(() => {
    Object.defineProperty(globalThis, 'localStorage', { value: aStorage(), configurable: true });
  });

  test('is in the tree, which goes on from the one that was seen before', async () => {
    expect((await checkRecord(2, anEntry(2), at(10))).before).toBeUndefined();
    expect((await checkRecord(20, anEntry(20), at(30))).before).toBe(10);
    // An older answer from a cache is no alarm, as long as it is the beginning of what was seen.
    expect((await checkRecord(2, anEntry(2), at(12))).before).toBe(30);
    expect((await checkRecord(2, anEntry(2), at(30))).before).toBe(30);
  });

  test('with other bytes is not', async () => {
    await expect(checkRecord(2, anEntry(3), at(10))).rejects.toThrow('not in the tree');
  });

  test('of a tree that was changed behind its back is an alarm', async () => {
    await checkRecord(2, anEntry(2), at(10));
    const forged = [...leaves.slice(0, 5), ...leaves.slice(6), leafOfNothing()];
    await expect(checkRecord(2, anEntry(2), at(20, forged))).rejects.toThrow('does not go on');
    await expect(checkRecord(2, anEntry(2), at(10, forged))).rejects.toThrow('does not go on');
  });

  test('of a log that signs with another key than before is an alarm', async () => {
    await checkRecord(2, anEntry(2), at(10));
    await expect(checkRecord(2, anEntry(2), at(12, leaves, aKey(ORIGIN, 0x01)))).rejects.toThrow(
      'another key',
    );
  });
});

function leafOfNothing(): Uint8Array {
  return new Uint8Array(32).fill(7);
}
