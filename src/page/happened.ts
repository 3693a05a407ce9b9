/** What a record says happened, as people say it. */
import type { RecordItem } from './records.ts';
import { en, type Word } from './words/en.ts';

/** @returns the word for it; undefined for a type that this page does not know, which is then shown by its own name. */
export function happened({ type, tag, subject }: RecordItem): Word | undefined {
  if (type !== 'push.accepted') return wordOfType(type);
  if (tag === undefined) return 'event.push.digest';
  if (tag.from === undefined) return 'event.push.new';
  return tag.from === subject?.digest ? 'event.push.same' : 'event.push.moved';
}

/** Of all records of a type together. */
export function wordOfType(type: string): Word | undefined {
  const word = `event.${type}`;
  return Object.hasOwn(en, word) ? (word as Word) : undefined;
}

export type Tone = 'good' | 'warn' | 'bad' | 'plain';

export function toneOf(type: string): Tone {
  if (/refused|failed|missing/.test(type)) return 'bad';
  if (/aborted|drift|found|deleted|revoked|jumped/.test(type)) return 'warn';
  return type === 'push.accepted' ? 'good' : 'plain';
}
