/**
 * Builds the clients of the full tier with the Go at hand (1.26 or newer); those that are there already stay. About five
 * minutes with empty Go caches. Ends with 1 when one cannot be built, after the others.
 */
import { basename } from 'node:path';
import { goProgram } from '../test/support/go-program.ts';
import { ALL_GO_PROGRAMS } from '../test/support/go-programs.ts';

for (const wanted of ALL_GO_PROGRAMS) {
  const name = `${basename(wanted.source)} ${wanted.version}`;
  const began = performance.now();
  try {
    await goProgram(wanted);
    console.log(`${name}: ${Math.round((performance.now() - began) / 1000)} s`);
  } catch (error) {
    console.error(`script/get-clients.ts: ${name} cannot be built: ${String(error)}`);
    process.exitCode = 1;
  }
}
