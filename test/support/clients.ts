/**
 * The clients that people push and pull with, each with folders of its own: no login, image or setting of the machine
 * reaches a test, nor the other way round. A refusal is a result; only a client that hangs rejects.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './hosts.ts';
import { type Result, type RunOptions, run } from './process.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export interface ClientOptions {
  /** Where the client keeps its images, logins and temporary files; made when it is missing. */
  readonly folder: string;
  /** The host to run on; without one, this machine. */
  readonly host?: Host;
  /** After this long the client is killed and the promise rejected. */
  readonly timeoutMs?: number;
  /** A folder with the `*.crt` of a private CA. Without it TLS is not verified, and plain HTTP is spoken. */
  readonly certificates?: string;
  /** Added to the client's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What all clients can do. A reference is `host:port/repository:tag`, or `…@sha256:…` for a pull. */
export interface Client {
  readonly name: string;
  /** The client with arguments of the caller's own. */
  run(args: readonly string[], options?: Pick<RunOptions, 'input' | 'cwd'>): Promise<Result>;
  login(registry: string, credentials: Credentials): Promise<Result>;
  logout(registry: string): Promise<Result>;
  /** Pushes what an OCI reference (`oci:folder:tag`, see Layout.reference) names. */
  push(source: string, reference: string): Promise<Result>;
  /** Pulls; a client that keeps images takes away its copy first, so that the registry is really asked. */
  pull(reference: string): Promise<Result>;
}

/** skopeo, which keeps no images: a pull is a copy into a new folder, see Skopeo.pullTo. */
export interface Skopeo extends Client {
  /** Copies with one registry side; digests are kept on the way there. `all`: every platform of an index. */
  copy(
    from: string,
    to: string,
    options?: { readonly credentials?: Credentials; readonly all?: boolean },
  ): Promise<Result>;
  /** Pulls into a `dir:` folder, whose manifest.json is the manifest's bytes. */
  pullTo(reference: string, folder: string, options?: { readonly all?: boolean }): Promise<Result>;
}

const TIMEOUT_MS = 120_000;

/**
 * Runs one program on the client's host with files of its own.
 *
 * @param program its name, or the path of it.
 * @param fixed words that stand before those of each run.
 */
export function createRunner(
  program: string,
  fixed: readonly string[],
  options: Omit<ClientOptions, 'certificates'>,
): Client['run'] {
  const { folder, host } = options;
  mkdirSync(join(folder, 'tmp'), { recursive: true });
  mkdirSync(join(folder, 'config'), { recursive: true });
  // podman and buildah fail when the files that the variables name are missing.
  for (const file of ['auth.json', 'config/config.json']) {
    if (!existsSync(join(folder, file))) writeFileSync(join(folder, file), '{}');
  }
  const env = {
    REGISTRY_AUTH_FILE: join(folder, 'auth.json'),
    DOCKER_CONFIG: join(folder, 'config'),
    XDG_RUNTIME_DIR: join(folder, 'tmp'),
    TMPDIR: join(folder, 'tmp'),
    HOME: folder,
    ...options.env,
  };
  return async (args, { input, cwd } = {}) => {
    const [command, ...rest] = [...(host?.prefix ?? []), program, ...fixed, ...args] as [string, ...string[]];
    return run(command, rest, {
      env,
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      ...(input !== undefined && { input }),
      ...(cwd !== undefined && { cwd }),
    });
  };
}

/** The flags of TLS, with the prefix that `skopeo copy` wants. */
function tlsFlags({ certificates }: ClientOptions, prefix = ''): string[] {
  return certificates === undefined
    ? [`--${prefix}tls-verify=false`]
    : [`--${prefix}cert-dir=${certificates}`];
}

function loginWords({ user, password }: Credentials): { words: string[]; input: string } {
  return { words: ['--username', user, '--password-stdin'], input: password };
}

