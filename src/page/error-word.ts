import { en, type Word } from './words/en.ts';

/** @param code the name of an error, as the API or a record has it. @returns undefined for one that this page does not know. */
export function wordOfError(code: string): Word | undefined {
  const word = `error.${code}`;
  return Object.hasOwn(en, word) ? (word as Word) : undefined;
}
