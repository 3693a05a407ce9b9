import { expect } from '@jest/globals';
import { brokenChains, type Report, unrecorded, wrongEnds } from './kill-loop.ts';

/** What must hold of the record after any number of deaths. */
export function expectWhole(report: Report): void {
  const { leaves, told } = report;
  expect(report.integrity).toBe('ok');
  expect(unrecorded(report)).toEqual([]);
  expect(report.missing).toEqual([]);
  expect(brokenChains(report)).toEqual([]);
  expect(wrongEnds(report)).toEqual([]);
  expect(report.openIntents).toBe(0);
  // Nobody but Warden writes to the registry here.
  expect(leaves.filter(({ type }) => type === 'tag.drift')).toEqual([]);
  const ids = leaves.map((leaf) => leaf['id']);
  expect(new Set(ids).size).toBe(ids.length);
  expect(leaves.map(({ index }) => index)).toEqual(leaves.map((_, at) => at));
  // The deaths must have met pushes, or nothing was tried.
  expect(told.filter(({ status }) => status === 201).length).toBeGreaterThan(0);
  expect(told.filter(({ status }) => status === undefined).length).toBeGreaterThan(0);
}
