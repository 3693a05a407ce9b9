/** The scripts are run by the shells that they are for. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { requireSuccess, run } from '../support/process.ts';
import { makeTemp } from '../support/temp.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
const temp = makeTemp('completion');

beforeAll(async () => {
  for (const shell of ['bash', 'zsh']) {
    const made = requireSuccess(await run(process.execPath, [MAIN, 'completion', shell]));
    writeFileSync(temp.at(shell), made.stdout);
  }
  mkdirSync(temp.at('place'));
  writeFileSync(temp.at('place/a file.yaml'), '');
});
afterAll(() => temp.stop());

/** What stands before the cursor, the last of it to be completed; what must be offered; what must not. */
const CASES: readonly (readonly [readonly string[], readonly string[], readonly string[]])[] = [
  [[''], ['serve', 'audit', 'completion', 'policy'], ['--version', 'pushes']],
  [['--'], ['--version', '--help'], ['serve']],
  [
    ['audit', 'pu'],
    ['pushes', 'pulls'],
    ['serve', 'image'],
  ],
  [['audit', 'pushes', '--re'], ['--repository', '--refused'], ['--csv']],
  [['audit', 'pushes', '--user', 'audit', '--c'], ['--config', '--csv', '--cursor'], ['--version']],
  [['audit', 'pushes', '--user', ''], [], ['pushes', '--csv', 'audit']],
  [['audit', 'pushes', '--config', 'place/'], ['place/a file.yaml'], ['--csv']],
  [['log', 'check-export', 'pl'], ['place'], ['--key']],
  [['completion', ''], ['bash', 'zsh'], ['serve']],
  [['nothing', 'audit', ''], ['pushes'], ['serve']],
];

describe('warden completion', () => {
  test('of another shell says which there are', async () => {
    const { status, stderr } = await run(process.execPath, [MAIN, 'completion', 'fish']);
    expect([status === 0, stderr]).toEqual([false, expect.stringContaining('bash, zsh')]);
  });
});

describeNeeding(['bash'], 'the completion of bash', () => {
  test.each(CASES)('behind %j', async (words, offered, not) => {
    const script = `
      source ${temp.at('bash')}
      cd ${temp.path}
      COMP_WORDS=(warden "$@") COMP_CWORD=$#
      _warden
      printf '%s\\n' "\${COMPREPLY[@]}"
    `;
    const { status, stdout, stderr } = await run('bash', ['-u', '-c', script, 'bash', ...words]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const found = stdout.split('\n');
    expect(found).toEqual(expect.arrayContaining([...offered]));
    expect(found.filter((word) => not.includes(word))).toEqual([]);
  });
});

describeNeeding(['zsh'], 'the completion of zsh', () => {
  test.each(CASES)('behind %j', async (words, offered, not) => {
    // Outside of its editor zsh has no completion: these stand for what the script calls, and filter as they do.
    const script = `
      cd ${temp.path}
      say() { local one; for one in "$@"; do [[ $one == \${words[CURRENT]}* ]] && print -r -- $one; done; return 0; }
      compdef() { print -r -- "for $2" >&2 }
      compadd() { shift; say "$@" }
      _files() { local -a found; found=(\${words[CURRENT]}*(N)); say $found }
      _describe() { local -a list; list=("\${(@P)\${@[-1]}}"); say \${list%%:*} }
      source ${temp.at('zsh')}
      words=(warden "$@"); CURRENT=$#words
      _warden
    `;
    const { stdout, stderr } = await run('zsh', ['-f', '-c', script, 'zsh', ...words]);
    expect(stderr).toBe('for warden\n');
    const found = stdout.split('\n');
    expect(found).toEqual(expect.arrayContaining([...offered]));
    expect(found.filter((word) => not.includes(word))).toEqual([]);
  });
});
