import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { canonicalBytes } from '../../src/provenance/canonical.ts';
import { EVIDENCE, RECORD_TYPES, recordSchema } from '../../src/provenance/record.ts';

const page = readFileSync(new URL('../../docs/record.md', import.meta.url), 'utf8');

/** The codes in the first column of the tables in a part of the page. */
function firstColumn(heading: string): readonly string[] {
  const part = page.split(/^(?=#{2} )/m).find((one) => one.startsWith(`## ${heading}\n`)) ?? '';
  return [...part.matchAll(/^\| (`.*?`) \|/gm)].flatMap((row) =>
    [...(row[1] ?? '').matchAll(/`([^`]+)`/g)].map((code) => String(code[1])),
  );
}

/** What a schema looks like to this test; zod's own types say more than is needed. */
interface Shape {
  readonly def: { readonly type: string };
  readonly shape?: Readonly<Record<string, Shape>>;
  readonly element?: Shape;
  unwrap?(): Shape;
}

function pathsOf(schema: Shape, at: string): readonly string[] {
  if (schema.def.type === 'optional') return pathsOf(schema.unwrap?.() as Shape, at);
  if (schema.def.type === 'record') return [`${at}.*`];
  if (schema.def.type === 'array' && schema.element?.def.type === 'object')
    return pathsOf(schema.element, `${at}[]`);
  if (!schema.shape) return [at];
  return Object.entries(schema.shape).flatMap(([key, part]) =>
    pathsOf(part, at === '' ? key : `${at}.${key}`),
  );
}

describe('docs/record.md', () => {
  it('has every field of the schema, and no other', () => {
    const fields = new Set(recordSchema.options.flatMap((option) => pathsOf(option, '')));
    expect([...firstColumn('Fields')].sort()).toEqual([...fields].sort());
  });

  it('has every type and every kind of evidence, and no other', () => {
    expect([...firstColumn('Types')].sort()).toEqual([...RECORD_TYPES].sort());
    expect(firstColumn('Evidence')).toEqual(EVIDENCE);
  });

  it('has an example that is canonical, of the schema, and of the length and hash that it says', () => {
    const leaf = /```json\n(.*)\n```/.exec(page)?.[1] ?? '';
    const record: unknown = JSON.parse(leaf);
    expect(recordSchema.parse(record)).toEqual(record);
    expect(Buffer.from(canonicalBytes(record)).toString('utf8')).toBe(leaf);
    expect(page).toContain(`Its length is ${Buffer.byteLength(leaf)} bytes`);
    expect(page).toContain(createHash('sha256').update(leaf).digest('hex'));
  });
});
