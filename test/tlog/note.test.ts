import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatCheckpoint, openCheckpoint, parseCheckpoint } from '../../src/tlog/checkpoint.ts';
import { createCompactRange } from '../../src/tlog/compact-range.ts';
import { cosignText, formatNote, openNote, parseNote, signText } from '../../src/tlog/note.ts';
import { formatVkey, parseVkey, type VerifierKey, verifierKey } from '../../src/tlog/vkey.ts';

function key(vkey: string): VerifierKey {
  const parsed = parseVkey(vkey, [1, 4]);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.key;
}

function open(message: string | Uint8Array, ...keys: VerifierKey[]) {
  const parsed = parseNote(message);
  return parsed.ok ? openNote(parsed.note, keys) : parsed;
}

const names = (opened: ReturnType<typeof open>): readonly string[] =>
  opened.ok ? opened.verified.map((one) => one.key.name) : [];

const PETER = key('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
const ENOCH = key('EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop');
const TEXT =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const PETERS =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
const ENOCHS =
  '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n';

describe('a signed note', () => {
  it('is believed by the keys that are known, whatever else has signed', () => {
    expect(names(open(`${TEXT}\n${PETERS}${ENOCHS}`, PETER))).toEqual(['PeterNeumann']);
    expect(names(open(`${TEXT}\n${PETERS}${ENOCHS}`, PETER, ENOCH))).toEqual(['PeterNeumann', 'EnochRoot']);
    expect(names(open(`${TEXT}\n${ENOCHS}${PETERS}${PETERS}`, PETER))).toEqual(['PeterNeumann']);
    expect(open(`${TEXT}\n${PETERS}${ENOCHS}`)).toEqual({
      ok: false,
      reason: 'none of the keys that were asked for has signed',
    });
  });

  it('opens with the key of the example of the specification', () => {
    const message =
      'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
    const opened = open(
      message,
      key('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'),
    );
    expect(names(opened)).toEqual(['example.com/foo']);
  });

  it('is spoilt by a wrong signature of a known key', () => {
    const wrong = `${PETERS.slice(0, 60)}ABCD${PETERS.slice(60)}`;
    expect(open(`${TEXT}\n${wrong}`, PETER)).toEqual({
      ok: false,
      reason: 'the signature of PeterNeumann is wrong',
    });
    expect(names(open(`${TEXT}\n${wrong}${ENOCHS}`, ENOCH))).toEqual(['EnochRoot']);
    expect(open(`${TEXT}\n${wrong}${ENOCHS}`, ENOCH, PETER).ok).toBe(false);
    expect(open(`${TEXT}x\n\n${PETERS}`, PETER).ok).toBe(false);
  });

  it('may have empty lines in its text', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const own = verifierKey('example.org/log', 1, publicKey);
    const text = 'one\n\ntwo\n';
    const note = formatNote({ text, signatures: [signText(own, privateKey, text)] });
    expect(open(note, own)).toMatchObject({ ok: true, text });
  });

  it.each([
    ['no signatures', TEXT],
    ['no line of a signature', `${TEXT}\n`],
    ['no last line end', `${TEXT}\n${PETERS.slice(0, -1)}`],
    ['a control character', `\x01${TEXT}\n${PETERS}`],
    ['a carriage return', `${TEXT}\r\n${PETERS}`],
    ['a name with a blank', `${TEXT}\n${PETERS.replace('PeterNeumann', 'Bad Name')}`],
    ['a name with a plus', `${TEXT}\n${PETERS.replace('PeterNeumann', 'Bad+Name')}`],
    ['another line', `${TEXT}\n${PETERS}Unexpected line.\n`],
    ['base64 that is not canonical', `${TEXT}\n${PETERS.replace('AM=\n', 'AN=\n')}`],
    ['a signature of four bytes', `${TEXT}\n— PeterNeumann x08gow==\n`],
    ['101 signatures', `${TEXT}\n${PETERS.repeat(101)}`],
    ['a million bytes', `${'x'.repeat(1_000_000)}\n\n${PETERS}`],
  ])('is not what has %s', (_, message) => {
    expect(open(message, PETER)).toMatchObject({
      ok: false,
      reason: expect.stringContaining('not a signed note'),
    });
  });

  it('is UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from([0xff]), Buffer.from(`${TEXT}\n${PETERS}`)]);
    expect(open(bytes, PETER)).toMatchObject({ ok: false });
    expect(names(open(Buffer.from(`${TEXT}\n${PETERS}`), PETER))).toEqual(['PeterNeumann']);
  });

  it('is never believed after any change of one byte', () => {
    const message = Buffer.from(`${TEXT}\n${PETERS}`);
    fc.assert(
      fc.property(fc.nat({ max: message.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(message);
        changed[at] = (changed[at] as number) ^ change;
        expect(names(open(changed, PETER))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a key as text', () => {
  it('is written as it was read', () => {
    for (const text of [
      'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
      'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx',
    ]) {
      expect(formatVkey(key(text))).toBe(text);
    }
  });

  it.each([
    ['PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', /digits c74f20a4/],
    ['PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', /digits c74f20a3/],
    ['PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', /type 2; expected 1/],
    ['PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy', /29 bytes; expected 32/],
    ['PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', /expected a key/],
    ['Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', /expected a key/],
    ['+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', /expected a key/],
    ['', /expected a key/],
  ])('is not %j', (text, reason) => {
    expect(parseVkey(text, [1])).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
  });
});

describe('a checkpoint', () => {
  const ROOT = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=';

  it('is three lines; further ones are let pass', () => {
    const text = `example.com/behind-the-sofa\n20852163\n${ROOT}\n`;
    const read = parseCheckpoint(text);
    if (!read.ok) throw new Error(read.reason);
    expect(formatCheckpoint(read.checkpoint)).toBe(text);
    expect(read.checkpoint).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20852163 });
    expect(parseCheckpoint(`${text}something else\n`).ok).toBe(true);
  });

  it.each([
    [`example.com/log\n020\n${ROOT}\n`, 'size'],
    [`example.com/log\n-1\n${ROOT}\n`, 'size'],
    [`example.com/log\n9007199254740992\n${ROOT}\n`, 'size'],
    [`example.com/log\n\n${ROOT}\n`, 'a line each'],
    [`\n1\n${ROOT}\n`, 'a line each'],
    [`example.com/log\n1\n${ROOT}`, 'line end'],
    [`example.com/log\n1\n`, 'a line each'],
    [`example.com/log\n1\n${ROOT.slice(4)}\n`, '32 bytes'],
    [`example.com/log\n1\n${ROOT.slice(0, -1)}\n`, '32 bytes'],
    [`example.com/log\n1\n${ROOT}\n\nx\n`, 'a line each'],
    [`example.com/log\n0\n${ROOT}\n`, 'empty'],
  ])('is not %j', (text, reason) => {
    expect(parseCheckpoint(text)).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
  });

  it('is believed when a key has signed that has its origin as name', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const text = formatCheckpoint({ origin: 'example.org/log', size: 0, root: createCompactRange().root() });
    const own = verifierKey('example.org/log', 1, publicKey);
    const other = verifierKey('example.org/other', 1, publicKey);
    const signed = formatNote({ text, signatures: [signText(own, privateKey, text)] });
    expect(openCheckpoint(signed, [own])).toMatchObject({ ok: true, checkpoint: { size: 0 } });
    const named = formatNote({ text, signatures: [signText(other, privateKey, text)] });
    expect(openCheckpoint(named, [own, other])).toMatchObject({ ok: false });
    expect(openCheckpoint(signed, [other])).toMatchObject({
      ok: false,
      reason: 'the checkpoint is of example.org/log, and no key of that log was given',
    });
  });

  it('carries cosignatures, which say when', () => {
    const log = generateKeyPairSync('ed25519');
    const witness = generateKeyPairSync('ed25519');
    const own = verifierKey('example.org/log', 1, log.publicKey);
    const theirs = verifierKey('witness.example.net/w1', 4, witness.publicKey);
    const text = formatCheckpoint({ origin: own.name, size: 0, root: createCompactRange().root() });
    const signature = signText(own, log.privateKey, text);
    const cosignature = cosignText(theirs, witness.privateKey, text, 1679315147);
    const note = formatNote({ text, signatures: [signature, cosignature] });
    const opened = openCheckpoint(note, [own], [theirs]);
    if (!opened.ok) throw new Error(opened.reason);
    expect(opened.cosigned.map(({ time }) => time)).toEqual([1679315147]);
    const alone = formatNote({ text, signatures: [cosignature] });
    expect(openCheckpoint(alone, [own], [theirs])).toMatchObject({
      ok: false,
      reason: 'no key of the log example.org/log has signed the checkpoint',
    });
    // The time is signed too.
    const later = Buffer.from(cosignature.signature);
    later[7] = (later[7] as number) ^ 1;
    const forged = formatNote({ text, signatures: [signature, { ...cosignature, signature: later }] });
    expect(openCheckpoint(forged, [own], [theirs])).toMatchObject({ ok: false });
  });
});

describe('the checkpoints of transparency-dev/tessera', () => {
  const [head, ...rows] = readFileSync(join(import.meta.dirname, 'vectors', 'tessera-log.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>);

  it('are reproduced byte by byte from their tiles, with the key that is published', () => {
    const own = key(head?.['publicKey'] ?? '');
    const seed = Buffer.from(head?.['privateKey']?.split('+').slice(4).join('+') ?? '', 'base64').subarray(1);
    const privateKey = createPrivateKey({
      key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
      format: 'der',
      type: 'pkcs8',
    });
    expect(createPublicKey(privateKey).equals(own.publicKey)).toBe(true);
    const made = rows.map(({ tile = '' }, size) => {
      const hashes = Buffer.from(tile, 'base64');
      const range = createCompactRange();
      for (let at = 0; at < size; at++) range.append(hashes.subarray(at * 32, at * 32 + 32));
      const text = formatCheckpoint({ origin: own.name, size, root: range.root() });
      return formatNote({ text, signatures: [signText(own, privateKey, text)] });
    });
    expect(made).toEqual(rows.map(({ checkpoint }) => checkpoint));
    expect(made).toHaveLength(16);
    for (const checkpoint of made) expect(openCheckpoint(checkpoint, [own]).ok).toBe(true);
  });
});
