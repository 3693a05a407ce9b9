import { describe, expect, it } from '@jest/globals';
import { createClockWatch } from '../../src/provenance/clock-watch.ts';
import { createDiskForecast } from '../../src/provenance/disk-forecast.ts';

const MB = 1024 * 1024;
const HOUR_MS = 3_600_000;

function aForecast() {
  return createDiskForecast({ minimumFreeBytes: 64 * MB, warnFreeBytes: 1024 * MB, warnSeconds: 7 * 86_400 });
}

describe('the forecast of the disk', () => {
  it('says nothing while there is room, and no time can be told', () => {
    const forecast = aForecast();
    expect([forecast.freeBytes(), forecast.warning()]).toEqual([undefined, undefined]);
    forecast.add(0, 5000 * MB);
    expect([forecast.secondsLeft(), forecast.warning()]).toEqual([Number.POSITIVE_INFINITY, undefined]);
  });

  it('warns at little room', () => {
    const forecast = aForecast();
    forecast.add(0, 900.5 * MB);
    expect(forecast.warning()).toBe(
      'the disk of the push record has 900 MB free; below 64 MB pushes are refused',
    );
  });

  it('tells how long the room will do at the rate so far', () => {
    const forecast = aForecast();
    // 100 MB an hour.
    for (let hour = 0; hour <= 5; hour++) forecast.add(hour * HOUR_MS, (5564 - hour * 100) * MB);
    expect(forecast.secondsLeft() / 3600).toBeCloseTo(50, 5);
    expect(forecast.warning()).toContain(
      'has 5064 MB free; below 64 MB pushes are refused, at the rate of the last day in 2 days',
    );
  });

  it('forgets what was more than a day ago', () => {
    const forecast = aForecast();
    for (let hour = 0; hour <= 5; hour++) forecast.add(hour * HOUR_MS, (50_000 - hour * 1000) * MB);
    for (let hour = 30; hour <= 40; hour++) forecast.add(hour * HOUR_MS, 45_000 * MB);
    expect(forecast.secondsLeft()).toBe(Number.POSITIVE_INFINITY);
  });

  it('is not led astray by a file that comes and goes', () => {
    const forecast = aForecast();
    for (let hour = 0; hour <= 20; hour++) forecast.add(hour * HOUR_MS, (hour === 10 ? 20_000 : 50_000) * MB);
    expect(forecast.warning()).toBeUndefined();
  });
});

describe('the watch of the clock', () => {
  function aWatch() {
    const time = { wall: 1_000_000, steady: 500 };
    const look = createClockWatch({ now: () => time.wall, elapsed: () => time.steady });
    const pass = (steady: number, wall = steady) => {
      time.steady += steady;
      time.wall += wall;
      return look();
    };
    return { pass };
  }

  it.each([
    ['forward', 3_600_000],
    ['back', -3_600_000],
  ])('tells a jump %s once', (_way, by) => {
    const { pass } = aWatch();
    expect(pass(1_000)).toBeUndefined();
    expect(pass(1_000, 1_000 + by)).toEqual({ expected: 1_002_000, shown: 1_002_000 + by });
    expect(pass(1_000)).toBeUndefined();
  });

  it('takes slow corrections for what they are', () => {
    const { pass } = aWatch();
    for (let second = 0; second < 3600; second++) expect(pass(1_000, 1_001)).toBeUndefined();
  });
});
