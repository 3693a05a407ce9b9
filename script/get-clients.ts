/** Builds the clients of the full tier with the Go at hand; those that are there already stay. Some minutes with empty Go caches. */
import { basename } from 'node:path';
import { goProgram } from '../test/support/go-program.ts';
import { ALL_GO_PROGRAMS } from '../test/support/go-programs.ts';

for (const wanted of ALL_GO_PROGRAMS) {
  const began = performance.now();
  await goProgram(wanted);
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`${basename(wanted.source)} ${wanted.version}: ${seconds} s`);
}
