/**
 * A place where the commands and files of a page are real without changing this machine: absolute paths lead into a
 * temporary folder, names and addresses to loopback, ports to free ones.
 *
 * Stand-ins take the place of the few programs that would change the machine itself. The one for systemctl starts and
 * stops the very programs that the installed units and configurations name.
 */
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/ports.ts';
import { type Child, must, type Result, run, startChild } from '../support/process.ts';
import { makeTemp } from '../support/temp.ts';
import { type Block, ROOT } from './blocks.ts';

export interface Sandbox {
  /** A copy of the checkout: where commands run. */
  readonly checkout: string;
  /** `host:port` that stands for registry.corp:5000. */
  readonly registry: string;
  readonly port: number;
  at(path: string): string;
  /** The text with everything led into the sandbox. */
  map(text: string): string;
  write(block: Block): void;
  /** Runs a block of shell lines; the first that fails ends it. All that it says is in `stdout`, as on a terminal. */
  run(block: Pick<Block, 'text'>): Promise<Result>;
  /** The end of what the services said, for a message of failure. */
  tails(): string;
  stop(): Promise<void>;
}

const COPIED = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
  'src',
  'script',
  'docs',
  'certs',
  'contrib',
  'policies',
];
const READY_MS = 30_000;

export async function createSandbox(): Promise<Sandbox> {
  const temp = makeTemp('docs');
  const root = temp.path;
  const checkout = temp.at('checkout');
  const ports = new Map<string, number>();
  // Told apart by hand: a port that nothing listens on yet may be drawn twice.
  for (const port of ['5000', '5001', '5082', '9464']) {
    let free = await freePort();
    while ([...ports.values()].includes(free)) free = await freePort();
    ports.set(port, free);
  }
  const port = (of: string): number => ports.get(of)!;

  function map(text: string): string {
    return text
      .replace(/\blisten (\d+) ssl\b/g, 'listen 127.0.0.1:$1 ssl')
      .replace(/\b(?:5000|5001|5082|9464)\b/g, (found) => String(port(found)))
      .replaceAll('registry.corp', 'localhost')
      .replaceAll('10.0.0.0/8', '127.0.0.0/8')
      .replace(/\b(?:10\.1\.0\.5|10\.1\.2\.11|0\.0\.0\.0)\b/g, '127.0.0.1')
      .replace(/(?<![\w.~/-])\/etc\/containers\b/g, `${root}/home/.config/containers`)
      .replace(/(?<![\w.~/-])\/(etc|var|opt|usr\/local)\b/g, `${root}/$1`);
  }

  mkdirSync(checkout);
  for (const name of COPIED) {
    cpSync(join(ROOT, name), join(checkout, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
  for (const folder of [
    'bin',
    'home/.config/containers',
    'run',
    'tmp',
    'etc/docker/registry',
    'etc/systemd/system',
    'etc/nginx/conf.d',
    'usr/local/bin',
    'var/log/nginx',
    'var/lib',
  ]) {
    mkdirSync(temp.at(folder), { recursive: true });
  }
  writeFileSync(
    temp.at('home/.config/containers/policy.json'),
    '{"default":[{"type":"insecureAcceptAnything"}]}',
  );
  writeFileSync(temp.at('nginx.conf'), nginxSettings(root));

  // They are installed as they are.
  for (const name of readdirSync(join(checkout, 'contrib/nginx'))) {
    const file = join(checkout, 'contrib/nginx', name);
    writeFileSync(file, map(readFileSync(file, 'utf8')));
  }

  const services = new Map<string, Child>();
  const log = (unit: string): string => temp.at(`var/log/${unit}.log`);

  async function start(unit: string): Promise<void> {
    const command = commandOf(unit);
    const [program, ...args] = command as [string, ...string[]];
    const child = await startChild(program, args, { outputFile: log(unit) });
    services.set(unit, child);
    if (unit === 'docker-registry') await child.waitForPort(port('5082'));
    else if (unit === 'nginx') await child.waitForPort(port('5000'));
    else await waitUntilReady(child, `http://127.0.0.1:${port('9464')}/readyz`);
  }
  function commandOf(unit: string): string[] {
    switch (unit) {
      case 'docker-registry':
        return ['docker-registry', 'serve', temp.at('etc/docker/registry/config.yml')];
      case 'nginx':
        return ['nginx', '-p', root, '-c', temp.at('nginx.conf'), '-g', 'daemon off;'];
      default: {
        const file = readFileSync(temp.at('etc/systemd/system', `${unit}.service`), 'utf8');
        const [, line] = /^ExecStart=(.*)$/m.exec(file) ?? [];
        if (line === undefined) throw new Error(`${unit}.service has no ExecStart`);
        return map(line).split(' ');
      }
    }
  }
  async function stopService(unit: string): Promise<void> {
    await services.get(unit)?.stop();
    services.delete(unit);
  }
  /** What a timer starts, once and to its end. */
  async function strike(timer: string): Promise<void> {
    readFileSync(temp.at('etc/systemd/system', timer), 'utf8');
    const service = readFileSync(
      temp.at('etc/systemd/system', timer.replace(/\.timer$/, '.service')),
      'utf8',
    );
    for (const [, line = ''] of service.matchAll(/^ExecStart(?:Post)?=(.*)$/gm)) {
      await must('bash', ['-c', map(line).replaceAll('%%', '%')]);
    }
  }
  async function systemctl(words: readonly string[]): Promise<void> {
    const [verb, ...units] = words.filter((word) => word !== '--now');
    if (verb === 'daemon-reload') return;
    for (const unit of units) {
      if (unit.endsWith('.timer')) {
        await strike(unit);
        continue;
      }
      if (verb === 'stop' || verb === 'restart') await stopService(unit);
      if (verb === 'start' || verb === 'restart' || verb === 'enable') await start(unit);
      else if (verb === 'reload') services.get(unit)!.signal('SIGHUP');
      else if (verb !== 'stop') throw new Error(`no stand-in for systemctl ${verb}`);
    }
  }

  const socket = temp.at('systemctl.sock');
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    request.on('end', () => {
      systemctl(text.trim().split(' ')).then(
        () => response.end(),
        (error: unknown) => response.writeHead(500).end(`${(error as Error).message}\n`),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));

  const path = process.env['PATH'] ?? '';
  const standIns: Readonly<Record<string, string>> = {
    'apt-get': '[ "$1 $2 $3" = "install -y --no-install-recommends" ]',
    usermod: '[ "$*" = "--append --groups docker-registry www-data" ]',
    useradd: `[ "\${@: -1}" = registry-warden ]`,
    systemctl: `exec curl --silent --show-error --fail-with-body --unix-socket '${socket}' --data "$*" http://systemctl/`,
    journalctl: `[ "$1" = -u ] && exec cat '${root}/var/log/'"$2.log"`,
    // Everything here belongs to one user.
    runuser: '[ "$1 $2 $3" = "-u registry-warden --" ] && shift 3 && exec "$@"',
    install:
      'words=(); while [ $# -gt 0 ]; do case $1 in -o|-g) [ "$2" = registry-warden ] || exit 1; shift 2 ;; *) words+=("$1"); shift ;; esac; done; ' +
      `PATH='${path}' exec install "\${words[@]}"`,
    // The packages of the checkout are there; its folder must not be emptied.
    npm: `[ "$1" = ci ] && exit 0; HOME='${process.env['HOME'] ?? root}' PATH='${path}' npm_config_prefer_offline=true exec npm "$@"`,
    nginx: `PATH="${path}" exec nginx -p '${root}' -c '${root}/nginx.conf' "$@"`,
  };
  for (const [name, text] of Object.entries(standIns)) {
    writeFileSync(temp.at('bin', name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  }

  const env = {
    PATH: `${temp.at('bin')}:${temp.at('usr/local/bin')}:${path}`,
    HOME: temp.at('home'),
    XDG_RUNTIME_DIR: temp.at('run'),
    TMPDIR: temp.at('tmp'),
    REGISTRY_AUTH_FILE: undefined,
    DOCKER_CONFIG: undefined,
    WARDEN_CONFIG: temp.at('etc/registry-warden/warden.yaml'),
  };
  return {
    checkout,
    registry: `localhost:${port('5000')}`,
    port: port('5000'),
    at: (inside) => temp.at(inside),
    map,
    write({ words, text }) {
      const file = map(words.get('file') ?? '');
      mkdirSync(dirname(file), { recursive: true });
      // The pages leave the operations listener on its default port, which another Warden may have here.
      const more = file.endsWith('/warden.yaml') ? `operations: { port: ${port('9464')} }\n` : '';
      writeFileSync(file, map(text) + more);
      chmodSync(file, Number.parseInt(words.get('mode') ?? '644', 8));
    },
    run: ({ text }) =>
      run('bash', ['-euo', 'pipefail', '-c', `exec 2>&1\n${map(text)}`], { cwd: checkout, env }),
    tails: () => [...services].map(([unit, child]) => `-- ${unit}\n${child.tail(15)}`).join('\n'),
    async stop() {
      for (const unit of [...services.keys()].reverse()) await stopService(unit);
      await new Promise((resolve) => server.close(resolve));
      await temp.stop();
    },
  };
}

/** What Debian's nginx.conf has around conf.d, as far as it matters, in the sandbox. */
function nginxSettings(root: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${root}/run/nginx.pid;
error_log ${root}/var/log/nginx-error.log;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${root}/tmp/${name};`).join('\n  ')}
  include ${root}/etc/nginx/conf.d/*.conf;
}
`;
}

async function waitUntilReady(child: Child, url: string): Promise<void> {
  for (const end = Date.now() + READY_MS; ; await sleep(50)) {
    const status = await fetch(url).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    if (child.hasEnded() || Date.now() > end) throw new Error(`not ready (${status}):\n${child.tail()}`);
  }
}
