import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const ROOT = join(import.meta.dirname, '..');
const SOURCES = join(ROOT, 'src');

/** Rooms that decide and read only what they are handed. */
const PURE = ['errors', 'protocol', 'policy', 'tlog'];
/** What a pure room may take of Node: functions of their arguments. */
const PURE_BUILTINS = ['node:crypto', 'node:net'];

const page = readFileSync(join(ROOT, 'docs', 'architecture.md'), 'utf8');

describe('the arrows of docs/architecture.md', () => {
  const rows = readArrows(page);
  const imports = readImports();
  const rooms = [...new Set(imports.map(({ file }) => roomOf(file)))].sort();

  it('names every room of src, and no other', () => {
    expect([...rows.keys()].sort()).toEqual(rooms);
  });

  it('names in its rows only rooms', () => {
    const named = [...rows.values()].flat();
    expect(named.filter((room) => !rows.has(room))).toEqual([]);
  });

  it('has no circle, so that every room can be understood by those above it', () => {
    expect(circles(rows)).toEqual([]);
  });

  it('allows every import that is there', () => {
    const wrong = imports.flatMap(({ file, targets }) =>
      targets
        .filter((target) => target.startsWith('.') && target !== '../package.json')
        .map((target) => ({ file, from: roomOf(file), to: roomOf(resolveFrom(file, target)) }))
        .filter(({ from, to }) => from !== to && !rows.get(from)?.includes(to))
        .map(({ from, to }) => `${file}: ${from} may not import ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  it('keeps the pure rooms away from files, sockets and clocks', () => {
    const impure = imports
      .filter(({ file }) => PURE.includes(roomOf(file)))
      .flatMap(({ file, targets }) =>
        targets
          .filter((target) => target.startsWith('node:') && !PURE_BUILTINS.includes(target))
          .map((target) => `${file} imports ${target}`),
      );
    const clocks = imports
      .filter(({ file }) => PURE.includes(roomOf(file)))
      .filter(({ text }) =>
        /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bprocess\.|\bperformance\./.test(text),
      )
      .map(({ file }) => file);
    expect({ impure, clocks }).toEqual({ impure: [], clocks: [] });
  });
});

describe.each(dividedRooms(page))('the parts of the room %s', (room) => {
  const rows = readArrows(page, `part of ${room}`);
  const inside = readImports().filter(({ file }) => roomOf(file) === room && file.includes('/'));
  const partOf = (file: string): string => {
    const [, part = '', ...rest] = file.split('/');
    return rest.length > 0 ? part : room;
  };

  it('are its folders, and the files beside them', () => {
    expect([...rows.keys()].sort()).toEqual([...new Set(inside.map(({ file }) => partOf(file)))].sort());
    expect([...rows.values()].flat().filter((part) => !rows.has(part))).toEqual([]);
  });

  it('have no circle', () => {
    expect(circles(rows)).toEqual([]);
  });

  it('import what their rows allow', () => {
    const wrong = inside.flatMap(({ file, targets }) =>
      targets
        .filter((target) => target.startsWith('.'))
        .map((target) => resolveFrom(file, target))
        .filter((target) => roomOf(target) === room)
        .map((target) => ({ from: partOf(file), to: partOf(target) }))
        .filter(({ from, to }) => from !== to && !rows.get(from)?.includes(to))
        .map(({ from, to }) => `${file}: ${from} may not import ${to}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('the reading of arrows', () => {
  it('takes room and targets out of the rows of the table', () => {
    const text = '| room | may import |\n| --- | --- |\n| a | |\n| b | a |\n| c | a, b |\n\n| d | e |\n';
    expect([...readArrows(text)]).toEqual([
      ['a', []],
      ['b', ['a']],
      ['c', ['a', 'b']],
    ]);
  });

  it('takes the table of a room that is divided, and of no other', () => {
    const text =
      '| room | may import |\n| --- | --- |\n| a | |\n\n| part of a | may import |\n| --- | --- |\n| b | a |\n';
    expect(dividedRooms(text)).toEqual(['a']);
    expect([...readArrows(text, 'part of a')]).toEqual([['b', ['a']]]);
    expect(() => readArrows(text, 'part of c')).toThrow('no table');
  });

  it('sees a circle', () => {
    expect(
      circles(
        new Map([
          ['a', ['b']],
          ['b', ['c']],
          ['c', ['a']],
        ]),
      ),
    ).not.toEqual([]);
  });

  it('sees static, re-exporting and dynamic imports, and not what stands in comments', () => {
    const text = [
      "import { a } from './a.ts';",
      "import type {\n  B,\n} from '../b/b.ts';",
      "export * from './c.ts';",
      "export { d } from './d.ts';",
      "const e = await import('./e.ts');",
      "const f = new URL('./f', import.meta.url);",
      "import './g.ts';",
      "// import { x } from './x.ts';",
      " * import { y } from './y.ts';",
    ].join('\n');
    expect(targetsIn(text)).toEqual(['./a.ts', '../b/b.ts', './c.ts', './d.ts', './e.ts', './f', './g.ts']);
  });
});

interface Source {
  /** Below src, with slashes. */
  readonly file: string;
  readonly text: string;
  readonly targets: readonly string[];
}

function readImports(): Source[] {
  return readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .map((file) => file.split(sep).join('/'))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => {
      const text = readFileSync(join(SOURCES, file), 'utf8');
      return { file, text, targets: targetsIn(text) };
    });
}

/** The modules that a text imports, in order. Workers name theirs by `new URL`. */
function targetsIn(text: string): string[] {
  const code = text.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, '');
  const forms =
    /(?:^|\n)\s*(?:import|export)\b[^;'"]*?\bfrom\s*'([^']+)'|\bimport\(\s*'([^']+)'|\bnew URL\(\s*'(\.[^']+)'|(?:^|\n)\s*import\s*'([^']+)'/g;
  return [...code.matchAll(forms)].map((match) => String(match.slice(1).find((part) => part !== undefined)));
}

/** A folder of src is a room; a file that lies in src itself is one of its own. */
function roomOf(file: string): string {
  const [first = '', ...rest] = file.split('/');
  return rest.length > 0 ? first : first.replace(/\.ts$/, '');
}

function resolveFrom(file: string, target: string): string {
  return relative(SOURCES, resolve(SOURCES, dirname(file), target))
    .split(sep)
    .join('/');
}

/** Rooms whose folders have a table of their own. */
function dividedRooms(text: string): string[] {
  return [...text.matchAll(/^\| part of (\S+) \| may import \|$/gm)].map(([, room = '']) => room);
}

/** @param head of the table's first column. @throws {Error} where there is no such table. */
function readArrows(text: string, head = 'room'): Map<string, string[]> {
  const lines = text.split('\n');
  const start = lines.indexOf(`| ${head} | may import |`);
  if (start < 0) throw new Error(`there is no table of each ${head}`);
  const rows = new Map<string, string[]>();
  for (const line of lines.slice(start + 2)) {
    const cells = /^\|\s*(\S+)\s*\|(.*)\|$/.exec(line);
    if (!cells) break;
    const [, room = '', targets = ''] = cells;
    rows.set(
      room,
      targets
        .split(',')
        .map((target) => target.trim())
        .filter((target) => target !== ''),
    );
  }
  return rows;
}

/** The rooms that cannot be ordered: what is left when those that import only ordered ones are taken away. */
function circles(rows: ReadonlyMap<string, readonly string[]>): string[] {
  const left = new Map(rows);
  for (let before = -1; before !== left.size; ) {
    before = left.size;
    for (const [room, targets] of left) if (!targets.some((target) => left.has(target))) left.delete(room);
  }
  return [...left.keys()];
}
