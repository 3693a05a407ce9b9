import { generateKeyPairSync } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startThread, type Thread } from '../../src/store/thread.ts';
import { formatCheckpoint, openCheckpoint } from '../../src/tlog/checkpoint.ts';
import { formatNote, signText } from '../../src/tlog/note.ts';
import { verifierKey } from '../../src/tlog/vkey.ts';
import { formatAddCheckpoint, originHash } from '../../src/tlog/witness-message.ts';
import { askWitness } from '../../src/transparency/witness-client.ts';
import { createWitnessServer } from '../../src/witness/witness-server.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { leavesOfSize, plainConsistency, plainRoot } from '../tlog/a-tree.ts';

const ORIGIN = 'registry.test/push-log';
const logPair = generateKeyPairSync('ed25519');
const logKey = verifierKey(ORIGIN, 0x01, logPair.publicKey);
const ownPair = generateKeyPairSync('ed25519');
const ownKey = verifierKey('witness.test/w1', 0x04, ownPair.publicKey);

const leaves = leavesOfSize(20);
const fork = [...leaves.slice(0, 4), ...leavesOfSize(40).slice(24)];

function noteOf(size: number, tree = leaves, key = logKey, origin = ORIGIN): string {
  const text = formatCheckpoint({ origin, size, root: plainRoot(tree.slice(0, size)) });
  return formatNote({ text, signatures: [signText(key, logPair.privateKey, text)] });
}

let temp: Temp;
let thread: Thread;
let server: Server;
let url: string;
let contradictions: string[];

