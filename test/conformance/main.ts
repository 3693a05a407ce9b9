/** The command behind script/conformance: compares, prints what differs, and fails where a reason is missing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { distribution3Program } from '../support/registry.ts';
import { compare, judge, readKnown, sumUp, type Tally } from './results.ts';
import { runBare, runThroughWarden } from './run.ts';

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'conformance.md');
const NAMES = { 2: 'docker-registry 2.8', 3: 'distribution 3' } as const;

const program = process.env['WARDEN_CONFORMANCE'];
const asked = process.argv.slice(2);
if (program === undefined || !asked.every((version) => ['2', '3'].includes(version))) {
  console.error('usage: script/conformance [2] [3]');
  process.exit(2);
}
const known = readKnown(readFileSync(PAGE, 'utf8'));
let missing = 0;
for (const version of [2, 3] as const) {
  if (asked.length > 0 && !asked.includes(String(version))) continue;
  if (version === 3 && distribution3Program() === undefined) {
    console.log(`${NAMES[3]}: left out, it is not built here (script/get-distribution3)`);
    continue;
  }
  missing += await compareOne(program, version);
}
process.exitCode = missing === 0 ? 0 : 1;

async function compareOne(program: string, version: 2 | 3): Promise<number> {
  const name = NAMES[version];
  // One after the other: the program and two servers keep two cores busy.
  const bare = await runBare(program, version);
  const warden = await runThroughWarden(program, version);
  console.log(`${name}: bare ${describe(bare)}; through Warden ${describe(warden)}`);
  const differences = compare(bare, warden);
  const { unknown, stale } = judge(
    differences,
    known.filter((row) => row.registry === name),
  );
  for (const row of differences) {
    const mark = unknown.includes(row) ? ' (no reason in docs/conformance.md)' : '';
    console.log(
      `  ${row.test}: bare ${row.bare || 'absent'}, through Warden ${row.warden || 'absent'}${mark}`,
    );
  }
  for (const row of stale)
    console.log(`  ${row.test}: listed in docs/conformance.md, but there is no such difference`);
  console.log(
    `${name}: ${differences.length} differences, ${unknown.length} without a reason, ${stale.length} rows too many`,
  );
  return unknown.length + stale.length;
}

function describe(tally: Tally): string {
  return Object.entries(sumUp(tally))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([status, count]) => `${count} ${status}`)
    .join(', ');
}
