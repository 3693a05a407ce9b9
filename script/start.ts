/** script/start after it has installed what was missing: sets up, starts the registry and Warden, shows or stays. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startRegistry } from '../test/support/registry.ts';
import { serveWarden } from '../test/support/warden.ts';
import { demonstrate } from './demo.ts';
import { startEngineRegistry } from './engine.ts';
import { type Place, setUp } from './set-up.ts';

/** Something that runs: stopped in the opposite order of starting. */
interface Running {
  readonly name: string;
  readonly ended: Promise<unknown>;
  tail(): string;
  stop(): Promise<void>;
}

interface Options {
  readonly demo: boolean;
  readonly data: string;
  readonly port: number | undefined;
}

const withEngine = process.env['WARDEN_START_ENGINE'] === 'docker';

/** @throws with one sentence on what is wrong with the words of the command. */
function readOptions(words: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...words],
    options: {
      demo: { type: 'boolean', default: false },
      data: { type: 'string', default: 'var' },
      port: { type: 'string' },
    },
  });
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new Error(`--port takes a number from 1 to 65535, not ${values.port}`);
  }
  return { demo: values.demo, data: resolve(values.data), port };
}

async function startAll(place: Place, running: Running[]): Promise<void> {
  const auth = {
    realm: `${place.url}/token`,
    service: place.service,
    issuer: place.issuer,
    rootCertificateFile: place.certificateFile,
  };
  const registryLog = join(place.data, 'registry.log');
  const registry = withEngine
    ? await startEngineRegistry({
        port: place.registryPort,
        storage: place.registryStorage,
        folder: place.data,
        auth,
        logFile: registryLog,
      })
    : await startRegistry({
        port: place.registryPort,
        storage: place.registryStorage,
        auth,
        logFile: registryLog,
      });
  running.push({ name: 'the registry', ...registry });
  const warden = await serveWarden(place.settingsFile, place.operationsUrl, {
    outputFile: join(place.data, 'warden.log'),
  });
  running.push({ name: 'Warden', ...warden });
}

function explain(place: Place): void {
  const registry = `${place.host}:${place.port}`;
  const image = `${registry}/ci/hello:1.0`;
  const at = (...parts: string[]): string => {
    const near = relative(process.cwd(), join(place.data, ...parts));
    return near === '' || near.startsWith('..') ? join(place.data, ...parts) : near;
  };
  const { builder, auditor } = place;
  // Taken from the file: a password on a command line is seen by everyone on the machine.
  const password = `sed -n 's/^${builder.user} //p' ${at('credentials')}`;
  const account = `"$(sed -n 's/^${auditor.user} /${auditor.user}:/p' ${at('credentials')})"`;
  console.log(`
Warden     ${place.url} (log: ${at('warden.log')}; health and metrics: ${place.operationsUrl})
registry   127.0.0.1:${place.registryPort}, which takes no token but Warden's (log: ${at('registry.log')})
settings   ${at('warden.yaml')}, policy ${at('policy.yaml')}
passwords  of ${builder.user}, who pushes, and ${auditor.user}, who reads the record: ${at('credentials')}

  ${password} | docker login ${registry} -u ${builder.user} --password-stdin
  docker tag IMAGE ${image} && docker push ${image}
  docker pull ${image}          # needs no login
  script/warden audit pushes --config ${at('warden.yaml')}
  curl -u ${account} ${place.url}/api/v1/pushes
  ${place.url}/ui/          # the same in a browser; ${auditor.user} signs in

Ctrl-C stops both; what they keep stays in ${at()}.`);
}

/** One start at a time in a folder: two would change each other's settings. */
function takeFolder(data: string): () => void {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const file = join(data, 'pid');
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    process.kill(pid, 0);
    throw new Error(
      `script/start already runs with ${data} (process ${pid}); end that, or give another --data`,
    );
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code !== 'ENOENT' && code !== 'ESRCH') throw new Error(message);
  }
  writeFileSync(file, String(process.pid));
  return () => rmSync(file, { force: true });
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const running: Running[] = [];
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  const leaveFolder = takeFolder(options.data);
  try {
    const place = await setUp(options.data, options.port);
    for (const note of place.notes) console.log(note);
    await startAll(place, running);
    const died = running.map(async ({ name, ended, tail }) => {
      await ended;
      throw new Error(`${name} ended by itself: ${tail()}`);
    });
    if (options.demo) {
      const stopped = interrupted.then(() => {
        throw new Error('interrupted');
      });
      await Promise.race([demonstrate(place, withEngine), stopped, ...died]);
      console.log('\nAll went as promised.');
    } else {
      explain(place);
      await Promise.race([interrupted, ...died]);
    }
  } finally {
    for (const { stop } of running.reverse()) await stop();
    leaveFolder();
  }
}

try {
  await main();
} catch (error) {
  console.error(`script/start: ${(error as Error).message}`);
  process.exitCode = 1;
}
