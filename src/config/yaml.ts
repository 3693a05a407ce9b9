/**
 * Reads a YAML file into a checked value, and says where in the text each problem stands.
 *
 * What could mean two things, or could hide what a value is, is refused: repeated keys, tags, anchors and aliases,
 * directives, several documents. Anchors are also how a short text unfolds into gigabytes.
 *
 * @see https://yaml.org/spec/1.2.2/
 */
import { type Document, isMap, isPair, isScalar, isSeq, type Node, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import type { Path, Place, Problem } from '../policy/problem.ts';
import { explainIssues } from './issues.ts';

export type { Path, Place, Problem } from '../policy/problem.ts';

export type ReadYaml<T> =
  | {
      readonly ok: true;
      readonly value: T;
      /** Where the value of a path stands, or its key, or else the nearest thing around it. Total: any path has a place. */
      readonly positionOf: PositionOf;
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export type PositionOf = (path: Path, part?: 'key' | 'value') => Place;

/** Larger than any file a person writes. */
const TEXT_LIMIT = 4 * 1024 * 1024;
/** One broken bracket can give thousands of errors, of which the first say all. */
const SYNTAX_PROBLEM_LIMIT = 10;

/** @returns all problems at once, in the order of the text; a syntax error hides what the schema would say. */
export function readYaml<T extends z.ZodType>(text: string, file: string, schema: T): ReadYaml<z.output<T>> {
  const start = { file, line: 1, column: 1 };
  if (text.length > TEXT_LIMIT) {
    return {
      ok: false,
      problems: [{ ...start, message: `the file is larger than ${TEXT_LIMIT} characters` }],
    };
  }
  const document = parseDocument(text, {
    prettyErrors: false,
    stringKeys: true,
    resolveKnownTags: false,
    // Looked for below: the library compares each key with each.
    uniqueKeys: false,
  });
  const placeAt = placesOf(text);
  const complaints = [...syntaxComplaints(document), ...hiddenMeanings(document)];
  if (complaints.length > 0) {
    const problems = complaints
      .sort((a, b) => a.offset - b.offset)
      .filter((complaint, index, all) => complaint.offset !== all[index - 1]?.offset)
      .slice(0, SYNTAX_PROBLEM_LIMIT)
      .map(({ offset, message }) => ({ file, ...placeAt(offset), message }));
    return { ok: false, problems };
  }
  const value: unknown = document.toJS();
  if (value === null || value === undefined) {
    return {
      ok: false,
      problems: [{ ...start, message: 'the file holds nothing; expected keys with values' }],
    };
  }
  const positionOf: PositionOf = (path, part = 'value') => placeAt(offsetOf(document, path, part));
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return { ok: true, value: result.data, positionOf };
  const problems = explainIssues(result.error.issues, schema)
    .map(({ path, part, message }) => ({ file, ...positionOf(path, part), message }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
  return { ok: false, problems };
}

/** `file:line:column message`: the form that editors and terminals make a link of. */
export function describeProblem({ file, line, column, message }: Problem): string {
  return `${file}:${line}:${column} ${message}`;
}

/** Counted here, because the library's own counter misses line ends inside what it could not read. */
function placesOf(text: string): (offset: number) => Place {
  const starts = [0];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: Math.min(offset, text.length) - (starts[low] ?? 0) + 1 };
  };
}

interface Complaint {
  readonly offset: number;
  readonly message: string;
}

function syntaxComplaints(document: Document.Parsed): Complaint[] {
  return [...document.errors, ...document.warnings].map((error) => ({
    offset: error.pos[0],
    message: SENTENCES[error.code] ?? `YAML: ${lowerFirst(error.message)}`,
  }));
}

const SENTENCES: Readonly<Record<string, string>> = {
  TAG_RESOLVE_FAILED: 'tags (!…) are not used here; write the value alone',
  NON_STRING_KEY: 'a key must be a plain word',
  MULTIPLE_DOCS: 'one document per file; take out the --- lines',
  TAB_AS_INDENT: 'a tab stands where blanks are needed',
  RESOURCE_EXHAUSTION: 'brackets or lists are nested too deeply',
  BLOCK_AS_IMPLICIT_KEY: 'a key with a list or keys of its own cannot stand on this line; begin a new line',
};

function hiddenMeanings(document: Document.Parsed): Complaint[] {
  const found: Complaint[] = [];
  if (document.errors.length > 0) return found;
  if (
    document.directives.yaml.explicit ||
    Object.keys(document.directives.tags).some((tag) => tag !== '!!')
  ) {
    found.push({ offset: 0, message: 'directives (%…) are not used here; take them out' });
  }
  function decorated(node: Node): void {
    const { anchor, tag } = node as { readonly anchor?: string; readonly tag?: string };
    const offset = node.range?.[0] ?? 0;
    if (anchor) found.push({ offset, message: 'anchors (&…) are not used here; write it out' });
    if (tag && document.warnings.length === 0)
      found.push({ offset, message: 'tags (!…) are not used here; write the value alone' });
  }
  visit(document, {
    Alias: (_key, node) => {
      found.push({ offset: node.range?.[0] ?? 0, message: 'aliases (*…) are not used here; write it out' });
    },
    Value: (_key, node) => decorated(node),
    // Asked in place of `Value`, for what is one.
    Map: (_key, map) => {
      decorated(map);
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value))
          found.push({ offset: key.range?.[0] ?? 0, message: 'this key stands twice; keep one' });
        seen.add(key.value);
      }
    },
    Pair: (_key, pair) => {
      // This key sets the prototype in much JavaScript, and checkers of shapes skip it.
      if (!isScalar(pair.key) || pair.key.value !== '__proto__') return;
      found.push({ offset: pair.key.range?.[0] ?? 0, message: 'unknown key `__proto__`' });
    },
  });
  return found;
}

/** The offset of what a path names; if that is missing, of what should hold it. */
function offsetOf(document: Document.Parsed, path: Path, part: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = rangeStart(node) ?? 0;
  // The key of the mapping or list that is being looked into: a missing thing is best shown there.
  let holder: number | undefined;
  for (const [index, step] of path.entries()) {
    const inside: unknown = isMap(node)
      ? node.items.find((pair) => isScalar(pair.key) && pair.key.value === step)
      : isSeq(node) && typeof step === 'number'
        ? node.items[step]
        : undefined;
    if (inside === undefined) return holder ?? offset;
    const keyOffset = isPair(inside) ? rangeStart(inside.key) : undefined;
    holder = keyOffset;
    node = isPair(inside) ? inside.value : inside;
    const last = index === path.length - 1;
    // The value of `from:` with nothing behind it stands at the end of the line, where nobody looks.
    const absent = isScalar(node) && node.value === null;
    offset = ((last && part === 'key') || absent ? keyOffset : undefined) ?? rangeStart(node) ?? offset;
  }
  return offset;
}

function rangeStart(node: unknown): number | undefined {
  return (node as { range?: readonly [number, number, number] | null } | null)?.range?.[0];
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
