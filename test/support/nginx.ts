/** The nginx of contrib/nginx, with its names, ports and paths led to those of a test. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { startChild } from './process.ts';
import { makeTemp } from './temp.ts';

export interface NginxOptions {
  readonly file: 'accel.conf' | 'redirect.conf';
  /** `host:port` of the Warden behind it. */
  readonly warden: string;
  /** The registry's rootdirectory as nginx finds it. */
  readonly storage: string;
  readonly host?: string;
  readonly port?: number;
  /** Plain HTTP without it. */
  readonly tls?: { readonly certificateFile: string; readonly keyFile: string };
  /** The key of redirects. */
  readonly offloadKeyFile?: string;
  /** The user of its workers; that of the test unless told. */
  readonly user?: string;
  /** One process without a master, of which `pid` is all. */
  readonly oneProcess?: boolean;
  /** Changes the text further. */
  readonly change?: (text: string) => string;
}

export interface RunningNginx {
  readonly host: string;
  readonly port: number;
  /** `host:port`. */
  readonly address: string;
  readonly pid: number;
  /** What it says, and its access log. */
  log(): string;
  stop(): Promise<void>;
}

const FOLDER = join(import.meta.dirname, '..', '..', 'contrib', 'nginx');

export async function startNginx(options: NginxOptions): Promise<RunningNginx> {
  const temp = makeTemp('nginx');
  const authority = (text: string): string => (text.includes(':') ? `[${text}]` : text);
  const host = options.host ?? '127.0.0.1';
  const port = options.port ?? (await freePort(host));
  const accessLog = temp.at('access.log');
  writeFileSync(accessLog, '', { mode: 0o666 });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const user = options.user ?? (process.getuid?.() === 0 ? 'root' : undefined);
  const file = temp.at('nginx.conf');
  const certificate = options.tls
    ? `ssl_certificate ${options.tls.certificateFile}; ssl_certificate_key ${options.tls.keyFile};`
    : '';
  const replacements: readonly (readonly [RegExp, string])[] = [
    [/listen 5000 ssl;/, `listen ${authority(host)}:${port}${options.tls ? ' ssl' : ''};`],
    [/ssl_certificate \S+;\s+ssl_certificate_key \S+;/, certificate],
    [/server 127\.0\.0\.1:5001;/, `server ${options.warden};`],
    [/alias \/var\/lib\/docker-registry\//, `alias ${options.storage}/`],
    ...(options.file === 'redirect.conf'
      ? ([
          [/include \S+;/, `include ${options.offloadKeyFile};`],
          [/access_log \S+/, `access_log ${accessLog}`],
        ] as const)
      : []),
  ];
  let servers = readFileSync(join(FOLDER, options.file), 'utf8');
  for (const [pattern, text] of replacements) {
    if (!pattern.test(servers)) throw new Error(`contrib/nginx/${options.file} has nothing like ${pattern}`);
    servers = servers.replace(pattern, text);
  }
  servers = options.change?.(servers) ?? servers;
  writeFileSync(
    file,
    `daemon off; ${options.oneProcess ? 'master_process off; ' : ''}worker_processes 1; pid ${temp.at('nginx.pid')}; error_log stderr error;
${user ? `user ${user};` : ''}
events { worker_connections 4096; }
http {
  access_log ${accessLog};
  ${temporary.map((name) => `${name}_temp_path ${temp.at(name)};`).join(' ')}
${servers}
}
`,
  );
  const child = await startChild('nginx', ['-p', temp.path, '-c', file, '-e', 'stderr']);
  try {
    await child.waitForPort(port, host);
  } catch (error) {
    await child.stop();
    await temp.stop();
    throw error;
  }
  return {
    host,
    port,
    address: `${authority(host)}:${port}`,
    pid: child.pid,
    log: () => child.output() + readFileSync(accessLog, 'utf8'),
    async stop() {
      await child.stop();
      await temp.stop();
    },
  };
}
