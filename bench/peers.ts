/**
 * The others: what stands between clients and a registry elsewhere, each as a process of its own with one worker, in
 * front of a registry without authorization.
 *
 * "Defaults" passes bodies on as they come, since a proxy that spools gigabytes to a disk is of no use here; for the
 * rest it is what the program brings. The other kind has buffers of 256 kB.
 */
import { accessSync, constants, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { freePort } from '../test/support/ports.ts';
import { type Child, startChild } from '../test/support/process.ts';

export interface Peer {
  readonly name: string;
  readonly port: number;
  /** Undefined where it offers no TLS. */
  readonly tlsPort: number | undefined;
  /** Undefined without a proxy. */
  readonly pid: number | undefined;
  readonly tlsPid: number | undefined;
  /** A second process that belongs to it. */
  readonly behind?: number;
  /** Of the registry behind it. */
  readonly registryPort: number;
  /** What a request needs to be let through. */
  headers(actions: 'pull' | 'pull,push', tls?: boolean): Promise<Readonly<Record<string, string>>>;
  stop(): Promise<void>;
}

export interface Place {
  readonly registryPort: number;
  /** For files of the peers. */
  readonly folder: string;
  /** PEM, the certificate and its key in one file, as HAProxy wants it. */
  readonly pemFile: string;
}

interface Kind {
  readonly name: string;
  readonly program: string;
  start(place: Place, port: number, tlsPort: number): Promise<Child>;
}

const BUFFER = 262_144;

export const KINDS: readonly Kind[] = [
  { name: 'nginx', program: 'nginx', start: (...place) => startNginx(...place, '') },
  {
    name: 'nginx 256k',
    program: 'nginx',
    start: (...place) =>
      startNginx(...place, 'proxy_buffer_size 256k; proxy_buffers 4 256k; proxy_busy_buffers_size 512k;'),
  },
  { name: 'haproxy', program: 'haproxy', start: (...place) => startHaproxy(...place, '') },
  {
    name: 'haproxy 256k',
    program: 'haproxy',
    start: (...place) => startHaproxy(...place, `tune.bufsize ${BUFFER}`),
  },
  {
    name: 'http-proxy',
    program: process.execPath,
    async start({ registryPort, pemFile }, port, tlsPort) {
      const script = join(import.meta.dirname, 'http-proxy-peer.ts');
      const ports = [port, tlsPort, registryPort].map(String);
      return startChild(process.execPath, ['--no-warnings', script, ...ports, pemFile]);
    },
  },
];

/** Whether its program can be run here. */
export function isThere({ program }: Kind): boolean {
  return [
    program,
    ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, program)),
  ].some((path) => {
    try {
      accessSync(path, constants.X_OK);
      return path.startsWith('/');
    } catch {
      return false;
    }
  });
}

export async function startPeer(kind: Kind, place: Place): Promise<Peer> {
  const port = await freePort();
  const tlsPort = await freePort();
  const child = await kind.start(place, port, tlsPort);
  try {
    for (const one of [port, tlsPort]) await child.waitForPort(one);
  } catch (error) {
    await child.stop();
    throw error;
  }
  const { pid, stop } = child;
  const { registryPort } = place;
  return {
    name: kind.name,
    port,
    tlsPort,
    pid,
    tlsPid: pid,

    registryPort,
    headers: async () => ({}),
    stop,
  };
}

async function startNginx(place: Place, port: number, tlsPort: number, buffers: string): Promise<Child> {
  const { folder, pemFile, registryPort } = place;
  const file = join(folder, `nginx-${port}.conf`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/nginx-${port}-${name};`)
    .join(' ');
  writeFileSync(
    file,
    `daemon off; master_process off; worker_processes 1; pid ${folder}/nginx-${port}.pid; error_log stderr error;
     ${process.getuid?.() === 0 ? 'user root;' : ''}
     events { worker_connections 4096; }
     http {
       access_log off; ${temporary}
       upstream registry { server 127.0.0.1:${registryPort}; keepalive 64; }
       server {
         listen 127.0.0.1:${port}; listen 127.0.0.1:${tlsPort} ssl;
         ssl_certificate ${pemFile}; ssl_certificate_key ${pemFile};
         client_max_body_size 0; keepalive_requests 1000000;
         location / {
           proxy_pass http://registry; proxy_http_version 1.1; proxy_set_header Connection "";
           proxy_set_header Host $http_host; proxy_buffering off; proxy_request_buffering off; ${buffers}
         }
       }
     }`,
  );
  return startChild('nginx', ['-c', file, '-e', 'stderr']);
}

async function startHaproxy(place: Place, port: number, tlsPort: number, tuning: string): Promise<Child> {
  const { folder, pemFile, registryPort } = place;
  const file = join(folder, `haproxy-${port}.cfg`);
  writeFileSync(
    file,
    `global
  maxconn 4096
  nbthread 1
  ${tuning}
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
frontend clients
  bind 127.0.0.1:${port}
  bind 127.0.0.1:${tlsPort} ssl crt ${pemFile}
  default_backend registry
backend registry
  server registry 127.0.0.1:${registryPort}
`,
  );
  return startChild('haproxy', ['-db', '-q', '-f', file]);
}
