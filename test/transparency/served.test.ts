import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { canonicalBytes } from '../../src/provenance/canonical.ts';
import { decodeBundle } from '../../src/tlog/bundle.ts';
import { openCheckpoint } from '../../src/tlog/checkpoint.ts';
import { createCompactRange } from '../../src/tlog/compact-range.ts';
import { leafHash } from '../../src/tlog/hashing.ts';
import { parseProofFile, verifyProofFile } from '../../src/tlog/proof-file.ts';
import type { VerifierKey } from '../../src/tlog/vkey.ts';
import type { Front, UserName } from '../gate/front.ts';
import type { Ask } from '../gate/wire.ts';
import { leavesOf, recordsOf } from '../provenance/a-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { ORIGIN, startSignedFront } from './signed-front.ts';

describeNeeding(['docker-registry'], 'the signed log over HTTP', () => {
  let front: Front;
  let key: VerifierKey;

  beforeAll(async () => {
    ({ front, key } = await startSignedFront());
  }, 90_000);
  afterAll(() => front?.stop());

  const ask = (path: string, user?: UserName, more: Partial<Ask> = {}) =>
    front.ask({
      path: `/api/v1/log/${path}`,
      ...(user && { basic: { user, password: front.passwords[user] } }),
      ...more,
    });

  async function checkpoint() {
    const opened = openCheckpoint((await ask('checkpoint', 'erin')).text, [key]);
    if (!opened.ok) throw new Error(opened.reason);
    return opened.checkpoint;
  }

  it('is a signed checkpoint, with its tiles and entries', async () => {
    const { size, root, origin } = await checkpoint();
    expect(origin).toBe(ORIGIN);
    const tile = await ask(`tile/0/000.p/${size}`, 'carol');
    expect(tile).toMatchObject({ status: 200, headers: { 'content-type': 'application/octet-stream' } });
    const bundle = await ask(`tile/entries/000.p/${size}`, 'erin');
    const read = decodeBundle(bundle.bytes, size);
    if (!read.ok) throw new Error(read.reason);
    const range = createCompactRange();
    for (const entry of read.entries) range.append(leafHash(entry));
    expect(Buffer.compare(range.root(), root)).toBe(0);
    expect(Buffer.compare(tile.bytes, Buffer.concat(read.entries.map(leafHash)))).toBe(0);
    const part = await ask('tile/0/000.p/2', 'erin');
    expect(Buffer.compare(part.bytes, tile.bytes.subarray(0, 64))).toBe(0);
    expect((await ask('checkpoint', 'erin')).headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'private, max-age=1',
    });
  });

  it('proves each record by its index, and by its id to those who may see it', async () => {
    const data = join(front.warden.folder, 'data');
    const index = recordsOf(data).findIndex((record) => record.type === 'push.accepted');
    const { id } = recordsOf(data)[index] as { id: string };
    for (const query of [`index=${index}`, `id=${id}`]) {
      const reply = await ask(`proof?${query}`, 'erin');
      const read = parseProofFile(reply.text);
      if (!read.ok) throw new Error(`${query}: ${reply.text}`);
      expect(read.file.index).toBe(index);
      const leaf = leafHash(leavesOf(data)[index] as Uint8Array);
      expect(verifyProofFile(read.file, leaf, [key])).toMatchObject({ ok: true });
    }
    expect((await ask(`proof?id=${id}`, 'carol')).status).toBe(404);
  });

  it('comes along with the answers to an auditor, a proof for each record', async () => {
    const basic = { user: 'erin', password: front.passwords.erin };
    const reply = await front.ask({ path: '/api/v1/pushes?result=accepted&proof=true', basic });
    const { items } = JSON.parse(reply.text) as { items: { index: number; proof: string }[] };
    expect(items).toHaveLength(2);
    for (const { index, proof, ...record } of items) {
      const read = parseProofFile(proof);
      if (!read.ok) throw new Error(read.reason);
      // Whoever may read everything has the whole record, whose one form is what was signed.
      const leaf = leafHash(canonicalBytes(record));
      expect(read.file.index).toBe(index);
      expect(verifyProofFile(read.file, leaf, [key])).toMatchObject({ ok: true });
    }
    for (const path of ['pushes?proof=1', 'pushes?proof=true&proof=true']) {
      const refused = await front.ask({ path: `/api/v1/${path}`, basic });
      expect(refused).toMatchObject({ error: { code: 'UNSUPPORTED' }, status: 400 });
    }
  });

  it('leads from one tree to a later one', async () => {
    const { size } = await checkpoint();
    const reply = await ask(`consistency?from=1&to=${size}`, 'carol');
    expect(reply.status).toBe(200);
    expect(reply.text).toMatch(/^(?:[A-Za-z0-9+/]{43}=\n)+$/);
    expect((await ask(`consistency?from=1&to=${size + 100}`, 'erin')).status).toBe(404);
  });

  it.each<[string, UserName | undefined, number]>([
    ['checkpoint', undefined, 401],
    ['checkpoint', 'alice', 403],
    ['checkpoint', 'carol', 200],
    ['tile/0/000.p/1', 'alice', 403],
    ['tile/0/000.p/1', 'carol', 200],
    ['tile/entries/000.p/1', 'carol', 403],
    ['tile/entries/000.p/1', 'erin', 200],
    ['tile/entries/000', 'erin', 404],
    ['tile/0/001', 'erin', 404],
    ['tile/0/000.p/255', 'erin', 404],
    ['tile/0/0', 'erin', 404],
    ['tile/0/000.p/0', 'erin', 404],
    ['tile/1/000.p/1', 'erin', 404],
    ['checkpoint.lock', 'erin', 404],
    ['state.json', 'erin', 404],
    ['checkpoint.cosigned', 'erin', 404],
    ['proof?index=9999', 'erin', 404],
    ['proof?index=x', 'erin', 400],
    ['proof', 'erin', 400],
    ['proof?index=1&id=2', 'erin', 400],
    ['proof?index=1&index=2', 'erin', 400],
    ['proof?leaf=1', 'erin', 400],
    ['consistency?from=1', 'erin', 400],
    ['consistency?from=5&to=2', 'erin', 404],
  ])('answers %s of %s with %d', async (path, user, status) => {
    expect((await ask(path, user)).status).toBe(status);
  });

  it('is only read', async () => {
    expect(await ask('checkpoint', 'erin', { method: 'DELETE' })).toMatchObject({
      status: 405,
      headers: { allow: 'GET' },
    });
  });

  it('shows in the metrics how far it is signed', async () => {
    const { size } = await checkpoint();
    const { text } = await front.operations('/metrics');
    const signed = Number(/^warden_log_signed_entries (\d+)$/m.exec(text)?.[1]);
    expect(signed).toBeGreaterThanOrEqual(size);
    expect(text).toMatch(/^warden_log_signing_failed 0$/m);
  });

  it('is no trouble when Warden ends', async () => {
    const before = front.warden.log().length;
    for (let time = 0; time < 3; time++) await front.warden.restart();
    const log = front.warden.log().slice(before);
    expect(log.match(/"msg":"stopped"/g)).toHaveLength(3);
    expect(log).not.toContain('"level":"error"');
  }, 60_000);
});
