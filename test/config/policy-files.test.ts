import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadPolicy, loadSteadyPolicy, stampPolicyFiles } from '../../src/config/policy-files.ts';
import { createPolicyHolder, watchPolicy } from '../../src/config/policy-holder.ts';
import { readText } from '../../src/config/read-text.ts';
import { describeProblem } from '../../src/config/yaml.ts';

const rule = (id: string) => `rules:\n  - { id: ${id}, allow: [pull], repositories: ["**"] }\n`;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warden-policy-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function write(name: string, text: string): Promise<void> {
  await writeFile(join(folder, name), text);
}

async function loaded(path = folder) {
  const result = await loadPolicy(path);
  return result.ok ? result.policy.rules.map(({ id }) => id) : result.problems.map(describeProblem);
}

describe('loadPolicy', () => {
  it('makes one policy of all files of a folder', async () => {
    await write('b.yaml', rule('one'));
    await write('a.yaml', rule('two'));
    await write('c.yaml', 'networks: { x: [10.0.0.0/8] }\n');
    expect(await loaded()).toEqual(['one', 'two']);
  });

  it('takes a single file of any name', async () => {
    await write('policy.txt', rule('one'));
    expect(await loaded(join(folder, 'policy.txt'))).toEqual(['one']);
  });

  it('leaves hidden files and the leavings of editors alone', async () => {
    await write('a.yaml', rule('one'));
    for (const name of ['.a.yaml', 'a.yaml~', 'a.yaml.swp', '#a.yaml#', 'README.md'])
      await write(name, 'not: [a policy');
    expect(await loaded()).toEqual(['one']);
  });

  it('refuses a folder with a file that looks like policy and would not be read', async () => {
    await write('a.yaml', rule('one'));
    await write('deny.yml', rule('two'));
    expect(await loaded()).toEqual([
      `${folder}:1:1 deny.yml would not be read: end its name in .yaml, or take it away`,
    ]);
  });

  it('refuses a pipe, which nobody may ever write to', async () => {
    await write('a.yaml', rule('one'));
    execFileSync('mkfifo', [join(folder, 'p.yaml')]);
    expect(await loaded()).toEqual([`${folder}:1:1 p.yaml is a pipe or a device; expected a file`]);
  });

  it('warns of a file that every user of the machine may change', async () => {
    await write('a.yaml', rule('one'));
    await chmod(join(folder, 'a.yaml'), 0o666);
    const result = await loadPolicy(folder);
    expect(result.ok && result.warnings.map(describeProblem)).toEqual([
      `${folder}/a.yaml:1:1 every user of this machine may change the policy here (mode 666); chmod o-w ${folder}/a.yaml`,
    ]);
  });

  it('names the problems of all files at once, in the order of their names', async () => {
    await write('b.yaml', 'ruls: []');
    await write('a.yaml', 'a: 1\na: 2');
    await mkdir(join(folder, 'c.yaml'));
    await write('d.yaml', rule('one'));
    expect(await loaded()).toEqual([
      `${folder}/a.yaml:2:1 this key stands twice; keep one`,
      `${folder}/b.yaml:1:1 unknown key \`ruls\`; did you mean \`rules\`?`,
      `${folder}/c.yaml:1:1 cannot be read: it is a folder, not a file`,
    ]);
  });

  it('names both places of a rule that stands in two files', async () => {
    await write('a.yaml', rule('one'));
    await write('b.yaml', rule('one'));
    expect(await loaded()).toEqual([
      `${folder}/b.yaml:2:11 "one" is already the name of a rule at ${folder}/a.yaml:2:5`,
    ]);
  });

  it.each([
    ['an empty folder', '.', 'the folder holds no *.yaml file, so there is no policy'],
    ['a missing folder', 'missing', 'cannot be read: it does not exist'],
    ['a file that leads nowhere', 'nowhere', 'cannot be read: it does not exist'],
    ['a file that leads to itself', 'circle', 'cannot be read: its symbolic links lead in a circle'],
  ])('says of %s what is wrong', async (_name, path, wanted) => {
    await symlink('gone', join(folder, 'nowhere'));
    await symlink('circle', join(folder, 'circle'));
    expect(await loaded(join(folder, path))).toEqual([`${join(folder, path)}:1:1 ${wanted}`]);
  });
});

