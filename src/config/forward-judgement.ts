/** What is wrong with destinations that are each right by their shape. */
import { isIP } from 'node:net';
import type { Path } from '../policy/problem.ts';
import type { ForwardTo } from './forward-schema.ts';

const KINDS = ['file', 'syslog', 'webhook'] as const;

export function judgeForward(list: readonly ForwardTo[], say: (path: Path, sentence: string) => void): void {
  const names = new Set<string>();
  const files = new Map<string, string>();
  for (const [index, to] of list.entries()) {
    const path: Path = ['forward', index];
    const kinds = KINDS.filter((kind) => to[kind] !== undefined);
    if (kinds.length !== 1)
      say(path, `expected one of file, syslog and webhook, found ${kinds.join(' and ') || 'none'}`);
    if (names.has(to.name))
      say([...path, 'name'], `there is another destination ${to.name}: they would share a cursor`);
    names.add(to.name);
    const { file, syslog, webhook } = to;
    const other = file && files.get(file.path);
    if (other !== undefined)
      say([...path, 'file', 'path'], `is the file of the destination ${other}: each needs one of its own`);
    if (file) files.set(file.path, to.name);
    if (syslog?.tls && (syslog.tls.certificateFile === undefined) !== (syslog.tls.keyFile === undefined))
      say([...path, 'syslog', 'tls'], 'expected certificateFile and keyFile together, or neither');
    if (webhook && !isSafe(webhook.url))
      say(
        [...path, 'webhook', 'url'],
        'is http to another machine, where everyone on the way reads the records; expected https',
      );
  }
}

function isSafe(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  const here =
    hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
  return protocol === 'https:' || here;
}
