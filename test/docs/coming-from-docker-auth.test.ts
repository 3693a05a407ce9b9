/** The example of docs/coming-from-docker-auth.md gives what the page shows, and answers as the page says. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadPolicy } from '../../src/config/policy-files.ts';
import { loadUsers } from '../../src/identity/users-file.ts';
import { decide } from '../../src/policy/decide.ts';
import { type Action, ANONYMOUS } from '../../src/policy/facts.ts';
import { person, question } from '../policy/build.ts';
import { type Result, run } from '../support/process.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { blocksOf, ROOT } from './blocks.ts';

const blocks = blocksOf('docs/coming-from-docker-auth.md');
const block = (word: string, value?: string): string =>
  blocks.find(({ words }) => words.has(word) && (value === undefined || words.get(word) === value))?.text ??
  '';

let temp: Temp;
let result: Result;
beforeAll(async () => {
  temp = makeTemp('coming');
  writeFileSync(temp.at('auth_config.yml'), block('file'));
  const [program, ...args] = block('run').trim().split(' ');
  expect(program).toBe('warden');
  result = await run('node', [join(ROOT, 'src/main.ts'), ...args], { cwd: temp.path });
});
afterAll(() => temp.stop());

describe('docs/coming-from-docker-auth.md', () => {
  it('shows the report', () => {
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(result.stdout).toBe(block('output', ''));
  });

  it.each(['imported/policies/docker-auth.yaml', 'imported/users.yaml'])('shows %s', (file) => {
    expect(readFileSync(temp.at(file), 'utf8')).toBe(block('output', file));
  });

  it.each<[string, string, Action, string, boolean]>([
    ['admin', '192.0.2.1', 'delete', 'secret/x', true],
    ['joe', '10.1.2.3', 'pull', 'secret/x', false],
    ['ci-web', '10.1.2.3', 'create', 'web/shop', true],
    ['ci-web', '10.7.7.7', 'create', 'web/shop', false],
    ['ci-web', '10.1.2.3', 'create', 'base/os', false],
    ['joe', '10.1.2.3', 'delete', 'joe/x', true],
    ['joe', '10.1.2.3', 'create', 'web/shop', false],
    ['', '10.7.7.7', 'pull', 'tools', true],
    ['', '10.7.7.7', 'pull', 'mytools', false],
    ['', '10.7.7.7', 'create', 'base/os', false],
  ])('%s from %s, %s %s: %s', async (name, address, action, repository, granted) => {
    const policy = await loadPolicy(temp.at('imported/policies'));
    const users = await loadUsers(temp.at('imported/users.yaml'));
    if (!policy.ok || !users.ok) throw new Error('the import is not good');
    const subject = name === '' ? ANONYMOUS : person(name, ...(users.users.byName.get(name)?.groups ?? []));
    const { verdict } = decide(
      policy.policy,
      question({ subject, address, tokenAddress: address, repository, actions: [action], tag: undefined }),
    );
    expect(verdict).toBe(granted ? 'granted' : 'refused');
  });
});
