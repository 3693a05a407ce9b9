/** Runs the conformance program, once straight to a registry and once through Warden before another one like it. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { run } from '../support/process.ts';
import { startRegistry } from '../support/registry.ts';
import { makeTemp } from '../support/temp.ts';
import { startWarden } from '../support/warden.ts';
import { readReport, type Tally } from './results.ts';

const USER = 'conformance';
/** Everything for one user, so that what differs is not a matter of rights. */
const POLICY = `
networks:
  here: [127.0.0.0/8]
rules:
  - id: everything
    allow: [pull, push, delete, list]
    repositories: ["**"]
    who: { users: [${USER}] }
    from: [here]
`;

interface Login {
  readonly user: string;
  readonly password: string;
}

async function runProgram(program: string, address: string, login?: Login): Promise<Tally> {
  const temp = makeTemp('conformance');
  try {
    const result = await run(program, [], {
      cwd: temp.path,
      env: {
        OCI_REGISTRY: address,
        OCI_TLS: 'disabled',
        OCI_VERSION: '1.1',
        OCI_RESULTS_DIR: temp.path,
        ...(login && { OCI_USERNAME: login.user, OCI_PASSWORD: login.password }),
      },
    });
    // Its status is 1 when any test failed, and no registry passes all: the report is what counts.
    if (result.status > 1)
      throw new Error(`the conformance program ended with ${result.status}: ${result.stderr}`);
    return readReport(readFileSync(temp.at('junit.xml'), 'utf8'));
  } finally {
    await temp.stop();
  }
}

/** The registry alone, without authentication. */
export async function runBare(program: string, version: 2 | 3): Promise<Tally> {
  const registry = await startRegistry({ version, deletes: true });
  try {
    return await runProgram(program, registry.address);
  } finally {
    await registry.stop();
  }
}

/** The same registry behind Warden, with a login. */
export async function runThroughWarden(program: string, version: 2 | 3): Promise<Tally> {
  const password = randomBytes(12).toString('base64url');
  const warden = await startWarden({
    policy: POLICY,
    users: [{ name: USER, password }],
    settings: { registry: { deletes: true } },
    registry: { version, deletes: true },
  });
  try {
    return await runProgram(program, warden.address, { user: USER, password });
  } finally {
    await warden.stop();
  }
}
