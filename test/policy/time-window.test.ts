import { describe, expect, it } from '@jest/globals';
import { isWithin, parseTimeWindow, windowCovers } from '../../src/policy/time-window.ts';

function read(text: string) {
  const parsed = parseTimeWindow(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.window;
}

const at = (text: string): number => Date.parse(text);

describe('a window of every week', () => {
  it.each([
    // Berlin is two hours ahead of UTC in summer, one in winter. 2026-06-01 is a Monday.
    ['Mon-Fri 08:00-18:00 Europe/Berlin', '2026-06-01T05:59:59.999Z', false],
    ['Mon-Fri 08:00-18:00 Europe/Berlin', '2026-06-01T06:00:00Z', true],
    ['Mon-Fri 08:00-18:00 Europe/Berlin', '2026-06-01T15:59:59.999Z', true],
    ['Mon-Fri 08:00-18:00 Europe/Berlin', '2026-06-01T16:00:00Z', false],
    ['Mon-Fri 08:00-18:00 Europe/Berlin', '2026-06-06T10:00:00Z', false],
    ['Mon-Fri 08:00-18:00 Europe/Berlin', '2026-12-01T06:30:00Z', false],
    ['Mon-Fri 08:00-18:00 Europe/Berlin', '2026-12-01T07:00:00Z', true],
    // The day is that of the zone: Sunday evening in UTC is Monday in Auckland.
    ['Mon 00:00-12:00 Pacific/Auckland', '2026-05-31T13:00:00Z', true],
    ['Sun 00:00-24:00 UTC', '2026-05-31T23:59:59Z', true],
    ['Sun 00:00-24:00 UTC', '2026-06-01T00:00:00Z', false],
    ['Sat,Mon 00:00-24:00 UTC', '2026-05-31T12:00:00Z', false],
    ['Sat-Mon 00:00-24:00 UTC', '2026-05-31T12:00:00Z', true],
    ['Mon 00:00-24:00 Asia/Kolkata', '2026-06-01T18:29:59Z', true],
    ['Mon 00:00-24:00 Asia/Kolkata', '2026-06-01T18:30:00Z', false],
    // Over midnight it belongs to the day on which it begins.
    ['Fri 22:00-06:00 UTC', '2026-06-05T21:59:00Z', false],
    ['Fri 22:00-06:00 UTC', '2026-06-05T22:00:00Z', true],
    ['Fri 22:00-06:00 UTC', '2026-06-06T05:59:00Z', true],
    ['Fri 22:00-06:00 UTC', '2026-06-06T06:00:00Z', false],
    ['Fri 22:00-06:00 UTC', '2026-06-05T03:00:00Z', false],
    ['Sun 22:00-06:00 UTC', '2026-06-01T03:00:00Z', true],
    // 2026-03-29, 01:00 UTC: from 02:00 to 03:00 in Berlin. Half past two is not shown; half past three is.
    ['Sun 02:00-03:00 Europe/Berlin', '2026-03-29T00:59:59Z', false],
    ['Sun 02:00-03:00 Europe/Berlin', '2026-03-29T01:00:00Z', false],
    ['Sun 03:00-04:00 Europe/Berlin', '2026-03-29T01:00:00Z', true],
    // 2026-10-25, 01:00 UTC: from 03:00 back to 02:00. Half past two is shown twice.
    ['Sun 02:00-03:00 Europe/Berlin', '2026-10-25T00:30:00Z', true],
    ['Sun 02:00-03:00 Europe/Berlin', '2026-10-25T01:30:00Z', true],
    ['Sun 02:00-03:00 Europe/Berlin', '2026-10-25T02:00:00Z', false],
    // Lord Howe puts its clocks on by half an hour.
    ['Mon-Sun 12:00-12:30 Australia/Lord_Howe', '2026-01-15T01:00:00Z', true],
    ['Mon-Sun 12:00-12:30 Australia/Lord_Howe', '2026-07-15T01:30:00Z', true],
    ['Mon-Sun 12:00-12:30 Australia/Lord_Howe', '2026-07-15T01:00:00Z', false],
    ['Thu 00:00-24:00 UTC', '1970-01-01T00:00:00Z', true],
    ['Wed 00:00-24:00 UTC', '1969-12-31T23:59:59Z', true],
  ])('%s at %s: %s', (text, time, wanted) => {
    expect(isWithin(read(text), at(time))).toBe(wanted);
  });

  it('answers the same whatever was asked before', () => {
    const window = read('Mon-Fri 08:00-18:00 Europe/Berlin');
    const asked = ['2026-06-01T06:00:00Z', '2026-12-01T06:30:00Z', '2026-06-01T06:00:00Z'].map(at);
    expect(asked.map((time) => isWithin(window, time))).toEqual([true, false, true]);
  });
});

describe('a window of once', () => {
  const freeze = '2026-12-20 18:00 to 2027-01-04 06:00 Europe/Berlin';
  it.each([
    [freeze, '2026-12-20T16:59:59.999Z', false],
    [freeze, '2026-12-20T17:00:00Z', true],
    [freeze, '2027-01-04T04:59:59.999Z', true],
    [freeze, '2027-01-04T05:00:00Z', false],
    ['2026-06-01 00:00 to 2026-06-30 24:00 UTC', '2026-06-30T23:59:59Z', true],
    // A time that is shown twice: from the first, to the second.
    ['2026-10-25 02:30 to 2026-10-25 05:00 Europe/Berlin', '2026-10-25T00:30:00Z', true],
    ['2026-10-25 00:00 to 2026-10-25 02:30 Europe/Berlin', '2026-10-25T01:29:59Z', true],
    ['2026-10-25 00:00 to 2026-10-25 02:30 Europe/Berlin', '2026-10-25T01:30:00Z', false],
    // A time that is never shown is as much later as the clocks were put on: 02:30 is 03:30.
    ['2026-03-29 02:30 to 2026-03-29 05:00 Europe/Berlin', '2026-03-29T01:29:59Z', false],
    ['2026-03-29 02:30 to 2026-03-29 05:00 Europe/Berlin', '2026-03-29T01:30:00Z', true],
  ])('%s at %s: %s', (text, time, wanted) => {
    expect(isWithin(read(text), at(time))).toBe(wanted);
  });
});

describe('a window is refused', () => {
  it.each([
    ['08:00-18:00', 'expected for example Mon-Fri'],
    ['Mon-Fri 08:00-18:00', 'expected for example Mon-Fri'],
    ['Mon-Fri 8-18 UTC', 'expected for example Mon-Fri'],
    ['mon-fri 08:00-18:00 UTC', 'no list of days'],
    ['Mon-Fri-Sun 08:00-18:00 UTC', 'no list of days'],
    ['Mon,Mo 08:00-18:00 UTC', 'no list of days'],
    ['Mon 08:60-18:00 UTC', 'times from 00:00 to 23:59'],
    ['Mon 08:00-24:01 UTC', 'times from 00:00 to 23:59'],
    ['Mon 24:00-08:00 UTC', 'times from 00:00 to 23:59'],
    ['Mon 08:00-08:00 UTC', 'ends when it begins'],
    ['Mon 08:00-18:00 +02:00', 'no time zone'],
    ['Mon 08:00-18:00 CET', 'no time zone'],
    ['Mon 08:00-18:00 Etc/GMT+2', 'the opposite of what one reads'],
    ['Mon 08:00-18:00 Europe/Berlim', 'did you mean "Europe/Berlin"?'],
    ['Mon 08:00-18:00 europe/berlin', 'did you mean "Europe/Berlin"?'],
    ['2026-02-30 08:00 to 2026-03-01 08:00 UTC', 'dates and times'],
    ['2026-13-01 08:00 to 2027-03-01 08:00 UTC', 'dates and times'],
    ['2026-12-20T18:00 to 2027-01-04T06:00 UTC', 'expected for example'],
    ['2026-12-20 18:00 to 2026-12-20 18:00 UTC', 'ends before it begins'],
    ['2026-12-20 18:00 - 2027-01-04 06:00 UTC', 'expected for example'],
  ])('%s: %s', (text, part) => {
    expect(parseTimeWindow(text)).toEqual({ ok: false, reason: expect.stringContaining(part) });
  });
});

describe('a window that covers another', () => {
  it.each([
    ['Mon-Fri 08:00-18:00 UTC', 'Tue 09:00-10:00 UTC', true],
    ['Mon-Fri 08:00-18:00 UTC', 'Sat 09:00-10:00 UTC', false],
    ['Mon-Fri 08:00-18:00 UTC', 'Tue 07:00-10:00 UTC', false],
    ['Mon-Fri 08:00-18:00 UTC', 'Tue 09:00-10:00 Europe/London', false],
    ['Mon-Fri 08:00-18:00 UTC', 'Tue 09:00-07:00 UTC', false],
    ['Mon-Fri 22:00-06:00 UTC', 'Fri 22:00-06:00 UTC', true],
    ['Mon-Sun 00:00-24:00 UTC', '2026-12-20 18:00 to 2027-01-04 06:00 Europe/Berlin', true],
    ['2026-12-20 18:00 to 2027-01-04 06:00 UTC', '2026-12-24 00:00 to 2026-12-26 00:00 Europe/Berlin', true],
    ['2026-12-20 18:00 to 2027-01-04 06:00 UTC', '2026-12-20 18:00 to 2026-12-26 00:00 Europe/Berlin', false],
    ['2026-12-20 18:00 to 2027-01-04 06:00 UTC', 'Mon 09:00-10:00 UTC', false],
  ])('%s, %s: %s', (outer, inner, wanted) => {
    expect(windowCovers(read(outer), read(inner))).toBe(wanted);
  });
});
