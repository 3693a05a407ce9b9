/**
 * Reads of a leaf what is compared with other leaves. Pure. It was signed, but whoever signs can lie: nothing is believed
 * to have the form that Warden writes, and whatever has another is told in one sentence.
 */
import { canonicalText } from '../provenance/canonical.ts';

export interface Leaf {
  readonly type: string;
  /** 16 bytes. */
  readonly id: Uint8Array;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The digest of the policy that decided, or that was put in force. */
  readonly policy: string | undefined;
  /** Of a clock that was set, in milliseconds since 1970. */
  readonly clock: { readonly expected: number; readonly shown: number } | undefined;
  readonly subject: { readonly repo: string; readonly digest: string | undefined } | undefined;
  readonly tag:
    | { readonly name: string; readonly from: string | undefined; readonly prev: number | undefined }
    | undefined;
}

export type ReadLeaf =
  | { readonly ok: true; readonly leaf: Leaf }
  /** Goes on from "entry 5". */
  | { readonly ok: false; readonly reason: string };

type Values = Readonly<Record<string, unknown>>;

const ID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

export function readLeaf(entry: Uint8Array): ReadLeaf {
  const text = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return wrong('is not JSON');
  }
  if (!isObject(value) || value['v'] !== 1 || typeof value['type'] !== 'string') {
    return wrong('is not a record of version 1');
  }
  if (!isCanonical(value, text))
    return wrong('is not in the form of RFC 8785: readers may differ in what it says');
  const { type, id, time, policy, clock, subject, tag } = value;
  if (typeof id !== 'string' || !ID.test(id)) return wrong('has no id');
  const at = timeOf(time);
  if (at === undefined) return wrong('has no time');
  const digest = isObject(policy) ? policy['digest'] : undefined;
  if (!isText(digest) || (policy !== undefined && !isObject(policy)))
    return wrong('has a policy that is none');
  const leaf = { type, id: Buffer.from(id.replaceAll('-', ''), 'hex'), time: at, policy: digest };
  const set = type === 'clock.jumped' ? clockOf(clock) : undefined;
  if (type === 'clock.jumped' && set === undefined) return wrong('says of no clock that it was set');
  const about = subject === undefined ? undefined : subjectOf(subject);
  if (about === null) return wrong('has a subject that is none');
  const moved = tag === undefined ? undefined : tagOf(tag);
  if (moved === null) return wrong('has a tag that is none');
  return { ok: true, leaf: { ...leaf, clock: set, subject: about, tag: moved } };
}

/** Such as a member that stands there twice. What JSON.stringify writes is that form, but for the order of keys like "10". */
function isCanonical(value: unknown, text: string): boolean {
  if (JSON.stringify(value) === text) return true;
  try {
    return canonicalText(value) === text;
  } catch {
    return false;
  }
}

function clockOf(clock: unknown): Leaf['clock'] {
  if (!isObject(clock)) return undefined;
  const [expected, shown] = [timeOf(clock['expected']), timeOf(clock['shown'])];
  return expected === undefined || shown === undefined ? undefined : { expected, shown };
}

/** @returns null for what is none; undefined where it names no repository. */
function subjectOf(subject: unknown): Leaf['subject'] | null {
  if (!isObject(subject)) return null;
  const { repo, digest } = subject;
  if (!isText(repo) || !isText(digest)) return null;
  return repo === undefined ? undefined : { repo, digest };
}

function tagOf(tag: unknown): Leaf['tag'] | null {
  if (!isObject(tag)) return null;
  const { name, from, prev } = tag;
  if (typeof name !== 'string' || !isText(from)) return null;
  if (prev !== undefined && !(Number.isSafeInteger(prev) && Number(prev) >= 0)) return null;
  return { name, from, prev: prev as number | undefined };
}

function timeOf(time: unknown): number | undefined {
  const at = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function wrong(reason: string): ReadLeaf {
  return { ok: false, reason };
}
