import { describe, expect, test } from '@jest/globals';
import { judgeForward } from '../../src/config/forward-judgement.ts';
import { forwardSchema } from '../../src/config/forward-schema.ts';

const FILE = { name: 'lines', file: { path: 'records.jsonl' } };
const hook = (url: string) => ({ name: 'hook', webhook: { url } });

function problemsOf(list: readonly unknown[]): readonly string[] {
  const read = forwardSchema.safeParse(list);
  if (!read.success) return read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  const problems: string[] = [];
  judgeForward(read.data, (path, sentence) => problems.push(`${path.join('.')}: ${sentence}`));
  return problems;
}

describe('destinations of records', () => {
  test.each([
    ['a file', FILE],
    [
      'a syslog server',
      { name: 'siem', syslog: { host: 'syslog.corp', tls: {} }, types: ['push.*', 'login.failed'] },
    ],
    ['a webhook', hook('https://deploy.corp/hooks?x=1')],
    ['a webhook on this machine', hook('http://127.0.0.1:8080/')],
  ])('%s is taken', (_what, to) => {
    expect(problemsOf([to])).toEqual([]);
  });

  test.each([
    [
      'none of the kinds',
      [{ name: 'none' }],
      'forward.0: expected one of file, syslog and webhook, found none',
    ],
    [
      'two kinds',
      [{ ...FILE, webhook: { url: 'https://deploy.corp/' } }],
      'forward.0: expected one of file, syslog and webhook, found file and webhook',
    ],
    [
      'a name twice',
      [FILE, { ...FILE, file: { path: 'other.jsonl' } }],
      'forward.1.name: there is another destination lines: they would share a cursor',
    ],
    [
      'a file twice',
      [FILE, { ...FILE, name: 'other' }],
      'forward.1.file.path: is the file of the destination lines: each needs one of its own',
    ],
    [
      'records in the clear',
      [hook('http://deploy.corp/')],
      'forward.0.webhook.url: is http to another machine, where everyone on the way reads the records; expected https',
    ],
    [
      'a host that only begins as this machine',
      [hook('http://127.0.0.1.corp/')],
      'forward.0.webhook.url: is http to another machine',
    ],
    ['another scheme', [hook('file:///etc/passwd')], '0.webhook.url: expected http:// or https://'],
    [
      'a name and password in the address',
      [hook('https://a:b@deploy.corp/')],
      '0.webhook.url: expected http:// or https://',
    ],
    [
      'a certificate without its key',
      [{ name: 'siem', syslog: { host: 'syslog.corp', tls: { certificateFile: 'a.pem' } } }],
      'forward.0.syslog.tls: expected certificateFile and keyFile together, or neither',
    ],
    ['a type that is none', [{ ...FILE, types: ['push'] }], '0.types.0: expected a type of record'],
    ['an unknown key', [{ ...FILE, type: [] }], '0: Unrecognized key: "type"'],
  ])('%s is refused', (_what, list, sentence) => {
    expect(problemsOf(list)).toEqual([expect.stringContaining(sentence)]);
  });
});
