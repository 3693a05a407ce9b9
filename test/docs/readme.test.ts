/** What README.md shows of the demonstration is what it prints; the other blocks of both pages are of a kind that is tried. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { run } from '../support/process.ts';
import { makeTemp } from '../support/temp.ts';
import { blocksOf, ROOT } from './blocks.ts';

const DEMO_MS = 180_000;

/** What differs from run to run, widths of columns included. */
function normalized(text: string): string[] {
  return (
    text
      .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?/g, 'TIME')
      .replace(/\b[0-9a-f]{12,64}\b/g, 'HEX')
      .replace(/[A-Za-z0-9+/]{43}=/g, 'HASH')
      // A record that was made meanwhile is signed or not yet.
      .replace(/good: \d+ records/, 'good: N records')
      .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
      .replace(/skopeo\/\S+/g, 'skopeo/VERSION')
      .split('\n')
      .map((line) => line.trim().replace(/\s+/g, ' '))
      .filter((line) => line !== '' && !/^port \d+ is taken/.test(line))
  );
}

describeNeeding(['docker-registry', 'skopeo'], 'script/start --demo', () => {
  it(
    'prints what README.md shows, and ends with status 0',
    async () => {
      const shown = blocksOf('README.md').find(({ words }) => words.get('output') === 'script/start --demo');
      const temp = makeTemp('demo');
      try {
        const { status, stdout, stderr } = await run(
          join(ROOT, 'script/start'),
          ['--demo', '--data', temp.at('var')],
          { cwd: ROOT, timeoutMs: DEMO_MS },
        );
        expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
        expect(normalized(stdout)).toEqual(normalized(shown!.text));
      } finally {
        await temp.stop();
      }
    },
    DEMO_MS,
  );
});

describe('each example', () => {
  const blocks = ['README.md', 'docs/operating.md'].flatMap(blocksOf);

  it('is of a kind that is tried', () => {
    const untried = blocks.filter(({ language, words }) => {
      const tried = ['run', 'file', 'output', 'checkout', 'elsewhere', 'shape'].some((word) =>
        words.has(word),
      );
      // A block without a language is a picture.
      return !tried && language !== '' && language !== 'promql';
    });
    expect(untried.map(({ page, line }) => `${page}:${line}`)).toEqual([]);
  });

  it('of a checkout begins with a program that is there, with options that it knows', async () => {
    const lines = blocks
      .filter(({ words }) => words.has('checkout'))
      .flatMap(({ text }) => text.trim().split('\n'));
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) {
      const [program = '', ...options] = line.split(' ');
      const source = readFileSync(join(ROOT, program), 'utf8');
      for (const option of options) expect(source).toContain(option);
    }
  });

  it('that is tried elsewhere stands there too', () => {
    for (const { words, text } of blocks.filter((block) => block.words.has('elsewhere'))) {
      const file = join(ROOT, words.get('elsewhere') ?? '');
      expect(existsSync(file)).toBe(true);
      for (const line of text.trim().split('\n')) expect(readFileSync(file, 'utf8')).toContain(line);
    }
  });

  it('of a log line is JSON with the keys that the log has', () => {
    const [line] = blocks.filter(({ words }) => words.get('shape') === 'log');
    const known =
      readFileSync(join(ROOT, 'src/http/server.ts'), 'utf8') +
      readFileSync(join(ROOT, 'src/gate/exchange.ts'), 'utf8');
    const keys = Object.keys(JSON.parse(line!.text) as object).filter(
      (key) => !['level', 'time', 'msg'].includes(key),
    );
    expect(keys.filter((key) => !known.includes(key))).toEqual([]);
  });
});
