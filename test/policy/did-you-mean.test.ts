import { expect, it } from '@jest/globals';
import { nearestWord } from '../../src/policy/did-you-mean.ts';

it.each([
  ['form', 'from'],
  ['alow', 'allow'],
  ['repositorys', 'repositories'],
  ['WHO', 'who'],
  ['wh', 'who'],
  ['x', undefined],
  ['match', undefined],
  ['', undefined],
])('%j is meant to be %p', (word, wanted) => {
  expect(nearestWord(word, ['from', 'allow', 'deny', 'repositories', 'who'])).toBe(wanted);
});
