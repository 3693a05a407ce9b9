/**
 * Adds to package-lock.json the platform packages that the registry npm used did not offer.
 *
 * `npm install` leaves an optional platform package out of the lock where the registry lacks it, and `npm ci`
 * then refuses the lock ("Missing: … from lock file"). An entry with version, os and cpu but without an address
 * satisfies every npm, and is skipped on the platforms it is not for.
 *
 * Run after each change of dependencies: `npm install && node script/complete-lock.ts`.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface LockEntry {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}
interface Lock {
  packages: Record<string, LockEntry>;
}

const SYSTEMS = [
  'android',
  'darwin',
  'freebsd',
  'linux',
  'openharmony',
  'win32',
  'aix',
  'netbsd',
  'openbsd',
  'sunos',
];
const PROCESSORS = [
  'arm64',
  'arm',
  'x64',
  'ia32',
  'loong64',
  'ppc64',
  'riscv64',
  's390x',
  'mips64el',
  'wasm32',
];
const EXACT = /^\d+\.\d+\.\d+[\w.-]*$/;

const file = process.argv[2] ?? 'package-lock.json';
const lock = JSON.parse(readFileSync(file, 'utf8')) as Lock;
let added = 0;

for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const nested = `${path}/node_modules/${name}`;
    // Some versions of npm write a stub without a version: worse than nothing, since `npm ci` trips over it.
    if (lock.packages[nested] && !lock.packages[nested].version) delete lock.packages[nested];
    const hoisted = `node_modules/${name}`;
    if (lock.packages[hoisted]?.version || lock.packages[nested]?.version) continue;
    if (!EXACT.test(version)) {
      console.error(`left alone, not an exact version: ${name}@${version}`);
      continue;
    }
    const words = name.split(/[/-]/);
    const os = SYSTEMS.find((system) => words.includes(system));
    const cpu = PROCESSORS.find((processor) => words.includes(processor));
    lock.packages[hoisted] = {
      version,
      ...(cpu && { cpu: [cpu] }),
      ...(entry.dev && { dev: true }),
      ...(name.includes('musl') && { libc: ['musl'] }),
      optional: true,
      ...(os && { os: [os] }),
    };
    added++;
  }
}

const sorted = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
);
writeFileSync(file, `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`);
console.log(`added ${added}`);
