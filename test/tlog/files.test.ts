import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { toBase64 } from '../../src/tlog/base64.ts';
import { formatCheckpoint } from '../../src/tlog/checkpoint.ts';
import { cosignText, formatNote, signText } from '../../src/tlog/note.ts';
import { parseTrustPolicy } from '../../src/tlog/policy-file.ts';
import { formatProofFile, parseProofFile, verifyProofFile } from '../../src/tlog/proof-file.ts';
import { formatVkey, type SignatureType, verifierKey } from '../../src/tlog/vkey.ts';
import {
  formatAddCheckpoint,
  formatCosignatures,
  originHash,
  parseAddCheckpoint,
  parseCosignatures,
} from '../../src/tlog/witness-message.ts';
import { leavesOfSize, plainInclusion, plainRoot } from './a-tree.ts';

function aKey(name: string, type: SignatureType) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { key: verifierKey(name, type, publicKey), privateKey };
}

const log = aKey('example.org/log', 1);
const leaves = leavesOfSize(13);
const text = formatCheckpoint({ origin: log.key.name, size: 13, root: plainRoot(leaves) });
const checkpoint = formatNote({ text, signatures: [signText(log.key, log.privateKey, text)] });

describe('a proof file', () => {
  const file = { index: 5, proof: plainInclusion(5, leaves), checkpoint };
  const leaf = leaves[5] as Uint8Array;

  it('shows an entry to whoever has the key of the log', () => {
    for (const one of [file, { ...file, extra: Buffer.from('more') }]) {
      const read = parseProofFile(formatProofFile(one));
      if (!read.ok) throw new Error(read.reason);
      expect({ ...read.file, proof: read.file.proof.map(toBase64) }).toEqual({
        ...one,
        proof: one.proof.map(toBase64),
      });
      expect(verifyProofFile(read.file, leaf, [log.key])).toMatchObject({
        ok: true,
        checkpoint: { size: 13 },
      });
    }
  });

  it('shows no other entry, and nothing without that key', () => {
    expect(verifyProofFile(file, leaves[6] as Uint8Array, [log.key])).toEqual({
      ok: false,
      reason: 'the proof leads to another root',
    });
    expect(verifyProofFile({ ...file, index: 6 }, leaf, [log.key]).ok).toBe(false);
    expect(verifyProofFile(file, leaf, [aKey('example.org/log', 1).key]).ok).toBe(false);
  });

  it.each([
    ['another first line', (whole: string) => whole.replace('@v1', '@v2'), 'first line'],
    ['no index', (whole: string) => whole.replace('index 5\n', ''), 'index'],
    ['an index with a zero before it', (whole: string) => whole.replace('index 5', 'index 05'), 'index'],
    ['a short hash', (whole: string) => whole.replace('index 5\n', 'index 5\nAAAA\n'), '32 bytes'],
    ['an extra that is not base64', (whole: string) => whole.replace('index', 'extra ?\nindex'), 'extra'],
    ['no checkpoint', (whole: string) => whole.slice(0, whole.indexOf('\n\n')), 'empty line'],
    [
      '64 hashes',
      (whole: string) => whole.replace('index 5\n', `index 5\n${`${toBase64(leaf)}\n`.repeat(64)}`),
      'more than 63',
    ],
  ])('is not one with %s', (_, change, reason) => {
    expect(parseProofFile(change(formatProofFile(file)))).toMatchObject({
      ok: false,
      reason: expect.stringContaining(reason),
    });
  });
});

