/** The demonstration of script/start --demo: real clients, and every promise checked. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createSkopeo } from '../test/support/clients.ts';
import { openDoor } from '../test/support/door.ts';
import { createLayout } from '../test/support/image.ts';
import type { Result } from '../test/support/process.ts';
import { makeTemp, type Temp } from '../test/support/temp.ts';
import { runCli } from '../test/support/warden.ts';
import { createEngineClient } from './engine.ts';
import type { Place } from './set-up.ts';

const REPOSITORY = 'ci/hello';
const TAG = '1.0';
/** Another machine, as far as addresses go: the policy of the demonstration knows 127.0.0.1 as its only builder. */
const STRANGER = '127.0.0.6';
/** Half a minute: a machine under load takes its time for the first signature. */
const VERIFY_TRIES = 30;
const VERIFY_PAUSE_MS = 1_000;

/** The two ways to have a client: both push one image and tell what they pulled. */
interface DemoClient extends Pick<Client, 'name' | 'login' | 'logout'> {
  push(registry: string): Promise<Result>;
  /** The digest of the manifest that came. */
  pull(registry: string): Promise<{ readonly result: Result; readonly digest: string | undefined }>;
  /** The digest of what was pushed, from the client's side; known after a push. */
  pushed(): string | undefined;
}

/** @throws with one sentence at the first thing that is not as promised. */
export async function demonstrate(place: Place, withEngine: boolean): Promise<void> {
  const temp = makeTemp('demo');
  const registry = `${place.host}:${place.port}`;
  try {
    const client = withEngine ? engineClient(temp) : skopeoClient(temp);

    heading(
      `${place.builder.user} logs in and pushes ${REPOSITORY}:${TAG} from ${place.host}, a builder (${client.name})`,
    );
    expectSuccess(await client.login(registry, place.builder), 'the login');
    expectSuccess(await client.push(registry), 'the push');
    const digest = client.pushed();
    show(`pushed ${digest}`);
    await client.logout(registry);

    heading('anyone pulls it, without login');
    const { result, digest: pulled } = await client.pull(registry);
    expectSuccess(result, 'the pull without login');
    show(`pulled ${pulled}`);
    if (pulled !== digest || digest === undefined) {
      throw new Error(`what was pulled (${pulled}) is not what was pushed (${digest})`);
    }

    heading(
      `${place.builder.user} tries to push from ${STRANGER}, which is no builder; ${client.name} says:`,
    );
    const door = await openDoor(STRANGER, place);
    try {
      expectSuccess(await client.login(door.address, place.builder), 'the login from elsewhere');
      const refused = await client.push(door.address);
      if (refused.status === 0) throw new Error(`the push from ${STRANGER} was not refused`);
      const words = (refused.stderr.trim() || refused.stdout.trim()).split('\n').at(-1) ?? '';
      show(words);
      if (!words.includes(STRANGER)) throw new Error(`the refusal does not say where it came from: ${words}`);
    } finally {
      await door.stop();
    }

    heading('warden audit pushes: the record of both');
    await audit(place, 'pushes', [digest, STRANGER]);
    heading('warden audit pulls: who has it');
    await audit(place, 'pulls', [REPOSITORY, place.host]);
    heading('warden log verify: nothing of it was altered');
    await verifyLog(place);
  } finally {
    await temp.stop();
  }
}

/** Prints what the command shows, and requires that the expected words are in it. */
async function audit(place: Place, what: 'pushes' | 'pulls', expected: readonly string[]): Promise<void> {
  const result = await runCli(place.settingsFile, ['audit', what]);
  expectSuccess(result, `warden audit ${what}`);
  show(result.stdout.trimEnd());
  const json = expectSuccess(
    await runCli(place.settingsFile, ['audit', what, '--json']),
    `warden audit ${what} --json`,
  );
  for (const word of expected) {
    if (!json.stdout.includes(word)) throw new Error(`warden audit ${what} does not show ${word}`);
  }
}

/** The tree is signed a moment after a record; what was signed before is verified all the same. */
async function verifyLog(place: Place): Promise<void> {
  for (let tries = 0; ; tries++) {
    const result = await runCli(place.settingsFile, ['log', 'verify']);
    if (result.status !== 0 && tries < VERIFY_TRIES) {
      await sleep(VERIFY_PAUSE_MS);
      continue;
    }
    show(expectSuccess(result, 'warden log verify').stdout.trimEnd());
    return;
  }
}

function skopeoClient(temp: Temp): DemoClient {
  const skopeo = createSkopeo({ folder: temp.at('skopeo') });
  const layout = createLayout(temp.at('layout'));
  const image = layout.image({ labels: { 'org.opencontainers.image.title': 'hello' } }, TAG);
  let pulls = 0;
  return {
    name: 'skopeo',
    login: skopeo.login,
    logout: skopeo.logout,
    push: (registry) => skopeo.push(layout.reference(TAG), `${registry}/${REPOSITORY}:${TAG}`),
    async pull(registry) {
      const folder = temp.at(`pulled-${pulls++}`);
      const result = await skopeo.pullTo(`${registry}/${REPOSITORY}:${TAG}`, folder);
      const digest =
        result.status === 0
          ? `sha256:${createHash('sha256')
              .update(readFileSync(`${folder}/manifest.json`))
              .digest('hex')}`
          : undefined;
      return { result, digest };
    },
    pushed: () => image.digest,
  };
}

function engineClient(temp: Temp): DemoClient {
  const docker = createEngineClient(temp.at('client'));
  const folder = temp.at('image');
  mkdirSync(folder);
  writeFileSync(`${folder}/hello`, 'hello\n');
  writeFileSync(`${folder}/Dockerfile`, 'FROM scratch\nCOPY hello /hello\n');
  const digestIn = (text: string): string | undefined => /digest: (sha256:[0-9a-f]{64})/i.exec(text)?.[1];
  let pushed: string | undefined;
  return {
    name: 'docker',
    login: docker.login,
    logout: docker.logout,
    async push(registry) {
      const result = await docker.push(folder, `${registry}/${REPOSITORY}:${TAG}`);
      pushed ??= digestIn(result.stdout);
      return result;
    },
    async pull(registry) {
      const result = await docker.pull(`${registry}/${REPOSITORY}:${TAG}`);
      return { result, digest: digestIn(result.stdout) };
    },
    pushed: () => pushed,
  };
}

function expectSuccess(result: Result, what: string): Result {
  if (result.status === 0) return result;
  throw new Error(`${what} failed: ${result.stderr.trim() || result.stdout.trim()}`);
}

function heading(text: string): void {
  console.log(`\n== ${text}`);
}

function show(text: string): void {
  console.log(text.replace(/^/gm, '   '));
}
