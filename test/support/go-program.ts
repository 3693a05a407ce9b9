import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { must } from './process.ts';

const BUILD_TIMEOUT_MS = 600_000;

/**
 * Builds a client with the Go at hand, once: it is kept in ~/.cache/registry-warden/bin under its name and version.
 *
 * @param source the path of its package, such as example.org/tool/cmd/tool.
 * @returns where the program lies.
 */
export async function goProgram(source: string, version: string): Promise<string> {
  const folder = join(homedir(), '.cache', 'registry-warden', 'bin');
  const name = basename(source);
  const program = join(folder, `${name}-${version}`);
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  // Two builds at once must not see half a program: build aside, then rename.
  const aside = mkdtempSync(join(folder, '.build-'));
  try {
    const env = { GOBIN: aside };
    await must('go', ['install', `${source}@${version}`], { env, timeoutMs: BUILD_TIMEOUT_MS });
    renameSync(join(aside, name), program);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return program;
}
