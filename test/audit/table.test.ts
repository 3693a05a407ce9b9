import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PushItem } from '../../src/audit/audit.ts';
import { csv } from '../../src/audit/csv.ts';
import { columnsOf, cutTo, printable, printableJson } from '../../src/audit/printable.ts';
import { PULLS_COLUMNS } from '../../src/audit/questions/pulls.ts';
import { PUSHES_COLUMNS } from '../../src/audit/questions/pushes.ts';
import { table } from '../../src/audit/table.ts';

const item: PushItem = {
  index: 4,
  v: 1,
  type: 'push.accepted',
  id: '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
  began: '2026-05-05T10:00:00.000Z',
  time: '2026-05-05T10:00:01.000Z',
  proxy: { instance: 'w', version: '0' },
  subject: { repo: 'team/app', digest: `sha256:${'a1'.repeat(32)}`, size: 1, mediaType: 'm' },
  tag: { name: '1.0' },
  actor: { sub: 'alice', kind: 'person', method: 'password', evidence: 'verified' },
  peer: { ip: '10.1.2.11', host: 'jenkins-01' },
  policy: { rules: ['builders-push'] },
};

describe('CSV', () => {
  const column = [{ head: 'A', least: 1, text: (text: string) => text }];
  /** Of a spreadsheet that parts cells at this character, and of text that begins so computes something. */
  const computed = (line: string, separator: string): readonly string[] =>
    line.split(separator).filter((cell) => /^["\s]*[=+\-@＝＋－＠]/u.test(cell));

  it.each([
    ['=1+1'],
    ['+1'],
    ['-1'],
    ['@SUM(A1)'],
    [' =1'],
    ['\u3000=1'],
    ['"=1'],
    ['＝1+1'],
    ['\t=1'],
    ['\r\n=1'],
    ['docker/24.0;=cmd|calc!A1'],
    ['docker/24.0 (linux; @SUM(1)); "=1"'],
    ['a;;=1'],
  ])('has nothing in %j that a spreadsheet computes, with commas or semicolons between cells', (text) => {
    const [, line = ''] = csv(column, [text]).split('\r\n');
    expect(computed(line, ',')).toEqual([]);
    expect(computed(line, ';')).toEqual([]);
  });

  it('leaves other text as it is', () => {
    expect(csv(column, ['docker/24.0 (linux; amd64)', 'a-b=c', '中文'])).toBe(
      'A\r\n"docker/24.0 (linux; amd64)"\r\na-b=c\r\n中文',
    );
  });
});

describe('a table', () => {
  it('shows a push on one line', () => {
    expect(table(PUSHES_COLUMNS, [item], 200).split('\n')).toEqual([
      'TIME (UTC)           RESULT    REPOSITORY    DIGEST        USER   FROM                  WHY',
      '2026-05-05 10:00:01  accepted  team/app:1.0  a1a1a1a1a1a1  alice  jenkins-01 10.1.2.11  builders-push',
    ]);
  });

  it('counts what a record of refusals stands for, and says who was nobody', () => {
    const refused: PushItem = {
      ...{ index: 5, v: 1, type: 'push.refused', id: item.id, time: item.time, proxy: item.proxy },
      ...{ count: 12, since: item.time, until: item.time, reason: 'POLICY_DENIED', subject: { repo: 'a' } },
      actor: { sub: '', kind: 'anonymous', method: 'none', evidence: 'observed' },
    };
    const line = table(PUSHES_COLUMNS, [refused], 100).split('\n')[1];
    expect(line).toContain('(anonymous)');
    expect(line).toContain('12x POLICY_DENIED');
  });

  const texts = fc.string({ unit: 'binary', maxLength: 80 });

  it('never is wider than asked, has one line a row, and nothing a terminal obeys', () => {
    fc.assert(
      fc.property(texts, texts, texts, fc.integer({ min: 0, max: 300 }), (repo, user, host, width) => {
        const strange: PushItem = {
          ...item,
          subject: { ...item.subject, repo } as never,
          actor: { sub: user, kind: 'person', method: 'password', evidence: 'verified' },
          peer: { ip: '10.1.2.11', host },
        } as PushItem;
        const lines = table(PUSHES_COLUMNS, [strange, item], width).split('\n');
        expect(lines).toHaveLength(3);
        for (const line of lines) {
          expect(columnsOf(line)).toBeLessThanOrEqual(Math.max(80, Math.min(200, width)));
          expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        }
      }),
    );
  });

  it('of pulls shows the client', () => {
    const text = table(
      PULLS_COLUMNS,
      [
        {
          ...{
            repository: 'base/os',
            reference: `sha256:${'a'.repeat(64)}`,
            digest: `sha256:${'a'.repeat(64)}`,
          },
          ...{ subject: '', address: '10.0.0.1', client: 'docker/24\u001b[2J', gets: 3, heads: 0 },
          ...{ first: item.time, last: item.time },
        },
      ],
      200,
    );
    expect(text).toContain('base/os     aaaaaaaaaaaa  (anonymous)  10.0.0.1  docker/24\\u{1b}[2J');
  });
});

describe('printable text', () => {
  it.each([
    ['\u001b[31mred', '\\u{1b}[31mred'],
    ['a\u202eb', 'a\\u{202e}b'],
    ['\u009b1m', '\\u{9b}1m'],
    ['a\nb', 'a\\u{a}b'],
    ['\ud800', '\\u{d800}'],
    ['zoë 漢字 😀', 'zoë 漢字 😀'],
  ])('of %j is %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('counts wide characters as two', () => {
    expect(columnsOf('漢a')).toBe(3);
    expect(cutTo('漢漢漢', 4)).toBe('漢…');
  });

  it('as JSON reads back as the same, and has nothing raw that a terminal obeys', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const json = printableJson({ text: `${text}\u009b\u{e0001}` });
        expect(JSON.parse(json)).toEqual({ text: `${text}\u009b\u{e0001}` });
        expect(json).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }),
    );
  });
});
