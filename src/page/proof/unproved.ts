/** Why a proof does not hold. */
import { en, type Word } from '../words/en.ts';

export class Unproved extends Error {
  override readonly name = 'Unproved';
  readonly word: Extract<Word, `unproved.${string}`>;
  readonly values: Readonly<Record<string, string | number>>;

  /** @param values what stands in the sentence. */
  constructor(word: Unproved['word'], values: Unproved['values'] = {}) {
    super(en[word].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? '')));
    this.word = word;
    this.values = values;
  }
}
