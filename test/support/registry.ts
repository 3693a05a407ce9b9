import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { type Child, startChild } from './process.ts';
import { makeTemp } from './temp.ts';

export interface RegistryOptions {
  /** 2: Debian's docker-registry (2.8). 3: distribution 3, see distribution3Program. */
  readonly version?: 2 | 3;
  /** Token authentication. Without it everything is allowed. */
  readonly auth?: {
    readonly realm: string;
    readonly service: string;
    readonly issuer: string;
    /** PEM; tokens are accepted whose x5c chain ends in one of these certificates. */
    readonly rootCertificateFile?: string;
    /** Of distribution 3 alone: public keys by their names. */
    readonly jwksFile?: string;
  };
  readonly deletes?: boolean;
  /** Where it sends its notifications. */
  readonly notifyUrl?: string;
  /** Given: kept at stop. Otherwise a temporary folder. */
  readonly storage?: string;
  readonly host?: string;
  readonly port?: number;
  /** Signs the registry's upload states; several registries over one storage need the same. */
  readonly httpSecret?: string;
  /** Its output goes to this file instead of memory, for one that stays up. */
  readonly logFile?: string;
}

export interface RunningRegistry {
  readonly host: string;
  readonly port: number;
  /** `http://host:port`. */
  readonly url: string;
  /** `host:port`, as image references have it. */
  readonly address: string;
  readonly storage: string;
  pid(): number;
  /** Fulfilled when the program that runs now has ended. */
  readonly ended: Promise<unknown>;
  tail(): string;
  /** What it has logged since the first start, access log included. */
  log(): string;
  /** SIGSTOP: connections are accepted by the kernel, and nothing answers. */
  pause(): void;
  resume(): void;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** After kill(): again, on the same port and storage. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Where the registry of distribution 3 lies when it was built by script/get-distribution3. */
export function distribution3Program(): string | undefined {
  const path =
    process.env['WARDEN_DISTRIBUTION3'] ?? join(homedir(), '.cache', 'registry-warden', 'bin', 'registry');
  return existsSync(path) ? path : undefined;
}

/** Starts a registry of its own on loopback and waits until it listens. */
export async function startRegistry(options: RegistryOptions = {}): Promise<RunningRegistry> {
  const temp = makeTemp('registry');
  const host = options.host ?? '127.0.0.1';
  const port = options.port ?? (await freePort(host));
  const storage = options.storage ?? temp.at('storage');
  const program = options.version === 3 ? distribution3Program() : 'docker-registry';
  if (program === undefined) {
    throw new Error('the registry of distribution 3 is not built here: script/get-distribution3');
  }
  const file = temp.at('registry.yml');
  // JSON is YAML too.
  writeFileSync(file, JSON.stringify(registrySettings({ ...options, host, port, storage }), undefined, 2));
  let child: Child | undefined;
  let earlier = '';

  async function start(): Promise<void> {
    child = await startChild(program as string, ['serve', file], {
      // Distribution 3 would send traces to port 4318 otherwise.
      env: { OTEL_TRACES_EXPORTER: 'none' },
      ...(options.logFile !== undefined && { outputFile: options.logFile }),
    });
    try {
      await child.waitForPort(port, host);
    } catch (error) {
      await child.stop();
      throw error;
    }
  }

  try {
    await start();
  } catch (error) {
    await temp.stop();
    throw error;
  }
  return {
    host,
    port,
    url: `http://${host}:${port}`,
    address: `${host}:${port}`,
    storage,
    pid: () => child?.pid as number, // started above
    get ended() {
      return (child as Child).ended; // started above
    },
    tail: () => child?.tail() ?? '',
    log: () => earlier + child?.output(),
    pause: () => child?.signal('SIGSTOP'),
    resume: () => child?.signal('SIGCONT'),
    async kill() {
      child?.signal('SIGKILL');
      await child?.ended;
    },
    async restart() {
      if (!child?.hasEnded()) await child?.stop();
      earlier += child?.output();
      await start();
    },
    async stop() {
      await child?.stop();
      await temp.stop();
    },
  };
}

/** The settings of a registry (both versions), as the object that its YAML file holds. */
export function registrySettings(
  options: RegistryOptions & { readonly host: string; readonly port: number; readonly storage: string },
): Readonly<Record<string, unknown>> {
  return {
    version: '0.1',
    log: { accesslog: { disabled: false }, level: 'info' },
    storage: {
      filesystem: { rootdirectory: options.storage },
      delete: { enabled: options.deletes ?? false },
    },
    http: {
      addr: `${options.host}:${options.port}`,
      secret: options.httpSecret ?? randomBytes(16).toString('hex'),
    },
    ...(options.notifyUrl !== undefined && {
      notifications: {
        endpoints: [
          { name: 'warden', url: options.notifyUrl, timeout: '2s', threshold: 3, backoff: '200ms' },
        ],
      },
    }),
    ...(options.auth && {
      auth: {
        token: {
          realm: options.auth.realm,
          service: options.auth.service,
          issuer: options.auth.issuer,
          ...(options.auth.rootCertificateFile !== undefined && {
            rootcertbundle: options.auth.rootCertificateFile,
          }),
          ...(options.auth.jwksFile !== undefined && { jwks: options.auth.jwksFile }),
        },
      },
    }),
  };
}
