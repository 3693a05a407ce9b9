/** Other machines on one intranet: network namespaces of this one, each with an address of its own. */
import { execFileSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import {
  type Child,
  type ChildOptions,
  must,
  type Result,
  type RunOptions,
  run,
  startChild,
} from './process.ts';

export interface Host {
  readonly name: string;
  /** What its connections come from. */
  readonly address: string;
  readonly namespace: string;
  /** Words to put before a command so that it runs on this host. */
  readonly prefix: readonly string[];
  exec(command: string, args: readonly string[], options?: RunOptions): Promise<Result>;
  spawn(command: string, args: readonly string[], options?: ChildOptions): Promise<Child>;
}

export interface Hosts<Name extends string> {
  /** The address of the outside, the same for all hosts: servers listen there, or on 0.0.0.0. */
  readonly lan: string;
  /** The network that all addresses are of, as `a.b.c.0/24`. */
  readonly subnet: string;
  readonly host: Readonly<Record<Name, Host>>;
  stop(): Promise<void>;
}

/** Names of namespaces made here start with this and the id of the process that made them. */
const PREFIX = 'warden-';
/** Each host takes a /30 of the /24. */
const MOST_HOSTS = 63;

/**
 * Makes the hosts. Needs root. What a killed test run left over is taken away first, so that nothing piles up.
 *
 * Each host has a veth pair to the root namespace and its default route through it. `lan` is the root's end of the
 * first pair: Linux answers on it whichever pair a packet came by, so one published address serves all hosts.
 */
export async function makeHosts<const Name extends string>(names: readonly Name[]): Promise<Hosts<Name>> {
  if (names.length > MOST_HOSTS) throw new Error(`at most ${MOST_HOSTS} hosts fit into one network`);
  removeLeftovers();
  const label = `${PREFIX}${process.pid}-${randomBytes(3).toString('hex')}`;
  const net = await unusedNetwork();
  const made: string[] = [];
  const undo = (): void => {
    for (const namespace of made.splice(0)) removeNamespace(namespace);
  };
  // The module system's own process object: a test environment may hand out a copy that never emits.
  const real = process.getBuiltinModule('node:process');
  real.once('exit', undo);

  async function stop(): Promise<void> {
    real.removeListener('exit', undo);
    undo();
  }

  async function make(name: Name, at: number): Promise<Host> {
    const namespace = `${label}-${name}`;
    // At most 15 characters; the name need only be free, `at` and the random part see to that.
    const link = `w${randomBytes(4).toString('hex')}${at}`;
    const outside = `${net}.${4 * at + 1}`;
    const address = `${net}.${4 * at + 2}`;
    made.push(namespace);
    await must('ip', ['netns', 'add', namespace]);
    await must('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace]);
    await must('ip', ['addr', 'add', `${outside}/30`, 'dev', link]);
    await must('ip', ['link', 'set', link, 'up']);
    const inside = ['-n', namespace];
    await must('ip', [...inside, 'addr', 'add', `${address}/30`, 'dev', 'eth0']);
    await must('ip', [...inside, 'link', 'set', 'eth0', 'up']);
    await must('ip', [...inside, 'link', 'set', 'lo', 'up']);
    await must('ip', [...inside, 'route', 'add', 'default', 'via', outside]);
    // nsenter and not `ip netns exec`: that mounts a new /sys, in which a docker engine misses its cgroups.
    const prefix = ['nsenter', `--net=/run/netns/${namespace}`, '--'];
    return {
      name,
      address,
      namespace,
      prefix,
      exec: (command, args, options) => run(prefix[0]!, [...prefix.slice(1), command, ...args], options),
      spawn: (command, args, options) =>
        startChild(prefix[0]!, [...prefix.slice(1), command, ...args], options),
    };
  }

  try {
    const host: Partial<Record<Name, Host>> = {};
    for (const [at, name] of names.entries()) host[name] = await make(name, at);
    return { lan: `${net}.1`, subnet: `${net}.0/24`, host: host as Record<Name, Host>, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The first three parts of a /24 of 10.0.0.0/8 that no address or route of this machine touches. */
async function unusedNetwork(): Promise<string> {
  const routes = await must('ip', ['-4', 'route', 'show', 'table', 'all']);
  for (let attempt = 0; attempt < 100; attempt++) {
    const net = `10.${randomInt(1, 255)}.${randomInt(0, 255)}`;
    if (!routes.includes(`${net}.`)) return net;
  }
  throw new Error('no unused network of 10.0.0.0/8 found in 100 attempts');
}

/** Ends what still runs in a namespace, and takes it away with its veth pair. Never throws: it runs at exit, too. */
function removeNamespace(namespace: string): void {
  try {
    const pids = execFileSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8', stdio: 'pipe' });
    for (const pid of pids.split('\n').filter((line) => line !== '')) process.kill(Number(pid), 'SIGKILL');
  } catch {
    // It is gone, or what ran in it is.
  }
  try {
    execFileSync('ip', ['netns', 'del', namespace], { stdio: 'pipe' });
  } catch {
    // It was never made, or is gone.
  }
}

function removeLeftovers(): void {
  let names: string[];
  try {
    names = readdirSync('/run/netns');
  } catch {
    return; // nobody has made one yet
  }
  for (const name of names) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    if (!Number.isNaN(pid) && !isAlive(pid)) removeNamespace(name);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}
