import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { watchPace } from '../../src/upstream/pace.ts';

const WINDOW_MS = 1000;
const KIB = 1024;

describe('the watch over a transfer', () => {
  let slow = 0;
  const watch = () =>
    watchPace(WINDOW_MS, () => {
      slow++;
    });
  beforeEach(() => {
    slow = 0;
    jest.useFakeTimers();
  });
  afterEach(() => void jest.useRealTimers());

  it('tells of one that stands still, once', () => {
    watch();
    jest.advanceTimersByTime(WINDOW_MS - 1);
    expect(slow).toBe(0);
    jest.advanceTimersByTime(WINDOW_MS * 5);
    expect(slow).toBe(1);
  });

  it('tells of one that moves a byte now and then', () => {
    const pace = watch();
    for (let round = 0; round < 20; round++) {
      pace.moved(1);
      jest.advanceTimersByTime(WINDOW_MS / 10);
    }
    expect(slow).toBe(1);
  });

  it('is content with 64 KiB in each window, in whatever pieces', () => {
    const pace = watch();
    for (let round = 0; round < 50; round++) {
      for (const part of [1, 32 * KIB, 32 * KIB - 1]) {
        jest.advanceTimersByTime(WINDOW_MS / 4);
        pace.moved(part);
      }
    }
    expect(slow).toBe(0);
    jest.advanceTimersByTime(WINDOW_MS);
    expect(slow).toBe(1);
  });

  it('ends when it is stopped', () => {
    watch().stop();
    jest.advanceTimersByTime(WINDOW_MS * 2);
    expect(slow).toBe(0);
  });
});
