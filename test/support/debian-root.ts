/**
 * The root of a machine on which nothing is installed: Debian 12, minimal, made by debootstrap. The first one is kept
 * as a tarball in ~/.cache/registry-warden, so that later ones take seconds.
 *
 * It takes packages from where this machine takes them: the same mirror, CA bundle and npm registry, so that it works
 * behind any mirror.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { must, type Result, type RunOptions, run } from './process.ts';
import { makeTemp } from './temp.ts';

export interface DebianRoot {
  readonly path: string;
  /**
   * Runs a shell command inside, as root, with an environment that has nothing of this machine's. Its mounts and all
   * that it started are gone when it ends: it has mount and process namespaces of its own. It shares the network.
   */
  sh(command: string, options?: Pick<RunOptions, 'timeoutMs'>): Promise<Result>;
  /** Runs a shell command inside that must succeed. */
  mustSh(command: string, options?: Pick<RunOptions, 'timeoutMs'>): Promise<string>;
  stop(): Promise<void>;
}

const SUITE = 'bookworm';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** Where the CA bundle of this machine lies inside; not where the package ca-certificates writes its own. */
const CA_INSIDE = '/etc/ssl/outside-ca.crt';
const CA_HERE = '/etc/ssl/certs/ca-certificates.crt';
const DEBOOTSTRAP_TIMEOUT_MS = 600_000;
const SH_TIMEOUT_MS = 900_000;

/** Needs root and debootstrap. */
export async function makeDebianRoot(): Promise<DebianRoot> {
  const tarball = await bareTarball();
  const temp = makeTemp('debian');
  try {
    await must('tar', ['-C', temp.path, '--numeric-owner', '-xf', tarball], { timeoutMs: SH_TIMEOUT_MS });
    await connect(temp.path);
  } catch (error) {
    await temp.stop();
    throw error;
  }
  const sh: DebianRoot['sh'] = (command, { timeoutMs = SH_TIMEOUT_MS } = {}) =>
    enter(temp.path, command, timeoutMs);
  return {
    path: temp.path,
    sh,
    async mustSh(command, options) {
      const result = await sh(command, options);
      if (result.status === 0) return result.stdout;
      const said = `${result.stdout}${result.stderr}`.trim().split('\n').slice(-40).join('\n');
      throw new Error(`in the fresh root, '${command}' ended with ${result.status}: ${said}`);
    },
    stop: temp.stop,
  };
}

/** The words that run a shell command in a root of its own; nothing of it is left when the process ends. */
function enter(root: string, command: string, timeoutMs: number): Promise<Result> {
  const inside = [
    // A root that is no mount point could not be made private by what makes namespaces inside.
    'mount --bind "$0" "$0" && cd "$0"',
    'mount -t proc proc "$0/proc"',
    'mount --rbind /sys "$0/sys"', // with the cgroups, which a docker engine needs
    'mount -t tmpfs -o mode=1777 tmpfs "$0/dev/shm"',
    'exec chroot "$0" /bin/sh -c "$1"',
  ].join(' && ');
  // --propagation private is unshare's default: no mount made here is seen outside.
  const words = ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', inside, root, command];
  const kept = Object.entries(process.env).filter(([name]) => /^(https?|no)_proxy$/i.test(name));
  const env = [
    ...kept.map(([name, value]) => `${name}=${value}`),
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'HOME=/root',
    'LANG=C.UTF-8',
  ];
  // Should this process be killed, so is all that runs in the root.
  return run('env', ['-i', ...env, 'setpriv', '--pdeathsig', 'KILL', '--', 'unshare', ...words], {
    timeoutMs,
  });
}

/** Makes the tarball of a bare root when it is not there. */
async function bareTarball(): Promise<string> {
  const cache = join(homedir(), '.cache', 'registry-warden');
  const tarball = join(cache, `${SUITE}.tar`);
  if (existsSync(tarball)) return tarball;
  mkdirSync(cache, { recursive: true });
  const aside = mkdtempSync(join(cache, '.root-'));
  try {
    const words = ['--variant=minbase', '--include=ca-certificates', `--keyring=${KEYRING}`];
    await must('debootstrap', [...words, SUITE, join(aside, 'root'), mirror()], {
      timeoutMs: DEBOOTSTRAP_TIMEOUT_MS,
    });
    rmSync(join(aside, 'root', 'var', 'cache', 'apt', 'archives'), { recursive: true, force: true });
    await must('tar', ['-C', join(aside, 'root'), '--numeric-owner', '-cf', join(aside, 'tar'), '.']);
    // Two runs at once must not see half a file.
    renameSync(join(aside, 'tar'), tarball);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return tarball;
}

/** The mirror that this machine's apt takes Debian from. */
function mirror(): string {
  const folder = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []),
  ];
  for (const file of files.filter((name) => existsSync(name))) {
    const text = readFileSync(file, 'utf8');
    // One line per source, or (deb822) paragraphs with fields.
    const oneLine = new RegExp(`^deb\\s+(?:\\[[^\\]]*\\]\\s+)?(\\S+)\\s+${SUITE}\\s`, 'm').exec(text)?.[1];
    if (oneLine !== undefined) return oneLine;
    for (const paragraph of text.split(/\n\s*\n/)) {
      if (!new RegExp(`^Suites:.*\\b${SUITE}(\\s|$)`, 'm').test(paragraph)) continue;
      const field = /^URIs:\s*(\S+)/m.exec(paragraph)?.[1];
      if (field !== undefined) return field;
    }
  }
  return 'http://deb.debian.org/debian';
}

/** Gives the root this machine's ways to packages. */
async function connect(root: string): Promise<void> {
  const write = (path: string, text: string): void => writeFileSync(join(root, path), text);
  for (const file of ['/etc/resolv.conf', '/etc/hosts']) {
    if (existsSync(file)) copyFileSync(file, join(root, file));
  }
  write('/etc/apt/sources.list', `deb ${mirror()} ${SUITE} main\n`);
  const folder = '/etc/apt/apt.conf.d';
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const text = readFileSync(join(folder, name), 'utf8');
    // Only files about fetching: others have hooks of programs that the root does not have.
    const lines = text.split('\n').filter((line) => !/^\s*(\/\/|#|$)/.test(line));
    if (lines.length > 0 && lines.every((line) => line.startsWith('Acquire::')))
      write(join(folder, name), text);
  }
  const registry = (await must('npm', ['config', 'get', 'registry'])).trim();
  const npm = [`registry=${registry}`];
  if (existsSync(CA_HERE)) {
    copyFileSync(CA_HERE, join(root, CA_INSIDE));
    npm.push(`cafile=${CA_INSIDE}`);
    write('/etc/apt/apt.conf.d/99ca', `Acquire::https::CaInfo "${CA_INSIDE}";\n`);
  }
  write('/root/.npmrc', `${npm.join('\n')}\n`);
}
