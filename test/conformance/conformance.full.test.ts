import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { missing } from '../support/needs.ts';
import { run } from '../support/process.ts';

const SCRIPT = join(import.meta.dirname, '..', '..', 'script', 'conformance');
const MINUTE_MS = 60_000;

/** Why a version cannot be compared here; undefined when it can. */
function obstacle(version: 2 | 3): string | undefined {
  const registry = missing(version === 3 ? 'distribution3' : 'docker-registry');
  if (registry !== undefined) return registry;
  try {
    execFileSync(SCRIPT, ['--get'], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return (
      String((error as { stderr?: Buffer }).stderr)
        .trim()
        .split('\n')
        .at(-1) ?? 'it cannot be built'
    );
  }
}

describe('the conformance program of the distribution specification', () => {
  for (const [version, name] of [
    [2, 'docker-registry 2.8'],
    [3, 'distribution 3'],
  ] as const) {
    const why = obstacle(version);
    (why === undefined ? it : it.skip)(
      `finds of ${name} through Warden what it finds without, but for what has a reason${why ? ` [${why}]` : ''}`,
      async () => {
        const result = await run(SCRIPT, [String(version)], { timeoutMs: 9 * MINUTE_MS });
        console.log(result.stdout);
        // The whole text, so that a failure names the tests that differ.
        expect(result.status === 0 ? '' : result.stdout + result.stderr).toBe('');
        expect(result.stdout).toMatch(/ 0 without a reason, 0 rows too many/);
      },
      10 * MINUTE_MS,
    );
  }
});
