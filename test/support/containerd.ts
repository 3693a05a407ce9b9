import { writeFileSync } from 'node:fs';
import type { Host } from './hosts.ts';
import { makeTemp } from './temp.ts';
import { startUnshared } from './unshared.ts';

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
  const { stop } = await startUnshared(
    { host: options.host, temp, ready: /containerd successfully booted/ },
    options.program ?? 'containerd',
    ['--config', temp.at('config.toml')],
  );
  return {
    socket,
    stop,
  };
}