describe('loadSteadyPolicy', () => {
  it('reads again where a file changes while others are read', async () => {
    await write('a.yaml', rule('one'));
    await write('b.yaml', rule('two'));
    let changed = false;
    const result = await loadSteadyPolicy(folder, async (path) => {
      const text = await readText(path);
      // After the first file was read, what it said moves to the second.
      if (!changed) {
        changed = true;
        await write('a.yaml', rule('two'));
        await write('b.yaml', rule('one'));
      }
      return text;
    });
    expect(result.ok && result.policy.rules.map(({ id }) => id)).toEqual(['one', 'two']);
  });

  it('says so where they change without end', async () => {
    await write('a.yaml', rule('one'));
    let count = 0;
    const result = await loadSteadyPolicy(folder, async (path) => {
      await write(`n${++count}.yaml`, rule(`n${count}`));
      return readText(path);
    });
    expect(result.ok ? [] : result.problems.map(describeProblem)).toEqual([
      `${folder}:1:1 the files change again and again while they are read; the next look reads them anew`,
    ]);
  });
});

describe('a policy that is held', () => {
  async function held() {
    const first = await loadPolicy(folder);
    if (!first.ok) throw new Error('not loaded');
    const events: string[] = [];
    const holder = createPolicyHolder({
      initial: first.policy,
      load: () => loadPolicy(folder),
      onChange: (next, previous) => events.push(`changed ${next.digest !== previous.digest}`),
      onProblem: (problems) => events.push(...problems.map((problem) => problem.message)),
    });
    const ids = () => holder.current().rules.map(({ id }) => id);
    return { holder, events, ids };
  }

  it('is replaced when its files say something else', async () => {
    await write('a.yaml', rule('one'));
    const { holder, events, ids } = await held();
    await write('a.yaml', rule('two'));
    expect(ids()).toEqual(['one']);
    expect(await holder.reload()).toBe('changed');
    expect(ids()).toEqual(['two']);
    expect(events).toEqual(['changed true']);
  });

  it('goes on when its files are bad, gone or empty, and is replaced when they are good again', async () => {
    await write('a.yaml', rule('one'));
    const { holder, events, ids } = await held();
    for (const text of ['', 'rules: []', rule('two').slice(0, -4)]) {
      await write('a.yaml', text);
      expect(await holder.reload()).toBe('refused');
      expect(ids()).toEqual(['one']);
    }
    await rm(join(folder, 'a.yaml'));
    expect(await holder.reload()).toBe('refused');
    expect(events).toHaveLength(4);
    await write('b.yaml', rule('two'));
    expect(await holder.reload()).toBe('changed');
    expect(ids()).toEqual(['two']);
  });

  it('is not told of as changed when only a comment is', async () => {
    await write('a.yaml', rule('one'));
    const { holder, events } = await held();
    await write('a.yaml', `# new\n${rule('one')}`);
    expect(await holder.reload()).toBe('same');
    expect(events).toEqual([]);
  });

  it('is read once after another, so that the last reading counts', async () => {
    await write('a.yaml', rule('one'));
    const { holder, ids } = await held();
    await write('a.yaml', rule('two'));
    const first = holder.reload();
    await write('a.yaml', rule('three'));
    await Promise.all([first, holder.reload()]);
    expect(ids()).toEqual(['three']);
  });

  it('goes on when the loader has a defect, and can be loaded afterwards', async () => {
    await write('a.yaml', rule('one'));
    const first = await loadPolicy(folder);
    if (!first.ok) throw new Error('not loaded');
    const messages: string[] = [];
    let broken = true;
    const holder = createPolicyHolder({
      initial: first.policy,
      load: () => (broken ? Promise.reject(new Error('a defect')) : loadPolicy(folder)),
      onChange: () => messages.push('changed'),
      onProblem: (problems) => messages.push(...problems.map(({ message }) => message)),
    });
    expect(await holder.reload()).toBe('refused');
    expect(holder.current()).toBe(first.policy);
    broken = false;
    await write('a.yaml', rule('two'));
    expect(await holder.reload()).toBe('changed');
    expect(messages).toEqual(['the policy could not be loaded: a defect', 'changed']);
  });
});

