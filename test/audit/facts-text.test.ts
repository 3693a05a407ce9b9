import { describe, expect, it } from '@jest/globals';
import { factsText } from '../../src/audit/facts-text.ts';

describe('the facts of one answer', () => {
  it('stand below each other by their names, lists a line each', () => {
    const item = {
      index: 3,
      subject: { repo: 'team/app', layers: ['a', 'b'], none: [] },
      base: [{ by: 'layers' }, { by: 'claim' }],
      leaf: 'all of it',
    };
    expect(factsText(item, ['leaf']).split('\n')).toEqual([
      'index           3',
      'subject.repo    team/app',
      'subject.layers  a',
      'subject.layers  b',
      'base[0].by      layers',
      'base[1].by      claim',
    ]);
  });

  it('hold nothing that a terminal obeys, and no name that could be taken for another', () => {
    const labels = { 'a.b': '1', a: { b: '2' }, 'x\u001b[2J': 'y\nsubject.repo  forged' };
    expect(factsText({ labels }).split('\n')).toEqual([
      expect.stringMatching(/^labels\["a\.b"\] +1$/),
      expect.stringMatching(/^labels\.a\.b +2$/),
      expect.stringMatching(/^labels\["x\\u001b\[2J"\] +y\\u\{a\}subject\.repo {2}forged$/),
    ]);
  });
});
