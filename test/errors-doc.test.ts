import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { catalogue } from '../src/errors.ts';

/** A cell this short says nothing. */
const LEAST_WORDS = 4;

describe('docs/errors.md', () => {
  const rows = readRows(readFileSync(join(import.meta.dirname, '..', 'docs', 'errors.md'), 'utf8'));

  it('describes every refusal once, in the order of the catalogue, and no other', () => {
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(catalogue));
  });

  it.each(Object.entries(catalogue))('has status and code of %s as clients get them', (name, entry) => {
    const row = rows.find((one) => one.name === name);
    expect(row).toMatchObject({ status: String(entry.status), code: entry.code });
  });

  it.each(rows)('says of $name what it means and what to do', ({ means, remedy }) => {
    expect(means.split(' ').length).toBeGreaterThanOrEqual(LEAST_WORDS);
    expect(remedy.split(' ').length).toBeGreaterThanOrEqual(LEAST_WORDS);
  });
});

describe('the catalogue of refusals', () => {
  it('uses codes of the distribution specification, and those with a meaning of their own in clients', () => {
    const codes = new Set(Object.values(catalogue).map(({ code }) => code));
    expect([...codes].sort()).toEqual([
      'BLOB_UPLOAD_UNKNOWN',
      'DENIED',
      'DIGEST_INVALID',
      'MANIFEST_INVALID',
      'MANIFEST_UNKNOWN',
      'NAME_UNKNOWN',
      'SIZE_INVALID',
      'TOOMANYREQUESTS',
      'UNAUTHORIZED',
      'UNAVAILABLE',
      'UNKNOWN',
      'UNSUPPORTED',
    ]);
  });

  it.each(Object.entries(catalogue))('has one short line for %s', (_name, { message }) => {
    expect(message).toMatch(/^[\x20-\x7e]{10,120}$/);
  });
});

interface Row {
  readonly name: string;
  readonly status: string;
  readonly code: string;
  readonly means: string;
  readonly remedy: string;
}

function readRows(text: string): Row[] {
  return text.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const [, name = '', status = '', code = '', means = '', remedy = ''] = cells;
    return /^[A-Z_]+$/.test(name) ? [{ name, status, code, means, remedy }] : [];
  });
}
