import { join } from 'node:path';

// Tests start Warden's programs hundreds of times: what Node has compiled once is kept beside the packages.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules', '.cache', 'compile');

/** The default tier; `WARDEN_TIER=full` adds the files named *.full.test.ts (script/test --full). */
const full = process.env.WARDEN_TIER === 'full';

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: full ? [] : ['\\.full\\.test\\.ts$'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {},
  maxWorkers: 2,
  testTimeout: 30_000,
  collectCoverageFrom: ['src/**/*.ts'],
  coverageProvider: 'v8',
};