async function start(): Promise<void> {
  thread = await startThread(new URL('../../src/witness/witness-thread', import.meta.url), {
    file: temp.at('seen.db'),
  });
  server = createWitnessServer({
    key: ownKey,
    privateKey: ownPair.privateKey,
    logs: [logKey],
    thread,
    now: () => 1_700_000_000_000,
    onCheckpoint: ({ note }) => note !== undefined && contradictions.push(note),
    onFailure: (error) => contradictions.push(String(error)),
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/w1`;
}

async function stop(): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await thread.close();
}

beforeEach(async () => {
  temp = makeTemp('witness');
  contradictions = [];
  await start();
});
afterEach(async () => {
  await stop();
  await temp.stop();
});

async function send(body: string) {
  const reply = await fetch(`${url}/add-checkpoint`, { method: 'POST', body });
  return { status: reply.status, type: reply.headers.get('content-type'), text: await reply.text() };
}

const add = (
  old: number,
  size: number,
  tree = leaves,
  proof = old > 0 ? plainConsistency(old, tree.slice(0, size)) : [],
) => send(formatAddCheckpoint({ old, proof, checkpoint: noteOf(size, tree) }));

describe('a witness', () => {
  it('cosigns trees that go on from each other, and shows the last', async () => {
    for (const [old, size] of [
      [0, 4],
      [4, 7],
      [7, 7],
      [7, 20],
    ] as const) {
      const answer = await add(old, size);
      expect(answer.status).toBe(200);
      const opened = openCheckpoint(noteOf(size) + answer.text, [logKey], [ownKey]);
      expect(opened).toMatchObject({ ok: true, cosigned: [{ time: 1_700_000_000 }] });
    }
    const shown = await (await fetch(`${url}/${originHash(ORIGIN)}/checkpoint`)).text();
    const opened = openCheckpoint(shown, [logKey], [ownKey]);
    if (!opened.ok) throw new Error(opened.reason);
    expect(opened).toMatchObject({ checkpoint: { size: 20 }, signed: [{}], cosigned: [{}] });
  });

  it('keeps what it saw over a restart, and tells the size of it', async () => {
    expect((await add(0, 7)).status).toBe(200);
    await stop();
    await start();
    expect(await add(0, 20)).toEqual({ status: 409, type: 'text/x.tlog.size', text: '7\n' });
    expect(await add(4, 20)).toMatchObject({ status: 409, text: '7\n' });
    expect((await add(7, 20)).status).toBe(200);
    // Rolled back.
    expect(await add(7, 7)).toMatchObject({ status: 409, text: '20\n' });
  });

  it('never cosigns two trees that contradict each other, and keeps the evidence', async () => {
    expect((await add(0, 7)).status).toBe(200);
    expect((await add(7, 12, fork)).status).toBe(422);
    expect((await add(7, 7, fork)).status).toBe(422);
    expect((await add(7, 12, leaves, [])).status).toBe(422);
    expect(contradictions).toEqual([noteOf(12, fork), noteOf(7, fork), noteOf(12)]);
    expect((await add(7, 12)).status).toBe(200);
  });

  it('takes one of two that come at once', async () => {
    expect((await add(0, 4)).status).toBe(200);
    const answers = await Promise.all([add(4, 7), add(4, 12), add(4, 9), add(4, 20)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
  });

  const other = generateKeyPairSync('ed25519');
  it.each<[string, () => string, number]>([
    ['no request', () => 'hello', 400],
    ['no note', () => 'old 0\n\nhello\n', 400],
    ['no checkpoint', () => `old 0\n\n${sign(`${ORIGIN}\nx\ny\n`)}`, 400],
    ['an unknown log', () => add0(noteOf(4, leaves, verifierKey('o', 1, logPair.publicKey), 'o')), 404],
    ['a key that is not known', () => add0(noteOf(4, leaves, verifierKey(ORIGIN, 1, other.publicKey))), 403],
    ['a wrong signature', () => add0(noteOf(4).replace('\n4\n', '\n5\n')), 403],
    [
      'an old size that is too large',
      () => formatAddCheckpoint({ old: 9, proof: [], checkpoint: noteOf(4) }),
      400,
    ],
    [
      'a proof from nothing',
      () => formatAddCheckpoint({ old: 0, proof: [leaves[0] as Uint8Array], checkpoint: noteOf(4) }),
      422,
    ],
    [
      'an empty tree with a root',
      () => add0(sign(`${ORIGIN}\n0\n${Buffer.alloc(32).toString('base64')}\n`)),
      422,
    ],
    ['too much', () => 'x'.repeat(100_000), 413],
  ])('refuses %s', async (_, body, status) => {
    expect((await send(body())).status).toBe(status);
  });
  const add0 = (checkpoint: string) => formatAddCheckpoint({ old: 0, proof: [], checkpoint });
  const sign = (text: string) =>
    formatNote({ text, signatures: [signText(logKey, logPair.privateKey, text)] });

  it('has nothing else', async () => {
    expect((await fetch(url)).status).toBe(404);
    expect((await fetch(`${url}/${originHash(ORIGIN)}/checkpoint`)).status).toBe(404);
    expect((await fetch(`${url}/add-checkpoint`)).status).toBe(404);
  });
});

describe('a log that asks a witness', () => {
  const ask = (size: number, old = 0, tree = leaves, key = ownKey) => {
    const note = noteOf(size, tree);
    return askWitness(
      { key, url },
      {
        ...{ text: note.slice(0, note.indexOf('\n\n') + 1), note, size, old },
        proofFrom: async (from) => (from === 0 ? [] : plainConsistency(from, tree.slice(0, size))),
      },
    );
  };

  it('finds out what it has seen, and goes on from there', async () => {
    expect(await ask(4)).toMatchObject({ ok: true, time: 1_700_000_000 });
    expect(await ask(12, 0)).toMatchObject({ ok: true });
    expect(await ask(20, 12)).toMatchObject({ ok: true });
  });

  it('is told when it was rolled back, or forked', async () => {
    await ask(12);
    expect(await ask(7)).toEqual({
      ok: false,
      why: 'it has seen 12 entries, and the tree has 7',
      contradicts: true,
    });
    expect(await ask(16, 0, fork)).toEqual({
      ok: false,
      why: 'it has seen another tree (422)',
      contradicts: true,
    });
  });

  it('believes no other key, and no witness that is gone', async () => {
    const stranger = verifierKey('witness.test/w1', 0x04, generateKeyPairSync('ed25519').publicKey);
    expect(await ask(4, 0, leaves, stranger)).toEqual({
      ok: false,
      why: 'its answer has no cosignature of its key',
    });
    await stop();
    expect(await ask(7, 4)).toEqual({ ok: false, why: 'ECONNREFUSED' });
    await start();
  });
});