describe('watchPolicy', () => {
  it.each<[string, () => Promise<void>]>([
    ['written in place', () => write('a.yaml', rule('two'))],
    ['written in place with the same length', () => write('a.yaml', rule('eno'))],
    [
      'renamed into place',
      async () => {
        await write('a.new', rule('two'));
        await rename(join(folder, 'a.new'), join(folder, 'a.yaml'));
      },
    ],
    ['added', () => write('b.yaml', rule('two'))],
    ['taken away', () => rm(join(folder, 'a.yaml'))],
  ])('sees a file that is %s', async (_name, change) => {
    await write('a.yaml', rule('one'));
    await write('z.yaml', rule('last'));
    const stamp = () => stampPolicyFiles(folder);
    const initialStamp = await stamp();
    expect(await stamp()).toBe(initialStamp);
    let looks = 0;
    const reloaded = new Promise<number>((resolve) => {
      const watch = watchPolicy({
        stamp: () => {
          looks++;
          return stamp();
        },
        initialStamp,
        reload: async () => {
          watch.close();
          resolve(looks);
        },
        intervalMs: 5,
      });
    });
    // Long-lived timers are unreferenced, so this one keeps the test alive.
    const alive = setInterval(() => undefined, 1000);
    await change();
    expect(await reloaded).toBeGreaterThan(0);
    clearInterval(alive);
  });

  it('waits for a file that is still being written', async () => {
    await write('a.yaml', rule('one'));
    const initialStamp = await stampPolicyFiles(folder);
    const whole = 'rules:\n  - id: two\n    allow: [push]\n    repositories: ["**"]\n    from: [10.0.0.1]\n';
    const pieces = whole.split(/(?<=\n)/);
    let written = 0;
    let read: string | undefined;
    const reloaded = new Promise<void>((resolve) => {
      const watch = watchPolicy({
        // Before each look a line more stands in the file, until all do.
        stamp: async () => {
          if (written < pieces.length) await write('a.yaml', pieces.slice(0, ++written).join(''));
          return stampPolicyFiles(folder);
        },
        initialStamp,
        reload: async () => {
          const text = await readText(join(folder, 'a.yaml'));
          read = text.ok ? text.text : undefined;
          watch.close();
          resolve();
        },
        intervalMs: 1,
      });
    });
    const alive = setInterval(() => undefined, 1000);
    await reloaded;
    clearInterval(alive);
    expect(read).toBe(whole);
  });

  it('does not reload while nothing changes, and stops when closed', async () => {
    await write('a.yaml', rule('one'));
    const initialStamp = await stampPolicyFiles(folder);
    let looks = 0;
    let reloads = 0;
    const looked = new Promise<void>((resolve) => {
      const watch = watchPolicy({
        stamp: async () => {
          if (++looks === 3) {
            watch.close();
            resolve();
          }
          return looks >= 2 ? 'another' : initialStamp;
        },
        initialStamp,
        reload: async () => {
          reloads++;
        },
        intervalMs: 1,
      });
    });
    const alive = setInterval(() => undefined, 1000);
    await looked;
    clearInterval(alive);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([looks, reloads]).toEqual([3, 0]);
  });
});
