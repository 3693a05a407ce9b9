import { describe, expect, it } from '@jest/globals';
import { parseMoment } from '../../src/policy/moment.ts';

describe('a moment', () => {
  it.each([
    ['2026-05-03T14:00:00Z', '2026-05-03T14:00:00.000Z'],
    ['2026-05-03 14:00:00.25+02:00', '2026-05-03T12:00:00.250Z'],
    ['2026-05-03 14:00 Europe/Berlin', '2026-05-03T12:00:00.000Z'],
    ['2026-12-03 14:00 Europe/Berlin', '2026-12-03T13:00:00.000Z'],
    ['2026-05-03 14:00 UTC', '2026-05-03T14:00:00.000Z'],
    // Twice, and never.
    ['2026-10-25 02:30 Europe/Berlin', '2026-10-25T00:30:00.000Z'],
    ['2026-03-29 02:30 Europe/Berlin', '2026-03-29T01:30:00.000Z'],
  ])('%s is %s', (text, wanted) => {
    const parsed = parseMoment(text);
    expect(parsed.ok && new Date(parsed.time).toISOString()).toBe(wanted);
  });

  it.each([
    ['', 'expected a time'],
    ['now', 'expected a time'],
    ['2026-05-03', 'expected a time'],
    ['2026-02-30 12:00 UTC', 'expected a time'],
    ['2026-05-03 25:00 UTC', 'expected a time'],
    ['2026-05-03 14:00', 'without a zone'],
    ['2026-05-03T14:00+99:00', 'without a zone'],
    ['2026-05-03 14:00 Europe/Berlln', 'did you mean "Europe/Berlin"?'],
    ['2026-05-03 14:00 CET', 'no time zone'],
  ])('%j is refused: %s', (text, reason) => {
    expect(parseMoment(text)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });
});
