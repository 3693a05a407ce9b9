/** One answer with all that it holds, as plain text for a terminal: a line a fact, by the names that docs/record.md has. */
import { printable } from './printable.ts';

type Fact = readonly [name: string, value: string];

/** @param left names that are not shown. */
export function factsText(item: unknown, left: readonly string[] = []): string {
  const facts = [...factsOf('', item)].filter(([name]) => !left.includes(name));
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts
    .map(([name, value]) => `${printable(name).padEnd(width)}  ${printable(value)}`.trimEnd())
    .join('\n');
}

/** Names of labels and of claims have dots and blanks of their own, so they stand in brackets. */
function* factsOf(path: string, value: unknown): Generator<Fact> {
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) {
    for (const one of value) yield [path, String(one)];
  } else if (Array.isArray(value)) {
    for (const [at, one] of value.entries()) yield* factsOf(`${path}[${at}]`, one);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, one] of Object.entries(value)) yield* factsOf(under(path, name), one);
  } else {
    yield [path, String(value)];
  }
}

function under(path: string, name: string): string {
  if (!/^\w+$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === '' ? name : `${path}.${name}`;
}
