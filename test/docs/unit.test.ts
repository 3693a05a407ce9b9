/** The units of systemd: understood by systemd, and in keeping with the defaults of the settings and the pages. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { settingsSchema } from '../../src/config/settings-schema.ts';
import { run } from '../support/process.ts';
import { makeTemp } from '../support/temp.ts';
import { blocksOf, ROOT } from './blocks.ts';

const textOf = (unit: string): string => readFileSync(join(ROOT, 'contrib/systemd', unit), 'utf8');
const valueIn =
  (text: string) =>
  (key: string): string | undefined =>
    new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1];
const value = valueIn(textOf('registry-warden.service'));
const witness = valueIn(textOf('warden-witness.service'));

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
    expect(witness('ExecStart')).toBe(`${program} witness serve --config /etc/registry-warden/witness.yaml`);
  });

  it('writes only where the settings of README.md put what is written', () => {
    const settings = blocksOf('README.md').find(({ words }) =>
      words.get('file')?.endsWith('/warden.yaml'),
    )?.text;
    expect(settings).toMatch(new RegExp(`^data: ${value('ReadWritePaths')}/`, 'm'));
    const witnessing = blocksOf('docs/transparency.md').find(({ text }) => text.startsWith('name: '))?.text;
    for (const key of ['keyFile', 'state'])
      expect(witnessing).toMatch(new RegExp(`^${key}: ${witness('ReadWritePaths')}/`, 'm'));
  });

  const each = analyze ? it.each : it.skip.each;
  each(['registry-warden.service', 'warden-witness.service'])(
    `%s is understood by systemd${analyze ? '' : ' [systemd-analyze is not installed]'}`,
    async (name) => {
      const temp = makeTemp('unit');
      try {
        // Only its program is not here: a stand-in at a path that exists.
        const program = temp.at('node');
        writeFileSync(program, '#!/bin/sh\n');
        chmodSync(program, 0o755);
        const unit = temp.at('system', name);
        mkdirSync(dirname(unit), { recursive: true });
        writeFileSync(unit, textOf(name).replace(/^ExecStart=\S+/m, `ExecStart=${program}`));
        const { status, stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', unit]);
        expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
      } finally {
        await temp.stop();
      }
    },
  );
});
