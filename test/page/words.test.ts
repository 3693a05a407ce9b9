import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { catalogue } from '../../src/errors.ts';
import { TROUBLES } from '../../src/http/api/status.ts';
import { wordOfError } from '../../src/page/error-word.ts';
import { wordOfType } from '../../src/page/happened.ts';
import { en } from '../../src/page/words/en.ts';
import { zh } from '../../src/page/words/zh.ts';
import { RECORD_TYPES } from '../../src/provenance/record.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'src', 'page');
const source = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !name.startsWith('words/'))
  .map((name) => readFileSync(join(FOLDER, name), 'utf8'))
  .join('\n');

describe('the words of the page', () => {
  test('are the same in each language, and none is empty where another is not', () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
    const places = (text: string): readonly string[] => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
    for (const [word, text] of Object.entries(en)) {
      const other = zh[word as keyof typeof zh];
      expect([word, other === '', places(other)]).toEqual([word, text === '', places(text)]);
    }
  });

  test('are all said somewhere', () => {
    const unsaid = Object.keys(en).filter((word) => {
      const [, group = '', last = ''] = /^(.*)\.([^.]*)$/.exec(word) ?? [];
      // Those that are put together, as in `evidence.${how}`.
      const built = [`\`${group}.\${`, `\`${word.split('.')[0]}.\${`];
      return (
        !new RegExp(`['"]${word}['"]`).test(source) &&
        !(last !== '' && built.some((text) => source.includes(text)))
      );
    });
    expect(unsaid).toEqual([]);
  });

  test('have a sentence for every error that the API may answer', () => {
    const described = readFileSync(join(FOLDER, '..', '..', 'docs', 'openapi.json'), 'utf8');
    const answered = Object.keys(catalogue).filter((name) => new RegExp(`\\b${name}\\b`).test(described));
    expect(answered).toContain('FILTER_MALFORMED');
    expect(answered.filter((name) => wordOfError(name) === undefined)).toEqual([]);
  });

  test('name every type of record, and every trouble', () => {
    expect(RECORD_TYPES.filter((type) => wordOfType(type) === undefined)).toEqual([]);
    expect(TROUBLES.filter((name) => !Object.hasOwn(en, `trouble.${name}`))).toEqual([]);
  });
});
