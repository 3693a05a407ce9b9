import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Host } from './hosts.ts';
import { makeTemp } from './temp.ts';
import { startUnshared } from './unshared.ts';

export interface DockerdOptions {
  /** The host that it runs on; without one, this machine. */
  readonly host?: Host;
  /** Registries or networks spoken to by plain HTTP, or TLS without verification. 127.0.0.0/8 always is. */
  readonly insecureRegistries?: readonly string[];
  /**
   * Containers have networks and publish ports: on a host of hosts.ts only, whose network that changes. Otherwise
   * there is the network of the host.
   */
  readonly networks?: true;
  /** For building images: the fastest storage that works there, in place of plain folders, which work everywhere. */
  readonly fastStorage?: true;
  /**
   * A folder of folders by registry, each with a CA and a client's certificate: what /etc/docker/certs.d is to others. The
   * machine must have that folder's parent.
   */
  readonly certificates?: string;
  /** Added to the engine's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Another engine than Debian's. */
  readonly engine?: {
    readonly program: string;
    /** The containerd that it starts and keeps its images in. */
    readonly containerd: string;
  };
}

export interface Dockerd {
  /** Of the engine's API; the file lies where all hosts see it. */
  readonly socket: string;
  /** A folder that is removed with the engine's own. */
  readonly folder: string;
  log(): string;
  stop(): Promise<void>;
}

/** Starts a docker engine of its own, which changes nothing of the machine. Needs root. */
export async function startDockerd(options: DockerdOptions = {}): Promise<Dockerd> {
  if (options.networks && !options.host) throw new Error('an engine with networks needs a host of its own');
  const temp = makeTemp('dockerd');
  const socket = temp.at('docker.sock');
  // Otherwise the machine's own /etc/docker/daemon.json would be read, and may contradict the flags.
  writeFileSync(temp.at('daemon.json'), '{}');
  const args = [
    `--config-file=${temp.at('daemon.json')}`,
    `--data-root=${temp.at('data')}`,
    `--exec-root=${temp.at('exec')}`,
    `--pidfile=${temp.at('pid')}`,
    `--host=unix://${socket}`,
    ...(options.networks ? [] : ['--iptables=false', '--ip6tables=false', '--bridge=none']),
    ...(options.fastStorage ? [] : [`--storage-driver=${options.engine ? 'native' : 'vfs'}`]),
    ...(options.insecureRegistries ?? []).map((place) => `--insecure-registry=${place}`),
  ];
  const env = { ...options.env };
  if (options.engine) {
    // It is looked for by its name.
    mkdirSync(temp.at('bin'));
    symlinkSync(options.engine.containerd, temp.at('bin', 'containerd'));
    env['PATH'] = `${temp.at('bin')}:${process.env['PATH'] ?? ''}`;
  }
  const program = options.engine?.program ?? 'dockerd';
  // Seen by this engine alone: it has mounts of its own.
  const mounting = 'mount -t tmpfs none /etc/docker && ln -s "$1" /etc/docker/certs.d && shift && exec "$@"';
  const [command, ...words] =
    options.certificates === undefined
      ? [program, ...args]
      : ['sh', '-c', mounting, 'sh', options.certificates, program, ...args];
  const { child, stop } = await startUnshared(
    { host: options.host, temp, ready: /API listen on/ },
    command ?? program,
    words,
    { env },
  );
  return {
    socket,
    folder: temp.path,
    log: () => child.output(),
    stop,
  };
}
