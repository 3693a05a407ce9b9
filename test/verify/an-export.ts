/** A log as a folder of files, signed with a key of its own: what an export holds. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canonicalBytes } from '../../src/provenance/canonical.ts';
import { encodeBundle } from '../../src/tlog/bundle.ts';
import { formatCheckpoint } from '../../src/tlog/checkpoint.ts';
import { createCompactRange } from '../../src/tlog/compact-range.ts';
import { leafHash } from '../../src/tlog/hashing.ts';
import { formatNote, signText } from '../../src/tlog/note.ts';
import { hashesAt, rootOfTile, TILE_WIDTH, tilePath, widthAt } from '../../src/tlog/tile.ts';
import { verifierKey } from '../../src/tlog/vkey.ts';

export const ORIGIN = 'registry.test/push-log';

const pair = generateKeyPairSync('ed25519');
export const KEY = verifierKey(ORIGIN, 0x01, pair.publicKey);

export function noteOf(entries: readonly Uint8Array[], origin = ORIGIN): string {
  const range = createCompactRange();
  for (const entry of entries) range.append(leafHash(entry));
  const text = formatCheckpoint({ origin, size: entries.length, root: range.root() });
  return formatNote({
    text,
    signatures: [signText(verifierKey(origin, 0x01, pair.publicKey), pair.privateKey, text)],
  });
}

/** All tiles and bundles of these entries, by their paths. */
export function filesOf(entries: readonly Uint8Array[]): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (let index = 0; index * TILE_WIDTH < entries.length; index++) {
    const width = widthAt('entries', index, entries.length);
    const part = entries.slice(index * TILE_WIDTH, index * TILE_WIDTH + width);
    files.set(tilePath({ level: 'entries', index, width }), encodeBundle(part));
  }
  let row = entries.map(leafHash);
  for (let level = 0; row.length > 0; level++) {
    const above: Uint8Array[] = [];
    for (let index = 0; index * TILE_WIDTH < hashesAt(level, entries.length); index++) {
      const width = widthAt(level, index, entries.length);
      const tile = Buffer.concat(row.slice(index * TILE_WIDTH, index * TILE_WIDTH + width));
      files.set(tilePath({ level, index, width }), tile);
      if (width === TILE_WIDTH) above.push(rootOfTile(tile));
    }
    row = above;
  }
  return files;
}

export function writeExport(folder: string, entries: readonly Uint8Array[], note = noteOf(entries)): void {
  for (const [path, bytes] of filesOf(entries)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  writeFileSync(join(folder, 'checkpoint'), note);
}

const START = Date.UTC(2026, 0, 1);

/** Records that fit together: `tags` tags are pushed in turn. */
export function records(count: number, tags = 7): readonly object[] {
  const last = new Map<string, { index: number; digest: string }>();
  return Array.from({ length: count }, (_, index) => {
    const common = {
      v: 1,
      id: `${(START + index)
        .toString(16)
        .padStart(12, '0')
        .replace(/^(.{8})/, '$1-')}-7000-8000-${index.toString(16).padStart(12, '0')}`,
      time: new Date(START + index * 1000).toISOString(),
      proxy: { instance: 'warden', version: '1.0.0' },
    };
    if (index === 0) return { ...common, type: 'log.opened' };
    if (index === 1) return { ...common, type: 'policy.changed', policy: { digest: 'sha256:p' } };
    const name = `v${index % tags}`;
    const before = last.get(name);
    const digest = `sha256:${index.toString(16).padStart(64, '0')}`;
    last.set(name, { index, digest });
    return {
      ...common,
      type: 'push.accepted',
      subject: { repo: 'team/app', digest },
      tag: { name, ...(before && { from: before.digest, prev: before.index }) },
      policy: { rules: ['team-push'], digest: 'sha256:p' },
    };
  });
}

export function entriesOf(all: readonly object[]): readonly Uint8Array[] {
  return all.map(canonicalBytes);
}