describe('a policy file', () => {
  const x = [aKey('x1', 4), aKey('x2', 4), aKey('x3', 4)].map(({ key }) => key);
  const y = [aKey('y1', 4), aKey('y2', 4)].map(({ key }) => key);
  const witnesses = [...x, ...y].map((key) => `witness ${key.name.toUpperCase()} ${formatVkey(key)}`);
  const both = [
    '# two houses',
    `log ${formatVkey(log.key)} https://registry.example/log`,
    '',
    ...witnesses,
    'group X-witnesses 2 X1 X2 X3',
    '  group\tY-witnesses any Y1 Y2',
    'group X-and-Y all X-witnesses Y-witnesses',
    'quorum X-and-Y',
    '',
  ].join('\n');

  it('says how many of whom are enough', () => {
    const parsed = parseTrustPolicy(both);
    if (!parsed.ok) throw new Error(parsed.reason);
    const { quorum, logs } = parsed.policy;
    expect(logs.map((key) => key.name)).toEqual(['example.org/log']);
    const [x1, x2, x3] = x as [(typeof x)[0], (typeof x)[0], (typeof x)[0]];
    const [y1, y2] = y as [(typeof y)[0], (typeof y)[0]];
    expect(quorum([x1, x2, y1])).toBe(true);
    expect(quorum([x1, x3, y1, y2])).toBe(true);
    expect(quorum([x1, y1, y2])).toBe(false);
    expect(quorum([x1, x2, x3])).toBe(false);
    expect(quorum([x1, x1, y1])).toBe(false);
    expect(quorum([])).toBe(false);
  });

  it('may ask for no witness', () => {
    const parsed = parseTrustPolicy(`log ${formatVkey(log.key)}\nquorum none\n`);
    expect(parsed.ok && parsed.policy.quorum([])).toBe(true);
  });

  const w = witnesses[0] as string;
  it.each([
    ['', 'no line quorum'],
    [`${w}\n`, 'no line quorum'],
    ['quorum X1\n', 'line 1: X1 is not defined'],
    [`${w}\nquorum X1\nquorum X1\n`, 'line 3: there is a second'],
    [`${w}\n${w}\nquorum none\n`, 'line 2: the key of x1 stands twice'],
    [`${w}\ngroup X1 any X1\nquorum none\n`, 'line 2: the name X1 is taken'],
    [`${w}\ngroup none any X1\nquorum none\n`, 'line 2: the name none is taken'],
    [`${w}\ngroup G 2 X1\nquorum G\n`, 'line 2: the group G wants 2 of 1'],
    [`${w}\ngroup G 0 X1\nquorum G\n`, 'line 2: the group G wants 0 of 1'],
    [`${w}\ngroup G any X1 X1\nquorum G\n`, 'line 2: X1 is a member twice'],
    [`${w}\ngroup G any X1\ngroup H any X1\nquorum G\n`, 'line 3: X1 is a member twice'],
    [`${w}\ngroup G any\nquorum G\n`, 'line 2: expected group'],
    [`log ${formatVkey(x[0] as (typeof x)[0])}\nquorum none\n`, 'line 1: the key of x1 is of type 4'],
    ['sunflower\nquorum none\n', 'line 1: expected log'],
    ['quorum none\r\n', 'line 1: it has control characters'],
  ])('is not %j', (policy, reason) => {
    expect(parseTrustPolicy(policy)).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
  });
});

describe('what is said to a witness', () => {
  const request = { old: 4, proof: [leaves[0] as Uint8Array, leaves[1] as Uint8Array], checkpoint };

  it('is read as it was written', () => {
    for (const one of [request, { ...request, old: 0, proof: [] }]) {
      const read = parseAddCheckpoint(formatAddCheckpoint(one));
      if (!read.ok) throw new Error(read.reason);
      expect(read.request.proof.map(toBase64)).toEqual(one.proof.map(toBase64));
      expect(read.request).toMatchObject({ old: one.old, checkpoint });
    }
  });

  it.each([
    ['new 4', 'old and a size'],
    ['old -1', 'old and a size'],
    ['old 04', 'old and a size'],
    ['old  4', 'old and a size'],
    ['old 4\nAAAA', '32 bytes'],
    [`old 4${`\n${toBase64(leaves[0] as Uint8Array)}`.repeat(64)}`, 'more than 63'],
  ])('is not %j before a checkpoint', (head, reason) => {
    expect(parseAddCheckpoint(`${head}\n\n${checkpoint}`)).toMatchObject({
      ok: false,
      reason: expect.stringContaining(reason),
    });
    expect(parseAddCheckpoint(`${head}\n`).ok).toBe(false);
  });

  it('is answered with lines of cosignatures', () => {
    const witness = aKey('w.example.net', 4);
    const lines = [cosignText(witness.key, witness.privateKey, text, 5)];
    const answer = formatCosignatures(lines);
    expect(formatCosignatures(parseCosignatures(answer) ?? [])).toBe(answer);
    expect(parseCosignatures(`${answer}x\n`)).toBeUndefined();
    expect(parseCosignatures('')).toBeUndefined();
  });

  it('names a log by the hash of its origin', () => {
    expect(originHash('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });
});
