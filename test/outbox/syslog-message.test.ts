import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { syslogFrame } from '../../src/outbox/syslog-message.ts';
import { outgoing } from './entries.ts';

const OPTIONS = { facility: 13, limit: 8192 };
const FRAME = /^(\d+) <(\d+)>1 (\S+) (\S+) registry-warden - (\S+) \[meta sequenceId="(\d+)"\] (.*)$/s;

function partsOf(frame: Buffer): readonly string[] {
  const text = frame.toString('utf8');
  const parts = FRAME.exec(text);
  if (parts === null) throw new Error(`no frame of RFC 5424: ${text.slice(0, 200)}`);
  return parts;
}

describe('a record as a message of syslog', () => {
  test('has its length in front, the facility, the time of the record, its host, type and number', () => {
    const frame = syslogFrame(outgoing(41), OPTIONS);
    const [, length, priority, time, host, type, number, message] = partsOf(frame);
    expect(Number(length)).toBe(frame.length - `${length} `.length);
    expect([priority, time, host, type, number]).toEqual([
      '109',
      '2026-11-23T10:00:00.123Z',
      'warden-1',
      'push.accepted',
      '42',
    ]);
    expect(JSON.parse(message ?? '')).toMatchObject({ index: 41, subject: { repo: 'team/app' } });
  });

  test('what was refused or failed is a warning', () => {
    const refused = partsOf(syslogFrame(outgoing(0, { type: 'push.refused' }), OPTIONS))[2];
    expect(Number(refused) % 8).toBe(4);
  });

  test('numbers begin again where the standard ends them', () => {
    const last = { ...outgoing(0), sequence: 2_147_483_646 };
    expect(partsOf(syslogFrame(last, OPTIONS))[6]).toBe('2147483647');
    expect(partsOf(syslogFrame({ ...last, sequence: 2_147_483_647 }, OPTIONS))[6]).toBe('1');
  });

  test('whatever stands in a record, the message is one line of printable ASCII that says the same', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.string({ unit: 'binary', maxLength: 60 }),
        (text, host) => {
          const entry = outgoing(1, { labels: { text }, proxy: { instance: host, version: '1' } });
          const frame = syslogFrame(entry, OPTIONS);
          expect(frame.every((byte) => byte >= 0x20 && byte < 0x7f)).toBe(true);
          const message = JSON.parse(partsOf(frame)[7] ?? '') as Record<string, unknown>;
          const { index, ...rest } = message;
          expect(index).toBe(1);
          expect(rest).toEqual(JSON.parse(entry.leaf));
        },
      ),
    );
  });

  test.each([
    ['labels', { labels: { text: 'é'.repeat(4000) } }, 'subject'],
    ['meta', { meta: { text: 'x'.repeat(9000) } }, 'subject'],
    ['labels before meta', { labels: { a: 'x'.repeat(9000) }, meta: { job: 'kept' } }, 'meta'],
  ])('of a message that would be too long, %s go, which it says', (_what, more, kept) => {
    const frame = syslogFrame(outgoing(1, more), OPTIONS);
    expect(frame.length).toBeLessThanOrEqual(OPTIONS.limit + 6);
    const message = JSON.parse(partsOf(frame)[7] ?? '') as Record<string, unknown>;
    expect(message['cut']).toBe(true);
    expect(message[kept]).toBeDefined();
  });

  test.each([
    ['groups without end', { actor: { sub: 'mallory', kind: 'person', groups: Array(2000).fill('group') } }],
    [
      'scopes without end',
      { actor: { sub: 'mallory' }, token: { ip: '10.0.0.1', scopes: Array(900).fill('repository:a:pull') } },
    ],
    [
      'names that grow when they are written in ASCII',
      { actor: { sub: 'mallory', groups: ['é'.repeat(9000)] } },
    ],
  ])('nobody keeps a name or an address out of a message by %s', (_how, more) => {
    for (const limit of [2048, 8192]) {
      const peer = { ip: '10.9.0.66', host: 'h'.repeat(3000), ua: 'x'.repeat(512) };
      const frame = syslogFrame(outgoing(7, { ...more, peer }), { ...OPTIONS, limit });
      expect(frame.length).toBeLessThanOrEqual(limit + 6);
      expect(JSON.parse(partsOf(frame)[7] ?? '')).toMatchObject({
        cut: true,
        actor: { sub: 'mallory' },
        peer: { ip: '10.9.0.66' },
        tag: { name: '1.0' },
      });
    }
  });

  test('the shortest message has room for all that stays, however long it is', () => {
    const long = '\u4e2d'.repeat(9000);
    const more = {
      ...{ type: 'push.refused', reason: long, tag: { name: long }, peer: { ip: long, host: long } },
      subject: { repo: long, digest: long },
      actor: { sub: long, kind: long, method: long, evidence: long },
    };
    const frame = syslogFrame(outgoing(7, more), { ...OPTIONS, limit: 2048 });
    expect(frame.length).toBeLessThanOrEqual(2048 + 6);
    expect(JSON.parse(partsOf(frame)[7] ?? '')).toMatchObject({ index: 7, cut: true });
  });

  test('of one that is too long in every way, what it is about stays', () => {
    const frame = syslogFrame(outgoing(7, { actor: { sub: 'x'.repeat(20_000) } }), OPTIONS);
    expect(frame.length).toBeLessThanOrEqual(OPTIONS.limit + 6);
    expect(JSON.parse(partsOf(frame)[7] ?? '')).toMatchObject({
      index: 7,
      cut: true,
      type: 'push.accepted',
      subject: { repo: 'team/app' },
    });
  });
});
