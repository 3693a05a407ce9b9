/** docs/auditing.md: its examples, and what the questions answer. `UPDATE_DOCS=1` writes what they say now into the page. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { type OpenedAudit, openAudit } from '../../src/audit/open-audit.ts';
import { QUESTIONS } from '../../src/audit/questions.ts';
import { addAuditCommands } from '../../src/cli/audit.ts';
import { fillBusyRegistry } from '../audit/a-busy-registry.ts';
import { makeFolder } from '../provenance/a-log.ts';
import { blocksOf, ROOT } from './blocks.ts';
import { compareOrUpdate } from './transcripts.ts';

const PAGE = 'docs/auditing.md';
const folder = makeFolder();
let opened: OpenedAudit;
beforeAll(async () => {
  await fillBusyRegistry(folder.path);
  opened = await openAudit(folder.path);
});
afterAll(async () => {
  await opened.close();
  folder.remove();
});

const transcripts = blocksOf(PAGE).filter(({ words }) => words.has('transcript'));
const text = readFileSync(join(ROOT, PAGE), 'utf8');

/** As a shell would cut the line: blanks, and double quotes around what has some. */
function argumentsIn(line: string): string[] {
  return (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^"(.*)"$/, '$1'));
}

async function run(line: string): Promise<string> {
  let said = `${line}\n`;
  const say = (more: string): void => {
    said += `${more}\n`;
  };
  const program = new Command();
  addAuditCommands(program, {
    ...{ out: say, err: say, defaultConfig: '', columns: 120 },
    openAudit: async () => ({ audit: opened.audit, close: async () => undefined }),
    openExport: async () => ({ audit: opened.audit, tree: undefined, close: async () => undefined }),
    progress: undefined,
    whileStoppable: (work) => work(new AbortController().signal),
    readStdin: async () => '',
    exit: (status) => expect({ line, status }).toEqual({ line, status: 0 }),
  });
  await program.parseAsync(argumentsIn(line).slice(2), { from: 'user' });
  // Ids are made by chance.
  return said.replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '019cb77f-d800-7c3a-9e50-5256290fedde');
}

describe(PAGE, () => {
  it.each(transcripts)('says what the questions answer, at line $line', async (block) => {
    const lines = block.text.split('\n').filter((line) => line.startsWith('$ warden '));
    let now = '';
    for (const line of lines) now += await run(line);
    compareOrUpdate(block, now);
  });

  it('names every question and every filter of pushes', () => {
    const names = QUESTIONS.map(({ name }) => name);
    expect(names.filter((name) => !text.includes(`warden audit ${name}`))).toEqual([]);
    const [pushes] = QUESTIONS;
    const shared = [
      'limit',
      'cursor',
      'since',
      'until',
      'result',
      'type',
      'digest',
      'address',
      'inside',
      'tag',
    ];
    const filters = Object.keys(pushes?.parameters.shape ?? {}).filter((name) => !shared.includes(name));
    expect(filters.filter((name) => !text.includes(`--${name}`))).toEqual([]);
  });
});
