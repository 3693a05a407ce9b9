/** What the kernel knows of a process. Linux only. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Clock ticks in a second; the unit of times in /proc/PID/stat. */
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Processor seconds, user and system, of all threads so far; in steps of a tick, mostly 10 ms. */
export function processorSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may hold anything; fields 14 and 15 count from 1.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Resident memory, in bytes. */
export function residentBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1]) * 1024;
}

/**
 * Connections of the process to a port of this machine on which bytes are still on their way, at either end: those
 * that carry an answer which nobody reads. An idle one of a pool is none of them.
 */
export function busyConnections(pid: number, port: number): number {
  const own = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      if (inode !== undefined) own.add(inode);
    } catch {
      // Closed since the folder was read.
    }
  }
  const rows = ['tcp', 'tcp6'].flatMap((name) =>
    readFileSync(`/proc/net/${name}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/)),
  );
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const portOf = (address: string | undefined): string => String(address).slice(-4);
  const waiting = (queues: string | undefined): boolean => !/^0+:0+$/.test(String(queues));
  const sending = new Set(
    rows.filter((row) => portOf(row[1]) === hex && waiting(row[4])).map((row) => portOf(row[2])),
  );
  return rows.filter(
    (row) =>
      own.has(String(row[9])) && portOf(row[2]) === hex && (waiting(row[4]) || sending.has(portOf(row[1]))),
  ).length;
}
