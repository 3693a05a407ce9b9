/** What a run of the conformance program came to, and how two runs differ. */

/** How often each test came to each result. A test may run several times under one name. */
export type Tally = ReadonlyMap<string, Readonly<Record<string, number>>>;

export interface Difference {
  readonly test: string;
  /** The sorted results, `passed` or, of a test that ran more than once, `failure, passed`. Empty where it did not run. */
  readonly bare: string;
  readonly warden: string;
}

/** A row of docs/conformance.md: a difference that is known, and why. `*` in a test's name stands for anything. */
export interface Known extends Difference {
  readonly registry: string;
  readonly reason: string;
}

/** Reads the JUnit report of the conformance program. @throws when it holds no test. */
export function readReport(xml: string): Tally {
  const tally = new Map<string, Record<string, number>>();
  for (const [, name = '', status = ''] of xml.matchAll(/<testcase name="([^"]*)"[^>]*? status="([^"]*)"/g)) {
    const test = unescapeXml(name).replace(/^OCI Conformance Test\//, '');
    const results = tally.get(test) ?? {};
    results[status] = (results[status] ?? 0) + 1;
    tally.set(test, results);
  }
  if (tally.size === 0) throw new Error('the report of the conformance program holds no test');
  return tally;
}

/** How many tests came to each result. */
export function sumUp(tally: Tally): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const results of tally.values()) {
    for (const [status, count] of Object.entries(results)) sums[status] = (sums[status] ?? 0) + count;
  }
  return sums;
}

/** The tests whose results are not the same, sorted by name. */
export function compare(bare: Tally, warden: Tally): readonly Difference[] {
  return [...new Set([...bare.keys(), ...warden.keys()])]
    .sort()
    .map((test) => ({ test, bare: textOf(bare.get(test)), warden: textOf(warden.get(test)) }))
    .filter((row) => row.bare !== row.warden);
}

/** Rows of the form `| registry | test | bare | through Warden | reason |`; the test stands between backticks. */
export function readKnown(page: string): readonly Known[] {
  return page.split('\n').flatMap((line) => {
    const [, registry = '', test = '', bare = '', warden = '', reason = ''] = line
      .split('|')
      .map((cell) => cell.trim());
    const name = /^`(.+)`$/.exec(test)?.[1];
    return name === undefined ? [] : [{ registry, test: name, bare, warden, reason }];
  });
}

export interface Judged {
  /** Differences that no row gives a reason for. */
  readonly unknown: readonly Difference[];
  /** Rows that no difference needs: they say something that is no longer so. */
  readonly stale: readonly Known[];
}

export function judge(differences: readonly Difference[], known: readonly Known[]): Judged {
  return {
    unknown: differences.filter((difference) => !known.some((row) => covers(row, difference))),
    stale: known.filter((row) => !differences.some((difference) => covers(row, difference))),
  };
}

function covers(row: Known, { test, bare, warden }: Difference): boolean {
  const pattern = row.test
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return row.bare === bare && row.warden === warden && new RegExp(`^${pattern}$`).test(test);
}

function textOf(results: Readonly<Record<string, number>> | undefined): string {
  return Object.entries(results ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([status, count]) => (count === 1 ? status : `${count} ${status}`))
    .join(', ');
}

function unescapeXml(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&#x([0-9A-Fa-f]+);/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
}
