/** docs/policy-tools.md: its files, and what the tools say of them. `UPDATE_DOCS=1` writes what they say now into the page. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { run } from '../support/process.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { blocksOf, ROOT } from './blocks.ts';
import { compareOrUpdate } from './transcripts.ts';

const PAGE = 'docs/policy-tools.md';
const MAIN = join(ROOT, 'src', 'main.ts');

let temp: Temp;
beforeAll(() => {
  temp = makeTemp('policy-tools');
  for (const { words, text } of blocks.filter((block) => block.words.has('file'))) {
    const file = temp.at(words.get('file') ?? '');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
});
afterAll(() => temp?.stop());

const blocks = blocksOf(PAGE);
const transcripts = blocks.filter(({ words }) => words.has('transcript'));

/** As a shell would cut the line: blanks, and double quotes around what has some. */
function argumentsIn(line: string): string[] {
  return (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^"(.*)"$/, '$1'));
}

/** What is different each time. */
function masked(text: string): string {
  return text.replace(/sha256:[0-9a-f]{64}/g, 'sha256:…');
}

async function play(text: string): Promise<string> {
  const shown: string[] = [];
  for (const line of text.split('\n').filter((one) => one.startsWith('$ warden '))) {
    const { stdout, stderr } = await run(process.execPath, [MAIN, ...argumentsIn(line).slice(2)], {
      cwd: temp.path,
    });
    shown.push(`${line}\n${masked(stdout + stderr)}`);
  }
  return shown.join('');
}

describe(PAGE, () => {
  it('has transcripts', () => {
    expect(transcripts.length).toBeGreaterThanOrEqual(5);
  });

  it.each(transcripts)('says what the tools say, at line $line', async (block) => {
    const now = await play(block.text);
    compareOrUpdate(block, now);
  });

  it('names every key of a case', async () => {
    const { casesDocument } = await import('../../src/cases/schema.ts');
    const keys = [
      ...Object.keys(casesDocument.shape),
      ...Object.keys(casesDocument.shape.cases.element.shape),
    ].filter((key) => key !== 'cases');
    const text = readFileSync(join(ROOT, PAGE), 'utf8');
    expect(keys.filter((key) => !text.includes(`\`${key}\``))).toEqual([]);
  });
});
