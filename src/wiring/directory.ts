/** The directory of people: what it does is measured, and what it fails at is told. */
import { setTimeout as sleep } from 'node:timers/promises';
import { refusalDelay } from '../identity/delay-refusal.ts';
import { createDirectory } from '../identity/ldap/directory.ts';
import type { DirectoryConfig } from '../identity/ldap/from-settings.ts';
import type { LoginDeps } from '../identity/login.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Part } from './part.ts';

export interface OpenedDirectory {
  readonly forLogins: Pick<LoginDeps, 'directory' | 'delayRefusal' | 'onCollision'>;
  readonly answers: () => boolean;
}

/** Milliseconds between two lines that say the same. */
const TELL_MS = 60_000;

export function openDirectory(
  { settings, log, endings }: Part,
  config: DirectoryConfig,
  metrics: Metrics,
): OpenedDirectory {
  const slotMs = settings.ldap?.refusalMilliseconds ?? 0;
  const toldAt = new Map<string, number>();
  const tell = (about: Readonly<Record<string, string>>, sentence: string): void => {
    const key = JSON.stringify([about, sentence]);
    const before = toldAt.get(key);
    if (before !== undefined && performance.now() - before < TELL_MS) return;
    // Few: servers and reasons of ours.
    toldAt.set(key, performance.now());
    log.warn(about, sentence);
  };
  const directory = createDirectory({
    ...config,
    now: Date.now,
    observe: metrics.directory,
    onFailure(server, { reason }) {
      if (server)
        tell({ server: `${server.host}:${server.port}`, reason }, 'a server of the directory failed');
      else tell({ reason }, 'the directory of users does not answer: its people cannot log in');
    },
    onRefused: (reason) => tell({ reason }, 'a login was refused for what the directory has under its name'),
  });
  endings.defer(() => directory.close());
  return {
    forLogins: {
      directory,
      delayRefusal: (tookMs) => sleep(refusalDelay(tookMs, slotMs)),
      onCollision: () =>
        tell({}, 'somebody of the directory was refused, since the users file has a user of the same name'),
    },
    answers: directory.isAnswering,
  };
}
