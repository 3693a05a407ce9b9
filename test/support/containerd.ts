import { writeFileSync } from 'node:fs';
import type { Host } from './hosts.ts';
import { type Child, startChild } from './process.ts';
import { makeTemp } from './temp.ts';

export interface ContainerdOptions {
  /** The host that it runs on; without one, this machine. */
  readonly host?: Host;
  /** Its path; Debian's without one. */
  readonly program?: string;
}

export interface RunningContainerd {
  /** Of its API; the file lies where all hosts see it. */
  readonly socket: string;
  stop(): Promise<void>;
}

/** Starts a containerd of its own, which keeps images and runs nothing. Needs root. */
export async function startContainerd(options: ContainerdOptions = {}): Promise<RunningContainerd> {
  const temp = makeTemp('containerd');
  const socket = temp.at('socket');
  // The second version of the settings is read by 1.6 and 2 alike.
  const settings = [
    'version = 2',
    `root = "${temp.at('root')}"`,
    `state = "${temp.at('state')}"`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    '[grpc]',
    `  address = "${socket}"`,
    '[ttrpc]',
    `  address = "${temp.at('ttrpc')}"`,
    '[plugins."io.containerd.transfer.v1.local"]',
    '  [[plugins."io.containerd.transfer.v1.local".unpack_config]]',
    '    platform = "linux/amd64"',
    '    snapshotter = "native"',
  ];
  writeFileSync(temp.at('config.toml'), `${settings.join('\n')}\n`);
  const words = ['--mount', '--', options.program ?? 'containerd', '--config', temp.at('config.toml')];
  let child: Child | undefined;
  try {
    // What it mounts is seen by nobody else and gone with it, however it ends.
    child = await (options.host ? options.host.spawn('unshare', words) : startChild('unshare', words));
    await child.waitForLine(/containerd successfully booted/, 40_000);
  } catch (error) {
    await child?.stop();
    await temp.stop();
    throw error;
  }
  const started = child;
  return {
    socket,
    async stop() {
      await started.stop(30_000);
      await temp.stop();
    },
  };
}
