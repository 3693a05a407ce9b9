import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { must } from './process.ts';

/** A program that is built with the Go at hand. */
export interface GoProgram {
  /** The path of its package, such as example.org/tool/cmd/tool. */
  readonly source: string;
  readonly version: string;
  /** The variable in which the program keeps the version that it tells; releases are built so too. */
  readonly versionVariable?: string;
  /**
   * Given where `go install` refuses the module: it excludes versions of others, or it has no go.mod but lists what it
   * needs in vendor.mod.
   */
  readonly module?: {
    readonly path: string;
    readonly list: 'go' | 'vendor';
    /** Versions taken in place of those of the list. */
    readonly instead?: Readonly<Record<string, string>>;
  };
}

const BUILD_TIMEOUT_MS = 900_000;

/**
 * Builds a program, once: it is kept in ~/.cache/registry-warden/bin under its name and version.
 *
 * @returns where it lies.
 */
export async function goProgram(wanted: GoProgram): Promise<string> {
  const folder = join(homedir(), '.cache', 'registry-warden', 'bin');
  const name = basename(wanted.source);
  const program = join(folder, `${name}-${wanted.version}`);
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  // Two builds at once must not see half a program: build aside, then rename.
  const aside = mkdtempSync(join(folder, '.build-'));
  try {
    await (wanted.module ? buildBelow(wanted, wanted.module, aside) : install(wanted, aside));
    renameSync(join(aside, name), program);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return program;
}

/** No C compiler is asked for, and what lies in the folder of the checkout means nothing. */
const ENV = { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOWORK: 'off' };

function go(args: readonly string[], cwd: string, more: Readonly<Record<string, string>> = {}) {
  return must('go', args, { cwd, env: { ...ENV, ...more }, timeoutMs: BUILD_TIMEOUT_MS });
}

async function install(wanted: GoProgram, aside: string): Promise<void> {
  await go(['install', ...linking(wanted), `${wanted.source}@${wanted.version}`], aside, { GOBIN: aside });
}

/**
 * Builds in a module of its own that takes over the list of the program's module: so what that list excludes holds, and
 * its sums are checked.
 */
async function buildBelow(
  wanted: GoProgram,
  { path, list, instead = {} }: NonNullable<GoProgram['module']>,
  aside: string,
): Promise<void> {
  const at = `${path}@${wanted.version}`;
  const { Dir: sources } = JSON.parse(await go(['mod', 'download', '-json', at], aside)) as { Dir: string };
  copyFileSync(join(sources, `${list}.mod`), join(aside, 'go.mod'));
  copyFileSync(join(sources, `${list}.sum`), join(aside, 'go.sum'));
  const replacements = Object.entries(instead).map(
    ([other, version]) => `-replace=${other}=${other}@${version}`,
  );
  await go(['mod', 'edit', '-module=build.invalid/program', `-require=${at}`, ...replacements], aside);
  // Without a go.mod of its own a module would be read as Go of ten years ago.
  const { Go: language } = JSON.parse(await go(['mod', 'edit', '-json'], aside)) as { Go: string };
  const release = language.split('.').slice(0, 2).join('.');
  const compiling = list === 'vendor' ? [`-gcflags=${path}/...=-lang=go${release}`] : [];
  await go(['build', '-mod=mod', ...compiling, ...linking(wanted), '-o', `${aside}/`, wanted.source], aside);
}

function linking({ version, versionVariable }: GoProgram): string[] {
  return versionVariable === undefined
    ? []
    : [`-ldflags=-X ${versionVariable}=${version.replace('+incompatible', '')}`];
}
