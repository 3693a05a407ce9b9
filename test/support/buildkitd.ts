import { writeFileSync } from 'node:fs';
import type { Host } from './hosts.ts';
import { makeTemp } from './temp.ts';
import { startUnshared } from './unshared.ts';

export interface BuildkitdOptions {
  readonly program: string;
  /** The host that it runs on; without one, this machine. */
  readonly host?: Host;
  /** Registries spoken to by plain HTTP, as `host:port`. */
  readonly insecureRegistries?: readonly string[];
  /** The file of the CA that a registry's certificate is of, by `host:port`. */
  readonly authorities?: Readonly<Record<string, string>>;
}

export interface RunningBuildkitd {
  /** For `buildctl --addr`; the file lies where all hosts see it. */
  readonly address: string;
  stop(): Promise<void>;
}

/** Starts a builder of its own. Needs root; builds that run commands would need images besides. */
export async function startBuildkitd(options: BuildkitdOptions): Promise<RunningBuildkitd> {
  const temp = makeTemp('buildkitd');
  const address = `unix://${temp.at('socket')}`;
  const settings = [
    ...(options.insecureRegistries ?? []).map((place) => `[registry."${place}"]\n  http = true\n`),
    ...Object.entries(options.authorities ?? {}).map(
      ([place, file]) => `[registry."${place}"]\n  ca = ["${file}"]\n`,
    ),
  ];
  writeFileSync(temp.at('buildkitd.toml'), settings.join(''));
  const { stop } = await startUnshared(
    { host: options.host, temp, ready: /running server on/ },
    options.program,
    [
      `--config=${temp.at('buildkitd.toml')}`,
      `--root=${temp.at('root')}`,
      `--addr=${address}`,
      '--containerd-worker=false',
      '--oci-worker-snapshotter=native',
      '--oci-worker-net=host',
    ],
  );
  return {
    address,
    stop,
  };
}
