import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { limitOf, networkOf, type RawFilters, readParameters, spanOf } from '../../src/audit/parameters.ts';
import { pullsParameters } from '../../src/audit/questions/pulls.ts';
import { pushesParameters, recordQuery } from '../../src/audit/questions/pushes.ts';
import { parseTime } from '../../src/audit/time.ts';
import { WardenError } from '../../src/errors.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');

const pushes = (raw: RawFilters) => recordQuery(readParameters(pushesParameters, raw), NOW);
const pulls = (raw: RawFilters) => readParameters(pullsParameters, raw);

function problem(raw: RawFilters, read: (raw: RawFilters) => unknown = pushes): string {
  try {
    read(raw);
  } catch (error) {
    if (error instanceof WardenError && error.name === 'FILTER_MALFORMED') return error.message;
    throw error;
  }
  return '';
}

describe('filters', () => {
  it('are read whole', () => {
    expect(
      pushes({
        repository: 'team/**',
        tag: '1.*',
        user: '',
        host: 'jenkins-01',
        network: '10.0.0.0/8',
        digest: 'abcdef0',
        since: '24h',
        until: '2026-11-23',
        result: 'refused',
        rule: 'r1',
        limit: '7',
        cursor: '12.30',
      }),
    ).toEqual({
      filters: {
        repository: 'team/**',
        tag: '1.*',
        user: '',
        host: 'jenkins-01',
        network: '10.0.0.0/8',
        digest: 'sha256:abcdef0',
        since: NOW - 86_400_000,
        until: Date.parse('2026-11-24T00:00:00Z'),
        types: ['push.refused'],
        rule: 'r1',
      },
      limit: 7,
      cursor: { before: 12, watermark: 30 },
      check: undefined,
      checkTime: undefined,
    });
    const query = pulls({ cursor: '17.4', address: '::1' });
    expect({
      ...networkOf(query),
      limit: limitOf(query),
      ...spanOf(query, NOW),
      after: query.cursor,
    }).toEqual({
      network: '::1',
      limit: 50,
      after: { last: 17, id: 4 },
    });
  });

  it('without a result ask for all that concerns repositories', () => {
    const { filters } = pushes({});
    expect(filters.types).toEqual(
      expect.arrayContaining(['push.accepted', 'push.refused', 'tag.drift', 'blob.deleted']),
    );
    expect(filters.types).not.toContain('login.failed');
    expect(pushes({ type: 'login.failed' }).filters.types).toEqual(['login.failed']);
  });

  it.each<[RawFilters, string]>([
    [{ repo: 'x' }, '"repo" is not a filter here'],
    [{ __proto__x: '1' }, '"__proto__x"'],
    [{ tag: ['a', 'b'] }, '"tag" is given more than once'],
    [{ repository: 'Team/app' }, '"repository"'],
    [{ repository: '{user}/app' }, '"repository"'],
    [{ tag: '**' }, '"tag"'],
    [{ host: '' }, '"host"'],
    [{ address: '10.0.0.0/8' }, '"address"'],
    [{ address: '010.0.0.1' }, '"address"'],
    [{ network: '10.0.0.1/8' }, '"network"'],
    [{ address: '10.0.0.1', network: '10.0.0.0/8' }, '"address" cannot be given together with network'],
    [{ digest: 'abcdef' }, '"digest"'],
    [{ digest: 'sha256:ABCDEF0' }, '"digest"'],
    [{ since: 'yesterday' }, '"since"'],
    [{ since: '2026-11-23T10:00:00' }, '"since"'],
    [{ until: '2026-02-30' }, '"until"'],
    [{ since: '1h', until: '2h' }, '"until" is not after since'],
    [{ limit: '0' }, '"limit"'],
    [{ limit: '1001' }, '"limit"'],
    [{ limit: '1e2' }, '"limit"'],
    [{ cursor: '-1' }, '"cursor"'],
    [{ cursor: '12' }, '"cursor"'],
    [{ outside: 'Mon 8-9' }, '"outside"'],
    [{ without: 'luck' }, '"without"'],
    [{ commit: 'main' }, '"commit"'],
    [{ unsigned: '0m' }, '"unsigned"'],
    [{ result: 'maybe' }, '"result"'],
    [{ result: 'all', type: 'push.refused' }, '"result"'],
    [{ type: 'push' }, '"type"'],
    [{ user: 'x'.repeat(600) }, '"user"'],
  ])('%j is refused, and the parameter named', (raw, sentence) => {
    expect(problem(raw)).toContain(sentence);
  });

  it.each(['result', 'rule', 'type'])('of pulls have no %s', (name) => {
    expect(problem({ [name]: 'accepted' }, pulls)).toContain(`"${name}" is not a filter here`);
  });

  it('of any text are read or refused, never anything else', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('1', '7d', '2026-11-23', 'a/**', 'sha256:0123456'),
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(pushesParameters.shape)), value, (name, text) => {
        problem({ [name]: text });
        if (name === 'since' || name === 'until') {
          const span = parseTime(text, NOW);
          expect(span === undefined || (Number.isSafeInteger(span.from) && span.from <= span.to)).toBe(true);
        }
      }),
    );
  });

  it.each([
    ['2026-11-23', '2026-11-23T00:00:00Z', '2026-11-24T00:00:00Z'],
    ['2026-11-23T10:00:00Z', '2026-11-23T10:00:00Z', '2026-11-23T10:00:00Z'],
    ['2026-11-23t10:00:00.250+01:00', '2026-11-23T09:00:00.250Z', '2026-11-23T09:00:00.250Z'],
    ['2024-02-29', '2024-02-29T00:00:00Z', '2024-03-01T00:00:00Z'],
    ['90m', '2026-11-23T10:30:00Z', '2026-11-23T10:30:00Z'],
    ['2w', '2026-11-09T12:00:00Z', '2026-11-09T12:00:00Z'],
  ])('read %s', (text, from, to) => {
    expect(parseTime(text, NOW)).toEqual({ from: Date.parse(from), to: Date.parse(to) });
  });

  it.each([
    '2026-11-23T24:00:00Z',
    '2025-02-29',
    '2026-13-01',
    '2026-11-23T10:00:00',
    '0d',
    '-1d',
    '1.5h',
    '',
    '20261123',
  ])('take %j for no time', (text) => {
    expect(parseTime(text, NOW)).toBeUndefined();
  });
});
