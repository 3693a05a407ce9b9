/** Warden itself, as a process of its own in front of a real registry, set up by its own commands. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { freePort } from './ports.ts';
import { type Child, type Result, type RunOptions, requireSuccess, run, startChild } from './process.ts';
import { type RegistryOptions, type RunningRegistry, startRegistry } from './registry.ts';
import { makeTemp } from './temp.ts';

/** Settings as their file has them. */
export type Settings = { readonly [key: string]: unknown };

export interface WardenUser {
  readonly name: string;
  readonly password: string;
  readonly groups?: readonly string[];
}

export interface WardenOptions {
  /** The text of the policy file. */
  readonly policy: string;
  readonly users?: readonly WardenUser[];
  /** Laid over the settings that a test needs at least, object by object. */
  readonly settings?: Settings;
  /** Where clients connect, 127.0.0.1 unless told. */
  readonly host?: string;
  readonly port?: number;
  /** `http` unless told; for `https` the settings must name a certificate. */
  readonly scheme?: 'http' | 'https';
  readonly registry?: Pick<RegistryOptions, 'version' | 'deletes' | 'storage'>;
  /** The registry sends its notifications to Warden, whose settings must want them. */
  readonly notifications?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunningWarden {
  readonly folder: string;
  readonly settingsFile: string;
  /** What clients are told, without a path. */
  readonly url: string;
  /** `host:port`, as image references have it. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  readonly operationsUrl: string;
  readonly registry: RunningRegistry;
  pid(): number;
  /** All that it wrote since the first start. */
  log(): string;
  /** The lines of the log that are JSON objects. */
  logLines(): readonly Readonly<Record<string, unknown>>[];
  /** Warden's command with these arguments and its settings file. */
  cli(args: readonly string[], options?: Pick<RunOptions, 'input'>): Promise<Result>;
  signal(name: NodeJS.Signals): void;
  /** SIGKILL; the registry stays. */
  kill(): Promise<void>;
  /** After kill(), or instead of it with SIGTERM: starts again over the same files. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** The two ends of the trust between Warden and its registry. */
export const REGISTRY_SERVICE = 'docker-registry';
export const REGISTRY_ISSUER = 'registry-warden';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
const READY_TIMEOUT_MS = 30_000;

/** Runs Warden's command line from the sources. `--config` is added at the end. */
export function runCli(
  settingsFile: string,
  args: readonly string[],
  options: Pick<RunOptions, 'input' | 'env'> = {},
): Promise<Result> {
  return run(process.execPath, [MAIN, ...args, '--config', settingsFile], options);
}

/** Starts `warden serve` and waits until it says that it can serve pulls. */
export async function serveWarden(
  settingsFile: string,
  operationsUrl: string,
  options: Parameters<typeof startChild>[2] = {},
): Promise<Child> {
  const child = await startChild(process.execPath, [MAIN, 'serve', '--config', settingsFile], options);
  const deadline = Date.now() + READY_TIMEOUT_MS;
  let seen = 'no answer';
  while (seen !== '200') {
    if (child.hasEnded()) throw new Error(`warden ended before it was ready:\n${child.tail()}`);
    if (Date.now() > deadline) {
      await child.stop();
      throw new Error(`warden was not ready after ${READY_TIMEOUT_MS} ms (${seen}):\n${child.tail()}`);
    }
    await sleep(50);
    seen = await fetch(`${operationsUrl}/readyz`).then(
      ({ status }) => String(status),
      () => 'no answer',
    );
  }
  return child;
}

/** Makes keys and users with Warden's own commands, starts the registry that trusts those keys, and Warden before it. */
export async function startWarden(options: WardenOptions): Promise<RunningWarden> {
  const temp = makeTemp('warden');
  const host = options.host ?? '127.0.0.1';
  const port = options.port ?? (await freePort(host));
  const operationsPort = await freePort();
  const registryPort = await freePort();
  const address = `${host}:${port}`;
  const url = `${options.scheme ?? 'http'}://${address}`;
  const settingsFile = temp.at('warden.yaml');
  const operationsUrl = `http://127.0.0.1:${operationsPort}`;
  const keys = temp.at('keys');
  mkdirSync(keys);
  const settings = layOver(
    {
      publicUrl: url,
      listen: { host, port },
      operations: { host: '127.0.0.1', port: operationsPort },
      registry: {
        url: `http://127.0.0.1:${registryPort}`,
        issuer: REGISTRY_ISSUER,
        service: REGISTRY_SERVICE,
        keyFile: join(keys, 'upstream.pem'),
        certificateFile: join(keys, 'upstream.crt'),
      },
      tokens: { keyFile: join(keys, 'tokens.pem') },
      policy: temp.at('policy.yaml'),
      users: temp.at('users.yaml'),
      data: temp.at('data'),
    },
    options.settings ?? {},
  );
  writeFileSync(settingsFile, stringify(settings));
  writeFileSync(temp.at('policy.yaml'), options.policy);

  const env = options.env ?? {};
  const cli = (args: readonly string[], more: Pick<RunOptions, 'input'> = {}): Promise<Result> =>
    runCli(settingsFile, args, { env, ...more });
  let registry: RunningRegistry | undefined;
  let child: Child | undefined;
  let earlier = '';
  const log = (): string => earlier + (child?.output() ?? '');

  async function stop(): Promise<void> {
    await child?.stop();
    await registry?.stop();
    await temp.stop();
  }

  try {
    requireSuccess(await cli(['keys', 'init']));
    for (const { name, password, groups = [] } of options.users ?? []) {
      const flags = groups.flatMap((group) => ['--group', group]);
      requireSuccess(await cli(['user', 'add', name, ...flags, '--password-stdin'], { input: password }));
    }
    registry = await startRegistry({
      ...options.registry,
      ...(options.notifications && { notifyUrl: `${operationsUrl}/registry/notifications` }),
      port: registryPort,
      auth: {
        realm: `${url}/token`,
        service: REGISTRY_SERVICE,
        issuer: REGISTRY_ISSUER,
        rootCertificateFile: join(keys, 'upstream.crt'),
      },
    });
    child = await serveWarden(settingsFile, operationsUrl, { env });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    folder: temp.path,
    settingsFile,
    url,
    address,
    host,
    port,
    operationsUrl,
    registry,
    pid: () => child?.pid as number, // started above
    log,
    logLines: () => jsonLines(log()),
    cli,
    signal: (name) => child?.signal(name),
    async kill() {
      child?.signal('SIGKILL');
      await child?.ended;
    },
    async restart() {
      await child?.stop();
      earlier = log();
      child = undefined;
      child = await serveWarden(settingsFile, operationsUrl, { env });
    },
    stop,
  };
}

/** Changes the settings file; what runs does not notice before its next start. */
export function changeSettings(settingsFile: string, changes: Settings): void {
  const before = parse(readFileSync(settingsFile, 'utf8')) as Settings;
  writeFileSync(settingsFile, stringify(layOver(before, changes)));
}

/** Objects are merged, everything else is replaced; undefined takes a key away. */
function layOver(below: Settings, above: Settings): Settings {
  const result: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const old = result[key];
    if (value === undefined) delete result[key];
    else result[key] = isObject(old) && isObject(value) ? layOver(old, value) : value;
  }
  return result;
}

function isObject(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function jsonLines(text: string): Readonly<Record<string, unknown>>[] {
  return text.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return isObject(value) ? [value] : [];
    } catch {
      return [];
    }
  });
}
