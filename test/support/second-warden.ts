/** Another instance beside a Warden: the same keys, users, policy and registry; a port and a data folder of its own. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { freePort } from './ports.ts';
import type { Child } from './process.ts';
import { type RunningWarden, type Settings, serveWarden } from './warden.ts';

export interface SecondWarden {
  readonly host: string;
  readonly port: number;
  readonly operationsUrl: string;
  readonly settingsFile: string;
  log(): string;
  signal(name: NodeJS.Signals): void;
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startSecondWarden(first: RunningWarden): Promise<SecondWarden> {
  const port = await freePort(first.host);
  const operationsPort = await freePort();
  const settings = parse(readFileSync(first.settingsFile, 'utf8')) as Settings & { listen: object };
  const settingsFile = join(first.folder, `second-${port}.yaml`);
  const second = {
    ...settings,
    listen: { ...settings.listen, port },
    operations: { host: '127.0.0.1', port: operationsPort },
    data: join(first.folder, `data-${port}`),
  };
  writeFileSync(settingsFile, stringify(second));
  const operationsUrl = `http://127.0.0.1:${operationsPort}`;
  let child: Child | undefined = await serveWarden(settingsFile, operationsUrl);
  let earlier = '';
  return {
    ...{ host: first.host, port, operationsUrl, settingsFile },
    log: () => earlier + (child?.output() ?? ''),
    signal: (name) => child?.signal(name),
    async kill() {
      child?.signal('SIGKILL');
      await child?.ended;
    },
    async restart() {
      await child?.stop();
      earlier += child?.output() ?? '';
      child = await serveWarden(settingsFile, operationsUrl);
    },
    async stop() {
      await child?.stop();
    },
  };
}
