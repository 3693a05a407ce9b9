/**
 * Puts an exported log into an empty one: the same bytes under the same indexes, so its tree and all that was signed of it
 * stay true.
 *
 * The whole folder is verified before the first entry is written. What is half imported is used by nobody, and is gone on
 * with by the same command.
 */
import { droppedDigest, movedTag } from '../provenance/log-entry.ts';
import type { PushRecord } from '../provenance/record.ts';
import { createCompactRange } from '../tlog/compact-range.ts';
import { leafHash, sameHash } from '../tlog/hashing.ts';
import { TILE_WIDTH, widthAt } from '../tlog/tile.ts';
import { readExported } from './exported.ts';
import type { LogTarget, TagState } from './log-target.ts';

export interface ImportOptions {
  readonly from: string;
  /** The entries of a bundle in the folder. */
  readonly entries: (index: number, width: number) => Promise<readonly Uint8Array[] | undefined>;
  readonly target: LogTarget;
  /** A signed checkpoint that the entries must agree with: what the folder says of itself proves nothing. */
  readonly signed?: { readonly size: number; readonly root: Uint8Array } | undefined;
  /** Called after each bundle that is verified, then after each that is written. */
  onProgress?(entries: number, size: number, what: 'verified' | 'written'): void;
}

/** @throws {Error} with one sentence. @returns how many entries the log has now. */
export async function importLog({
  from,
  entries,
  target,
  signed,
  onProgress,
}: ImportOptions): Promise<number> {
  const { size, root } = readExported(from);
  async function bundle(index: number): Promise<readonly Uint8Array[]> {
    const found = await entries(index, widthAt('entries', index, size));
    if (found === undefined) throw new Error(`${from} lacks the entries from ${index * TILE_WIDTH} on`);
    return found;
  }
  const tags = createTagStates();
  const range = createCompactRange();
  if (signed !== undefined && signed.size > size) {
    throw new Error(`${from} is cut: ${signed.size} entries were signed, and it has ${size}`);
  }
  function requireSigned(): void {
    if (signed === undefined || range.size() !== signed.size || sameHash(range.root(), signed.root)) return;
    throw new Error(`${from} is not what was signed: its first ${signed.size} entries have another root`);
  }
  requireSigned();
  for (let index = 0; index * TILE_WIDTH < size; index++) {
    for (const entry of await bundle(index)) {
      tags.add(recordIn(entry, range.size(), from), range.size());
      range.append(leafHash(entry));
      requireSigned();
    }
    onProgress?.(range.size(), size, 'verified');
  }
  if (Buffer.from(range.root()).toString('base64') !== root) {
    throw new Error(`${from} is damaged: its entries do not have the root that it names`);
  }
  for (let at = await target.begin(root); at < size; ) {
    const all = await bundle(Math.floor(at / TILE_WIDTH));
    const rest = all.slice(at % TILE_WIDTH);
    await target.add(at, rest);
    at += rest.length;
    onProgress?.(at, size, 'written');
  }
  await target.end(tags.all());
  return size;
}

function recordIn(entry: Uint8Array, index: number, from: string): PushRecord {
  try {
    return JSON.parse(Buffer.from(entry).toString('utf8')) as PushRecord;
  } catch {
    throw new Error(`${from} is damaged: entry ${index} is no record`);
  }
}

/** What the log last says of each tag, as whoever writes it keeps it. */
function createTagStates(): { add(record: PushRecord, index: number): void; all(): Iterable<TagState> } {
  const repositories = new Map<string, Map<string, TagState>>();
  return {
    add(record, index) {
      const moved = movedTag(record);
      if (moved) {
        const tags = repositories.get(moved.repo) ?? new Map<string, TagState>();
        repositories.set(moved.repo, tags);
        tags.set(moved.tag, { ...moved, index });
      }
      const dropped = droppedDigest(record);
      for (const [tag, state] of dropped ? (repositories.get(dropped.repo) ?? []) : []) {
        if (state.digest !== dropped?.digest) continue;
        repositories.get(state.repo)?.set(tag, { ...state, index, digest: undefined });
      }
    },
    *all() {
      for (const tags of repositories.values()) yield* tags.values();
    },
  };
}
