import { describe, expect, it } from '@jest/globals';
import { columnsOf } from '../../src/audit/printable.ts';
import { textTable, wrap } from '../../src/cli/text-table.ts';

describe('a table for a terminal', () => {
  it('breaks its last column, and no other', () => {
    expect(
      textTable(
        ['A', 'WHY'],
        [
          ['one', 'a few words that do not fit into what a narrow terminal has'],
          ['two', ''],
        ],
        40,
      ),
    ).toEqual([
      'A    WHY',
      'one  a few words that do not fit into what a narrow terminal',
      '     has',
      'two',
    ]);
  });

  it('cuts the others where they leave no room', () => {
    const lines = textTable(['NAME', 'WHY'], [['x'.repeat(64), 'because of this']], 60);
    expect(lines[1]).toBe(`${'x'.repeat(25)}…  because of this`);
  });

  it('shows nothing that a terminal obeys', () => {
    expect(textTable(['A', 'B'], [['a\u001b[2J', 'b\nc']], 80).join('|')).toBe(
      'A           B|a\\u{1b}[2J  b\\u{a}c',
    );
  });

  it('counts what takes two columns as two', () => {
    expect(
      textTable(
        ['A', 'B'],
        [
          ['日本', 'x'],
          ['a', 'y'],
        ],
        80,
      ),
    ).toEqual(['A     B', '日本  x', 'a     y']);
  });
});

describe('breaking a line', () => {
  it('goes by blanks, and cuts what is longer than a line', () => {
    expect(wrap('aa bb cc', 5)).toEqual(['aa bb', 'cc']);
    expect(wrap('abcdefg h', 3)).toEqual(['abc', 'def', 'g h']);
    expect(wrap('', 10)).toEqual(['']);
  });

  it('ends for any width and text', () => {
    for (const width of [1, 2, 3, 4]) {
      const lines = wrap('日本語 abc', width);
      if (width > 1) expect(Math.max(...lines.map(columnsOf))).toBeLessThanOrEqual(width);
      expect(lines.join('').replace(/ /g, '')).toBe('日本語abc');
    }
  });
});
