import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { freePort } from './ports.ts';
import { run, startChild } from './process.ts';
import { makeTemp } from './temp.ts';

const PROCESS = join(import.meta.dirname, 'process.ts');

/** Until nothing has that process id, or for two seconds. */
async function isGone(pid: number): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await sleep(20);
  }
  return false;
}

describe('programs that tests run', () => {
  it('tell status, output and error output, and read their input', async () => {
    const result = await run('sh', ['-c', 'cat; echo oops >&2; exit 3'], { input: 'hello' });
    expect(result).toEqual({ status: 3, stdout: 'hello', stderr: 'oops\n' });
  });

  it('are killed when they take too long', async () => {
    await expect(run('sleep', ['60'], { timeoutMs: 50 })).rejects.toThrow('did not end within 50 ms');
  });

  it('that do not exist are a failure with the name', async () => {
    await expect(run('no-such-program', [])).rejects.toThrow('no-such-program cannot be started');
  });
});

describe('children of tests', () => {
  it('that end before they are ready fail with their last words', async () => {
    const child = await startChild('sh', ['-c', 'echo no luck; exit 1']);
    const port = await freePort();
    await expect(child.waitForPort(port)).rejects.toThrow(/status 1.*no luck/s);
  });

  it('that ignore SIGTERM are killed after the grace', async () => {
    const child = await startChild('sh', ['-c', "trap '' TERM; echo ready; while :; do sleep 1; done"]);
    await child.waitForLine(/ready/);
    await child.stop(100);
    expect((await child.ended).signal).toBe('SIGKILL');
  });

  it('that are paused can be stopped', async () => {
    const child = await startChild('sleep', ['60']);
    child.signal('SIGSTOP');
    await child.stop();
    expect((await child.ended).signal).toBe('SIGTERM');
  });

  it('can write into a file, which each reads from its own start on', async () => {
    const temp = makeTemp('process');
    const options = { outputFile: temp.at('log') };
    const first = await startChild('echo', ['one'], options);
    await first.ended;
    const second = await startChild('echo', ['two'], options);
    await second.ended;
    expect([first.output(), second.output()]).toEqual(['one\ntwo\n', 'two\n']);
    await temp.stop();
  });

  it('end with the process that started them, even when that is killed', async () => {
    const script = `
      import { startChild } from ${JSON.stringify(PROCESS)};
      console.log((await startChild('sleep', ['60'])).pid);
    `;
    const parent = await startChild(process.execPath, ['--input-type=module', '--eval', script]);
    const pid = Number(await parent.waitForLine(/^\d+$/));
    process.kill(pid, 0);
    parent.signal('SIGKILL');
    expect(await isGone(pid)).toBe(true);
  });
});
