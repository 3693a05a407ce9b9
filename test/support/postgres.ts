/** A PostgreSQL of its own, on a free port of loopback and a socket, that can be stopped, killed and started again. */
import { chmodSync, chownSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './ports.ts';
import { type Child, must, run, startChild } from './process.ts';
import { makeTemp } from './temp.ts';

export interface RunningPostgres {
  readonly port: number;
  readonly pid: () => number;
  /** Makes an empty database, and answers its address with the password. */
  database(): Promise<string>;
  /** What psql prints, of a database that `database` answered. */
  sql(address: string, text: string): Promise<string>;
  log(): string;
  /** SIGSTOP to all its processes: connections are accepted by the kernel, and nothing answers. */
  pause(): void;
  resume(): void;
  /** SIGKILL, as a power cut but for the disk. */
  kill(): Promise<void>;
  /** After kill() or shutDown(): again, on the same port and data. Fulfilled when it takes connections. */
  restart(): Promise<void>;
  /** SIGINT: connections are ended. */
  shutDown(): Promise<void>;
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Lines of postgresql.conf. */
  readonly settings?: readonly string[];
  /** PEM files; with them it takes TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Debian keeps the programs of each release apart. */
export const POSTGRES_PROGRAMS = '/usr/lib/postgresql/15/bin';
const PASSWORD = 'p w@:/?#%';
const USER = 'administrator';

let databases = 0;

export async function startPostgres({ settings = [], tls }: PostgresOptions = {}): Promise<RunningPostgres> {
  const temp = makeTemp('postgres');
  const port = await freePort();
  const root = process.getuid?.() === 0;
  if (root) {
    const [uid = '', gid = ''] = (await must('sh', ['-c', 'id -u postgres; id -g postgres'])).split('\n');
    chownSync(temp.path, Number(uid), Number(gid));
  }
  /** It refuses to run as root. */
  const asOther = (...command: string[]): [string, string[]] =>
    root
      ? ['setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', '--pdeathsig=KILL', ...command]]
      : [command[0] as string, command.slice(1)];
  const env = {
    PATH: [POSTGRES_PROGRAMS, process.env['PATH']].join(delimiter),
    LC_ALL: 'C.UTF-8',
    HOME: temp.path,
  };
  const data = temp.at('data');
  writeFileSync(temp.at('password'), PASSWORD, { mode: 0o644 });
  await must(
    ...asOther(
      'initdb',
      '-D',
      data,
      '--no-sync',
      '-U',
      USER,
      '-A',
      'scram-sha-256',
      '-E',
      'UTF8',
      '--pwfile',
      temp.at('password'),
    ),
    { env },
  );
  if (tls) {
    copyFileSync(tls.cert, temp.at('server.crt'));
    copyFileSync(tls.key, temp.at('server.key'));
    chmodSync(temp.at('server.key'), 0o600);
    if (root) await must('chown', ['postgres', temp.at('server.key'), temp.at('server.crt')]);
  }
  const lines = [
    `port = ${port}`,
    "listen_addresses = '127.0.0.1'",
    `unix_socket_directories = '${temp.path}'`,
    'shared_buffers = 32MB',
    'max_connections = 60',
    'logging_collector = off',
    ...(tls
      ? [
          'ssl = on',
          `ssl_cert_file = '${temp.at('server.crt')}'`,
          `ssl_key_file = '${temp.at('server.key')}'`,
        ]
      : []),
    ...settings,
  ];
  writeFileSync(`${data}/postgresql.conf`, `${lines.join('\n')}\n`);

  let child: Child;
  let earlier = '';

  async function start(): Promise<void> {
    child = await startChild(...asOther('postgres', '-D', data), { env, cwd: temp.path });
    await child.waitForLine(/database system is ready to accept connections/);
  }
  /** The children of one that was killed hold its memory a moment longer. */
  async function restart(): Promise<void> {
    earlier += child.output();
    for (let attempt = 0; ; attempt++) {
      try {
        await start();
        return;
      } catch (error) {
        if (attempt > 50) throw error;
        await sleep(100);
      }
    }
  }
  const family = (): number[] => [child.pid, ...childrenOf(child.pid)];
  function signalAll(name: NodeJS.Signals): void {
    for (const pid of family()) {
      try {
        process.kill(pid, name);
      } catch (error) {
        // A connection's child may end between the two.
        if ((error as { code?: string }).code !== 'ESRCH') throw error;
      }
    }
  }
  async function sql(address: string, text: string): Promise<string> {
    const { status, stdout, stderr } = await run(
      'psql',
      ['-X', '-q', '-t', '-A', '-v', 'ON_ERROR_STOP=1', '-c', text, address],
      { env },
    );
    if (status !== 0) throw new Error(`psql: ${stderr}`);
    return stdout.trim();
  }
  const addressOf = (name: string): string =>
    `postgresql://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${name}`;

  await start();
  return {
    port,
    pid: () => child.pid,
    async database() {
      const name = `test_${process.pid}_${databases++}`;
      await sql(addressOf('postgres'), `CREATE DATABASE ${name}`);
      return addressOf(name);
    },
    sql,
    log: () => earlier + child.output(),
    pause: () => signalAll('SIGSTOP'),
    resume: () => signalAll('SIGCONT'),
    async kill() {
      child.signal('SIGKILL');
      await child.ended;
    },
    restart,
    async shutDown() {
      child.signal('SIGINT');
      await child.ended;
    },
    async stop() {
      signalAll('SIGCONT');
      child.signal('SIGQUIT');
      await child.ended;
      await temp.stop();
    },
  };
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}