export function createSkopeo(options: ClientOptions): Skopeo {
  // --insecure-policy: signatures are not looked for, whatever the machine's policy.json says, or if it has none.
  const execute = createRunner(
    'skopeo',
    ['--insecure-policy', `--tmpdir=${join(options.folder, 'tmp')}`],
    options,
  );
  const isRegistry = (place: string): boolean => place.startsWith('docker://');
  let pulls = 0;

  const copy: Skopeo['copy'] = (from, to, { credentials, all } = {}) => {
    const sides = [...(isRegistry(from) ? ['src-'] : []), ...(isRegistry(to) ? ['dest-'] : [])];
    const flags = sides.flatMap((side) => [
      ...tlsFlags(options, side),
      ...(credentials ? [`--${side}creds=${credentials.user}:${credentials.password}`] : []),
    ]);
    // Otherwise skopeo would compress layers on the way, and the digest in the registry be another than in the layout.
    const preserve = isRegistry(to) ? ['--preserve-digests'] : [];
    return execute(['copy', ...flags, ...(all ? ['--all'] : []), ...preserve, from, to]);
  };
  const pullTo: Skopeo['pullTo'] = (reference, folder, more) =>
    copy(`docker://${reference}`, `dir:${folder}`, more);

  return {
    name: 'skopeo',
    run: execute,
    copy,
    pullTo,
    push: (source, reference) => copy(source, `docker://${reference}`),
    pull: (reference) => pullTo(reference, join(options.folder, `pulled-${pulls++}`)),
    login(registry, credentials) {
      const { words, input } = loginWords(credentials);
      return execute(['login', ...tlsFlags(options), ...words, registry], { input });
    },
    logout: (registry) => execute(['logout', registry]),
  };
}

export function createPodman(options: ClientOptions): Client {
  return createStoring('podman', ['--cgroup-manager=cgroupfs', '--events-backend=none'], options);
}

export function createBuildah(options: ClientOptions): Client {
  return createStoring('buildah', [], options);
}

/** podman and buildah: the same words over a storage of their own. */
function createStoring(
  program: 'podman' | 'buildah',
  fixed: readonly string[],
  options: ClientOptions,
): Client {
  const storage = [
    `--root=${join(options.folder, 'storage')}`,
    `--runroot=${join(options.folder, 'run')}`,
    '--storage-driver=vfs', // needs neither overlayfs nor fuse
  ];
  const execute = createRunner(program, [...fixed, ...storage], options);
  return {
    name: program,
    run: execute,
    async push(source, reference) {
      const loaded = await execute(['pull', '--quiet', source]);
      if (loaded.status !== 0) return loaded;
      const id = loaded.stdout.trim().split('\n').at(-1) ?? '';
      return execute(['push', ...tlsFlags(options), id, `docker://${reference}`]);
    },
    async pull(reference) {
      await execute(['rmi', '--force', '--all']);
      return execute(['pull', ...tlsFlags(options), `docker://${reference}`]);
    },
    login(registry, credentials) {
      const { words, input } = loginWords(credentials);
      return execute(['login', ...tlsFlags(options), ...words, registry], { input });
    },
    logout: (registry) => execute(['logout', registry]),
  };
}

/**
 * The docker command line against an engine, see startDockerd. Whether TLS is verified is the engine's setting, not
 * the command's. skopeo makes the archive that `docker load` reads.
 */
export function createDocker(
  options: ClientOptions & { readonly socket: string; readonly program?: string },
): Client {
  const execute = createRunner(options.program ?? 'docker', ['-H', `unix://${options.socket}`], options);
  const skopeo = createSkopeo({ folder: join(options.folder, 'skopeo') });
  let loads = 0;
  return {
    name: 'docker',
    run: execute,
    async push(source, reference) {
      const archive = join(options.folder, 'tmp', `load-${loads++}.tar`);
      const saved = await skopeo.copy(source, `docker-archive:${archive}:${reference}`);
      if (saved.status !== 0) return saved;
      const loaded = await execute(['load', '--input', archive]);
      return loaded.status === 0 ? execute(['push', reference]) : loaded;
    },
    async pull(reference) {
      await execute(['image', 'rm', '--force', reference]);
      return execute(['pull', reference]);
    },
    login(registry, credentials) {
      const { words, input } = loginWords(credentials);
      return execute(['login', ...words, registry], { input });
    },
    logout: (registry) => execute(['logout', registry]),
  };
}
