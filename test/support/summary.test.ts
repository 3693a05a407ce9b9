import { describe, expect, it } from '@jest/globals';
import { summarize } from '../../script/summary.ts';

const NOTHING = {
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
};

describe('the last line of script/test', () => {
  it.each([
    ['all passed', { numPassedTests: 3 }, 0, '3 passed, 0 failed', true],
    [
      'some skipped',
      { numPassedTests: 3, numPendingTests: 1, numTodoTests: 1 },
      0,
      '3 passed, 0 failed, 2 skipped',
      true,
    ],
    ['one failed', { numPassedTests: 3, numFailedTests: 1 }, 0, '3 passed, 1 failed', false],
    [
      'a file that could not be loaded',
      { numPassedTests: 3, numRuntimeErrorTestSuites: 1 },
      0,
      '3 passed, 1 failed',
      false,
    ],
    ['a check beside the tests failed', { numPassedTests: 3 }, 2, '3 passed, 2 failed', false],
    ['no test at all', {}, 0, '0 passed, 0 failed', false],
  ])('%s', (_, result, moreFailed, line, ok) => {
    expect(summarize({ ...NOTHING, ...result }, moreFailed)).toEqual({ line, ok });
  });
});
