/** Where there is no docker-registry to install: a Docker engine runs the registry's image, and is the client. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '../test/support/clients.ts';
import { must, type Result, run, startChild } from '../test/support/process.ts';
import { type RegistryOptions, registrySettings } from '../test/support/registry.ts';

/** What the registry's image serves on, and keeps its content in. */
const INSIDE = { port: 5000, storage: '/var/lib/registry', folder: '/etc/docker/registry' } as const;
/** An engine may have to pull the image first. */
const START_TIMEOUT_MS = 180_000;

/** The registry as a container, published on loopback only. Ends with this process or at stop(). */
export async function startEngineRegistry(options: {
  readonly port: number;
  readonly storage: string;
  readonly folder: string;
  readonly auth: NonNullable<RegistryOptions['auth']>;
  readonly logFile: string;
}): Promise<{ readonly ended: Promise<unknown>; tail(): string; stop(): Promise<void> }> {
  const image = process.env['REGISTRY_IMAGE'] ?? 'registry:2';
  const name = `warden-registry-${randomBytes(4).toString('hex')}`;
  mkdirSync(options.storage, { recursive: true });
  const file = join(options.folder, 'registry.yml');
  const certificate = `${INSIDE.folder}/upstream.crt`;
  const settings = registrySettings({
    host: '0.0.0.0',
    port: INSIDE.port,
    storage: INSIDE.storage,
    auth: { ...options.auth, rootCertificateFile: certificate },
  });
  writeFileSync(file, JSON.stringify(settings), { mode: 0o600 });
  const args = ['run', '--rm', '--name', name, '--publish', `127.0.0.1:${options.port}:${INSIDE.port}`];
  for (const [outside, inside] of [
    [options.storage, INSIDE.storage],
    [file, `${INSIDE.folder}/config.yml`],
    [options.auth.rootCertificateFile, certificate],
  ]) {
    args.push('--volume', `${outside}:${inside}`);
  }
  const child = await startChild('docker', [...args, image, 'serve', `${INSIDE.folder}/config.yml`], {
    outputFile: options.logFile,
  });
  async function stop(): Promise<void> {
    // The command line may be gone while the container is not.
    await run('docker', ['rm', '--force', name]);
    await child.stop();
  }
  try {
    await child.waitForLine(/listening on/, START_TIMEOUT_MS);
    await child.waitForPort(options.port);
  } catch (error) {
    await stop();
    throw error;
  }
  return { ended: child.ended, tail: child.tail, stop };
}

/** The docker command line with the machine's own engine and a login file of its own. */
export function createEngineClient(folder: string): Client {
  const config = join(folder, 'docker');
  mkdirSync(config, { recursive: true });
  const execute: Client['run'] = (args, options = {}) =>
    run('docker', ['--config', config, ...args], options);
  return {
    name: 'docker',
    run: execute,
    login: (registry, { user, password }) =>
      execute(['login', '--username', user, '--password-stdin', registry], { input: password }),
    logout: (registry) => execute(['logout', registry]),
    /** The source is a folder with a Dockerfile. */
    async push(source, reference): Promise<Result> {
      await must('docker', ['build', '--quiet', '--tag', reference, source]);
      return execute(['push', reference]);
    },
    async pull(reference): Promise<Result> {
      await execute(['image', 'rm', '--force', reference]);
      return execute(['pull', reference]);
    },
  };
}
