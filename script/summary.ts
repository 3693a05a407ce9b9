/** Prints one line over jest's JSON result: `N passed, N failed`, and skipped ones if any. Usage: summary.ts FILE [MORE_FAILED]. */
import { readFileSync } from 'node:fs';

/** What is used of jest's `--json` result. */
interface JestResult {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  /** Files that could not be loaded, whose tests are in none of the other numbers. */
  readonly numRuntimeErrorTestSuites: number;
}

/** The line and whether all is well: something passed and nothing failed. `moreFailed` are checks that are no tests. */
export function summarize(
  result: JestResult,
  moreFailed: number,
): { readonly line: string; readonly ok: boolean } {
  const passed = result.numPassedTests;
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites + moreFailed;
  const skipped = result.numPendingTests + result.numTodoTests;
  const line = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  return { line, ok: passed > 0 && failed === 0 };
}

if (import.meta.main) {
  const [file, moreFailed = '0'] = process.argv.slice(2);
  let result: JestResult;
  try {
    result = JSON.parse(readFileSync(file ?? '', 'utf8')) as JestResult;
  } catch {
    // jest ended without a result: whatever it is, it is a failure.
    result = {
      numPassedTests: 0,
      numFailedTests: 1,
      numPendingTests: 0,
      numTodoTests: 0,
      numRuntimeErrorTestSuites: 0,
    };
  }
  const { line, ok } = summarize(result, Number(moreFailed));
  console.log(line);
  process.exitCode = ok ? 0 : 1;
}
