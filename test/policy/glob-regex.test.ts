import { expect, it } from '@jest/globals';
import { ANONYMOUS } from '../../src/policy/facts.ts';
import { matchesRepository, matchesTag, parseRepositoryGlob, parseTagGlob } from '../../src/policy/glob.ts';
import { repositoryRegex, tagRegex } from '../../src/policy/glob-regex.ts';

const PIECES = ['**', '*', 'a', 'ab', 'a.b', 'a-b', 'a__b', 'a*', '*b', 'a*b', '*a*b*', '{user}', '{group}'];
const NAMES = ['a', 'ab', 'b', 'a.b', 'axb', 'a-b', 'a__b', 'aab', 'bab', 'ba'];

it('a pattern of repositories and its expression fit the same names', () => {
  let seed = 1;
  const pick = (from: readonly string[]): string => {
    seed = (seed * 48_271) % 2_147_483_647;
    return from[seed % from.length] ?? '';
  };
  const some = (from: readonly string[]): string =>
    Array.from({ length: 1 + Number(pick(['0', '1', '2', '3'])) }, () => pick(from)).join('/');
  const seen = { fits: 0, differs: 0, variable: 0 };
  for (let n = 0; n < 20_000; n++) {
    const parsed = parseRepositoryGlob(some(PIECES));
    if (!parsed.ok) continue;
    const name = some(NAMES);
    const regex = repositoryRegex(parsed.glob);
    const fits = regex !== undefined && new RegExp(regex).test(`${name}/`);
    expect([parsed.glob.text, name, fits]).toEqual([
      parsed.glob.text,
      name,
      matchesRepository(parsed.glob, name.split('/'), ANONYMOUS),
    ]);
    if (regex === undefined) seen.variable++;
    else if (fits) seen.fits++;
    else seen.differs++;
  }
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(100);
});

it.each([
  ['1.*', '1.0', '1x0', '1.'],
  ['*', 'latest', '1.0', '_'],
  ['*-rc*', '1.0-rc1', '-rc', '1.0'],
  ['v1.0', 'v1.0', 'v1x0', 'v1.01'],
])('the pattern of tags %s and its expression fit the same', (text, ...tags) => {
  const parsed = parseTagGlob(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  for (const tag of tags)
    expect(new RegExp(tagRegex(parsed.glob)).test(tag)).toBe(matchesTag(parsed.glob, tag));
});
