/** What the pages point at is there: files, headings, and the paths that they name in the text. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { allPages, proseOf, ROOT, readPage } from './blocks.ts';

/** As GitHub makes an anchor of a heading. */
function anchorsOf(page: string): Set<string> {
  const headings = proseOf(page).matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, text = '']) =>
      text
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

const pages = allPages();

describe('the links of', () => {
  it.each(pages)('%s lead somewhere', (page) => {
    const broken: string[] = [];
    for (const [, target = ''] of proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(https?|mailto):/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : normalize(join(dirname(page), path));
      if (!existsSync(join(ROOT, file))) broken.push(target);
      else if (anchor !== undefined && !anchorsOf(file).has(anchor)) broken.push(target);
    }
    expect(broken).toEqual([]);
  });
});

describe('the files that the text names', () => {
  // certs/ holds what operators make; dist/ is made when a package is.
  const named = /`((?:src|test|script|docs|policies|contrib|bench)\/[A-Za-z0-9_./-]*)/g;
  it.each(pages)('in %s are there', (page) => {
    const missing = [...proseOf(page).matchAll(named)]
      .map(([, path = '']) => path)
      .filter((path) => !existsSync(join(ROOT, path)));
    expect(missing).toEqual([]);
  });
});

it('every page of docs is reached from README.md', () => {
  const reached = new Set<string>();
  const follow = (page: string): void => {
    if (reached.has(page)) return;
    reached.add(page);
    for (const [, target = ''] of readPage(page).matchAll(/\]\(([^)#\s]+)/g)) {
      const file = normalize(join(dirname(page), target));
      if (/^https?:/.test(target) || !existsSync(join(ROOT, file))) continue;
      if (statSync(join(ROOT, file)).isDirectory()) {
        for (const inside of pages.filter((one) => one.startsWith(normalize(`${file}/`)))) follow(inside);
      } else if (file.endsWith('.md')) follow(file);
    }
  };
  follow('README.md');
  expect(pages.filter((page) => page.startsWith('docs/') && !reached.has(page))).toEqual([]);
});
