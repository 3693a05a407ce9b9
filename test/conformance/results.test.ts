import { describe, expect, it } from '@jest/globals';
import { compare, judge, readKnown, readReport, sumUp } from './results.ts';

const report = (...tests: readonly (readonly [string, string])[]): string =>
  tests
    .map(
      ([name, status]) =>
        `<testcase name="OCI Conformance Test/${name}" classname="" time="0.1" status="${status}">`,
    )
    .join('\n');

describe('the comparison of two reports', () => {
  it('is by test, and a test that ran twice has both of its results', () => {
    const bare = readReport(report(['a', 'passed'], ['b', 'failure'], ['b', 'passed']));
    const warden = readReport(
      report(['a', 'passed'], ['b', 'passed'], ['b', 'passed'], ['c &amp; d', 'skipped']),
    );
    expect(compare(bare, warden)).toEqual([
      { test: 'b', bare: 'failure, passed', warden: '2 passed' },
      { test: 'c & d', bare: '', warden: 'skipped' },
    ]);
    expect(sumUp(bare)).toEqual({ passed: 2, failure: 1 });
  });

  it('of equal reports finds nothing, in whatever order the tests ran', () => {
    const tests = [
      ['a', 'passed'],
      ['b', 'failure'],
    ] as const;
    expect(compare(readReport(report(...tests)), readReport(report(...[...tests].reverse())))).toEqual([]);
  });

  it('does not take a report without tests for one without differences', () => {
    expect(() => readReport('<testsuites/>')).toThrow('holds no test');
  });
});

describe('the list of known differences', () => {
  const known = readKnown(`
| registry | test | bare | through Warden | reason |
| --- | --- | --- | --- | --- |
| r | \`x/*\` | failure | passed | Because. |
| r | \`y\` | | passed | It did not run. |
`);
  it('covers what it names, with the results that it names', () => {
    const differences = [
      { test: 'x/1', bare: 'failure', warden: 'passed' },
      { test: 'y', bare: '', warden: 'passed' },
    ];
    expect(judge(differences, known)).toEqual({ unknown: [], stale: [] });
  });

  it('covers neither another test nor another result, and says which rows are not needed', () => {
    const differences = [
      { test: 'ax/1', bare: 'failure', warden: 'passed' },
      { test: 'x/1', bare: 'passed', warden: 'failure' },
    ];
    const { unknown, stale } = judge(differences, known);
    expect(unknown).toEqual(differences);
    expect(stale.map(({ test }) => test)).toEqual(['x/*', 'y']);
  });
});
