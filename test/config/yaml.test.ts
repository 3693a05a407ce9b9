import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { describeProblem, readYaml } from '../../src/config/yaml.ts';

const schema = z.strictObject({
  from: z.array(z.string()).min(1).optional(),
  count: z.int().min(1).max(5).default(2),
  name: z.string().min(1).max(5).optional(),
  inner: z.strictObject({ port: z.int(), mode: z.enum(['pull', 'push']) }).optional(),
  words: z.record(z.string(), z.array(z.int())).optional(),
  deep: z.array(z.strictObject({ key: z.boolean().optional() })).prefault([]),
});

function problems(text: string): readonly string[] {
  const read = readYaml(text, 'f.yaml', schema);
  return read.ok ? [] : read.problems.map(describeProblem);
}

describe('readYaml', () => {
  it.each<[string, string, readonly string[]]>([
    [
      'an unknown key, with the one that was meant',
      'form: [a]',
      ['f.yaml:1:1 unknown key `form`; did you mean `from`?'],
    ],
    [
      'an unknown key far from all, with those that there are',
      'inner: { port: 1, mode: pull, x: 1 }',
      ['f.yaml:1:31 inner: unknown key `x`; known here: port, mode'],
    ],
    [
      'each of several unknown keys at its own place',
      'froom: [a]\ncount: 1\nnam: b',
      [
        'f.yaml:1:1 unknown key `froom`; did you mean `from`?',
        'f.yaml:3:1 unknown key `nam`; did you mean `name`?',
      ],
    ],
    [
      'an unknown key in a list',
      'deep:\n  - key: true\n  - kye: true',
      ['f.yaml:3:5 deep[1]: unknown key `kye`; did you mean `key`?'],
    ],
    [
      'a missing key at what should hold it',
      'count: 1\ninner:\n  mode: pull',
      ['f.yaml:2:1 inner.port is missing; expected a number'],
    ],
    ['a number that is too large', 'count: 9', ['f.yaml:1:8 count: expected at most 5']],
    [
      'a number that is not whole',
      'count: 1.5',
      ['f.yaml:1:8 count: expected a whole number, found a number'],
    ],
    ['a text that is too long', 'name: abcdef', ['f.yaml:1:7 name: expected at most 5 characters']],
    [
      'a text of nothing',
      'name: ""',
      ['f.yaml:1:7 name: an empty text says nothing; expected at least one character'],
    ],
    [
      'a list of nothing',
      'from: []',
      ['f.yaml:1:7 from: an empty list says nothing; expected at least one entry'],
    ],
    [
      'a value that is left out, at its key',
      'count: 1\nfrom:\n',
      ['f.yaml:2:1 from: expected a list, found nothing'],
    ],
    ['a text in place of a list', 'from: a', ['f.yaml:1:7 from: expected a list, found a text']],
    [
      'a bare number in place of a text',
      'from: [a, 7]',
      ['f.yaml:1:11 from[1]: expected a text, found a number; put it in quotes'],
    ],
    [
      'a word of the wrong kind',
      'inner: { port: 1, mode: pul }',
      ['f.yaml:1:25 inner.mode: expected one of pull, push; did you mean "pull"?'],
    ],
    [
      'a word that is YAML 1.1’s true',
      'deep: [{ key: yes }]',
      ['f.yaml:1:15 deep[0].key: expected true or false, found a text'],
    ],
    ['a list in place of keys', '- a', ['f.yaml:1:1 expected keys with values, found a list']],
    ['a key that stands twice', 'count: 1\ncount: 2', ['f.yaml:2:1 this key stands twice; keep one']],
    [
      'a key that stands twice in another spelling',
      'count: 1\n"count": 2',
      ['f.yaml:2:1 this key stands twice; keep one'],
    ],
    [
      'an anchor of a mapping',
      'log: &x { level: info }',
      ['f.yaml:1:9 anchors (&…) are not used here; write it out'],
    ],
    [
      'a tag of a mapping',
      'log: !!map { level: info }',
      ['f.yaml:1:12 tags (!…) are not used here; write the value alone'],
    ],
    [
      'an anchor and its alias',
      'from: &a [x]\nname: *a',
      [
        'f.yaml:1:10 anchors (&…) are not used here; write it out',
        'f.yaml:2:7 aliases (*…) are not used here; write it out',
      ],
    ],
    [
      'a merge key',
      'words: { <<: { a: [1] } }',
      ['f.yaml:1:14 words.<<: expected a list, found keys with values'],
    ],
    ['a tag', 'name: !secret x', ['f.yaml:1:7 tags (!…) are not used here; write the value alone']],
    [
      'a tag of YAML itself',
      'name: !!str 1',
      ['f.yaml:1:13 tags (!…) are not used here; write the value alone'],
    ],
    [
      'a directive',
      '%YAML 1.1\n---\ncount: 1',
      ['f.yaml:1:1 directives (%…) are not used here; take them out'],
    ],
    [
      'a second document',
      'count: 1\n---\ncount: 2',
      ['f.yaml:2:1 one document per file; take out the --- lines'],
    ],
    ['a tab', 'inner:\n\tport: 1', ['f.yaml:2:1 a tab stands where blanks are needed']],
    ['a key that is a list', '? [a]\n: b', ['f.yaml:1:3 a key must be a plain word']],
    ['a key that sets a prototype', 'words: { __proto__: [1] }', ['f.yaml:1:10 unknown key `__proto__`']],
    ['an empty file', '', ['f.yaml:1:1 the file holds nothing; expected keys with values']],
    ['a file of comments', '# a\n\n', ['f.yaml:1:1 the file holds nothing; expected keys with values']],
  ])('names %s', (_name, text, wanted) => {
    expect(problems(text)).toEqual(wanted);
  });

  it('names all problems at once, in the order of the text', () => {
    expect(problems('count: 0\nx: 1\nname: 7\ninner: {}\n').map((line) => line.slice(7, 10))).toEqual([
      '1:8',
      '2:1',
      '3:7',
      '4:1',
      '4:1',
    ]);
  });

  it('gives the value with defaults filled in', () => {
    expect(readYaml('from: [a]', 'f.yaml', schema)).toMatchObject({
      ok: true,
      value: { from: ['a'], count: 2, deep: [] },
    });
  });

  it('knows the place of every key and value, and of the nearest thing around what is missing', () => {
    const read = readYaml('# first\nwords:\n  a: [1, 2]\n  b:\n    - 3\n', 'f.yaml', schema);
    if (!read.ok) throw new Error('not read');
    const { positionOf } = read;
    expect(positionOf(['words'], 'key')).toEqual({ line: 2, column: 1 });
    expect(positionOf(['words', 'a', 1])).toEqual({ line: 3, column: 10 });
    expect(positionOf(['words', 'b'], 'key')).toEqual({ line: 4, column: 3 });
    expect(positionOf(['words', 'b', 0])).toEqual({ line: 5, column: 7 });
    expect(positionOf(['words', 'b', 9])).toEqual({ line: 4, column: 3 });
    expect(positionOf(['none', 'such'])).toEqual({ line: 2, column: 1 });
    expect(positionOf([])).toEqual({ line: 2, column: 1 });
  });

  it('refuses a text that unfolds into gigabytes at once', () => {
    const lines = ['l0: &l0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 12; i++)
      lines.push(
        `l${i}: &l${i} [${Array(10)
          .fill(`*l${i - 1}`)
          .join(', ')}]`,
      );
    expect(problems(lines.join('\n'))[0]).toContain('anchors (&…) are not used here');
  });

  it.each([
    ['brackets', '['.repeat(100_000)],
    ['blocks', Array.from({ length: 3000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['a large text', `name: ${'x'.repeat(5 * 1024 * 1024)}`],
  ])('refuses too much of %s in a sentence', (_name, text) => {
    const found = problems(text);
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThan(11);
  });

  it('never repeats a value, which may be a secret', () => {
    const secret = 'hunter2-hunter2';
    for (const key of ['from', 'count', 'name', 'inner', 'words', 'deep']) {
      expect(problems(`${key}: ${secret}`).join('\n')).toMatch(/^f\.yaml:1:\d+ /);
      expect(problems(`${key}: ${secret}`).join('\n')).not.toContain('hunter2');
    }
  });

  it('reads any text into a value or into problems with places in it', () => {
    const words = fc.constantFrom(
      'from',
      'count',
      ':',
      ' ',
      '\n',
      '- ',
      '[',
      ']',
      '{',
      '}',
      'a',
      '1',
      '"',
      '*a',
      '&a',
      '!t',
      '#',
      '|',
      '%',
      ',',
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 30 }), (parts) => {
        const text = parts.join('');
        const read = readYaml(text, 'f.yaml', schema);
        if (read.ok) return;
        expect(read.problems.length).toBeGreaterThan(0);
        for (const { line, column } of read.problems) {
          const there = text.split('\n')[line - 1];
          expect(there).toBeDefined();
          expect(column).toBeGreaterThanOrEqual(1);
          expect(column).toBeLessThanOrEqual((there ?? '').length + 2);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
