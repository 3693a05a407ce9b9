/** What a record changes in the log besides being added to it: which tag it moves, and the link to the record before. Pure. */
import { canonicalBytes } from './canonical.ts';
import { LEAF_LIMIT } from './fit-leaf.ts';
import type { PushRecord } from './record.ts';

/** Those whose record says where a tag now points. */
const MOVES_TAG: readonly string[] = ['push.accepted', 'tag.drift', 'tag.deleted'];

/** A tag that a record is about, and moves. */
export interface MovedTag {
  readonly repo: string;
  readonly tag: string;
  /** Undefined: it is gone. */
  readonly digest: string | undefined;
}

/** @returns undefined for a record that moves no tag. */
export function movedTag(record: PushRecord): MovedTag | undefined {
  const { repo, digest } = subjectOf(record);
  const tag = 'tag' in record ? record.tag : undefined;
  if (repo === undefined || tag === undefined || !MOVES_TAG.includes(record.type)) return undefined;
  return { repo, tag: tag.name, digest: record.type === 'tag.deleted' ? undefined : digest };
}

/** The manifest that the registry deleted, with every tag that showed it; undefined for any other record. */
export function droppedDigest(
  record: PushRecord,
): { readonly repo: string; readonly digest: string } | undefined {
  const { repo, digest } = subjectOf(record);
  if (record.type !== 'manifest.deleted' || repo === undefined || digest === undefined) return undefined;
  return { repo, digest };
}

/**
 * The bytes of a leaf.
 *
 * @param prev the index of the record before it about the same tag: the log's to say, whatever the record has there.
 * @throws {Error} for one that is too large, which the recorder does not make.
 */
export function leafOf(record: PushRecord, prev: number | undefined): Uint8Array {
  const tag = 'tag' in record ? record.tag : undefined;
  const leaf = canonicalBytes(tag ? { ...record, tag: withPrev(tag, prev) } : record);
  if (leaf.length > LEAF_LIMIT) throw new Error(`a record of ${leaf.length} bytes does not fit into a leaf`);
  return leaf;
}

function withPrev(tag: object, prev: number | undefined): object {
  const { prev: _ignored, ...rest } = tag as { prev?: number };
  return prev === undefined ? rest : { ...rest, prev };
}

function subjectOf(record: PushRecord): { repo?: string; digest?: string | undefined } {
  return ('subject' in record && record.subject) || {};
}
