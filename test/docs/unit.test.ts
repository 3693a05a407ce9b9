/** The unit of systemd: understood by systemd, and in keeping with the defaults of the settings and the pages. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { settingsSchema } from '../../src/config/settings-schema.ts';
import { run } from '../support/process.ts';
import { makeTemp } from '../support/temp.ts';
import { blocksOf, ROOT } from './blocks.ts';

const UNIT = join(ROOT, 'contrib/systemd/registry-warden.service');
const text = readFileSync(UNIT, 'utf8');
const value = (key: string): string | undefined => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1];

const analyze = await run('systemd-analyze', ['--version']).then(
  ({ status }) => status === 0,
  () => false,
);

describe('the unit', () => {
  it('gives a stop more time than Warden takes by default', () => {
    const shutdown = settingsSchema.shape.shutdown.parse({});
    expect(Number(value('TimeoutStopSec'))).toBeGreaterThan(shutdown.graceSeconds);
  });

  it('starts the program that the command starts', () => {
    const command = blocksOf('README.md').find(({ words }) => words.get('file') === '/usr/local/bin/warden');
    const [, program] = /^exec (.*) "\$@"$/m.exec(command?.text ?? '') ?? [];
    expect(program).toBeDefined();
    expect(value('ExecStart')).toBe(`${program} serve --config /etc/registry-warden/warden.yaml`);
  });

  it('writes only where the settings of README.md put what is written', () => {
    const settings = blocksOf('README.md').find(({ words }) =>
      words.get('file')?.endsWith('/warden.yaml'),
    )?.text;
    expect(settings).toMatch(new RegExp(`^data: ${value('ReadWritePaths')}/`, 'm'));
  });

  const it_ = analyze ? it : it.skip;
  it_(`is understood by systemd${analyze ? '' : ' [systemd-analyze is not installed]'}`, async () => {
    const temp = makeTemp('unit');
    try {
      // Only its program is not here: a stand-in at a path that exists.
      const program = temp.at('node');
      writeFileSync(program, '#!/bin/sh\n');
      chmodSync(program, 0o755);
      const unit = temp.at('system/registry-warden.service');
      mkdirSync(dirname(unit), { recursive: true });
      writeFileSync(unit, text.replace(/^ExecStart=\S+/m, `ExecStart=${program}`));
      const { status, stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', unit]);
      expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
    } finally {
      await temp.stop();
    }
  });
});
