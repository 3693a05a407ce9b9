/** `warden witness init|serve`: a witness of other people's logs. It shares nothing with a Warden but the program. */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { Command } from 'commander';
import { describeProblem } from '../config/yaml.ts';
import { startThread } from '../store/thread.ts';
import { createLog } from '../telemetry/log.ts';
import { formatVkey, type VerifierKey, verifierKey } from '../tlog/vkey.ts';
import { fileProblem } from '../token/file-problem.ts';
import { makeNoteKeyFile } from '../token/key-files.ts';
import { loadNoteKey, type NoteKey } from '../token/note-key.ts';
import { loadWitnessSettings, type WitnessSettings } from '../witness/settings.ts';
import { createWitnessServer } from '../witness/witness-server.ts';
import type { WitnessStateOptions } from '../witness/witness-thread.ts';
import type { ServeDeps } from './serve.ts';

type WitnessCommandDeps = Pick<ServeDeps, 'io' | 'exit' | 'end' | 'onSignals'>;

/** Of the process: files that have to be mended first. */
const PROBLEMS = 2;
const DEFAULT_CONFIG = '/etc/registry-warden/witness.yaml';

interface Own {
  readonly settings: WitnessSettings;
  readonly pair: NoteKey;
  readonly key: VerifierKey;
}

/** Adds `witness` with its commands to a program. */
export function addWitnessCommands(program: Command, deps: WitnessCommandDeps): void {
  const witness = program
    .command('witness')
    .description('cosign the checkpoints of a log at another owner, so that it cannot show two');
  witness
    .command('init')
    .description('make the key of the witness if it is missing, and show its line for the log')
    .option('--config <file>', 'the settings of the witness', DEFAULT_CONFIG)
    .action(async ({ config }: { config: string }) => {
      const loaded = await loadWitnessSettings(config);
      if (!loaded.ok) return refuse(deps, loaded.problems.map(describeProblem));
      const { keyFile } = loaded.settings;
      try {
        await makeNoteKeyFile(keyFile);
        deps.io.err(`made the key ${keyFile}`);
      } catch (error) {
        // One that is there stays.
        if ((error as { code?: string }).code !== 'EEXIST')
          return refuse(deps, [describeProblem(fileProblem(keyFile, 'the key cannot be made', error))]);
      }
      const own = await load(deps, config);
      if (own !== undefined) deps.io.out(formatVkey(own.key));
    });
  witness
    .command('serve')
    .description('take checkpoints and cosign them')
    .option('--config <file>', 'the settings of the witness', DEFAULT_CONFIG)
    .action(async ({ config }: { config: string }) => {
      const own = await load(deps, config);
      if (own !== undefined) await serve(deps, own);
    });
}

function refuse({ io, exit }: WitnessCommandDeps, sentences: readonly string[]): undefined {
  for (const sentence of sentences) io.err(sentence);
  exit(PROBLEMS);
  return undefined;
}

async function load(deps: WitnessCommandDeps, config: string): Promise<Own | undefined> {
  const loaded = await loadWitnessSettings(config);
  if (!loaded.ok) return refuse(deps, loaded.problems.map(describeProblem));
  const { settings } = loaded;
  const pair = loadNoteKey(settings.keyFile);
  if (!pair.ok) return refuse(deps, pair.problems.map(describeProblem));
  for (const warning of pair.warnings) deps.io.err(`${describeProblem(warning)} (warning)`);
  return { settings, pair: pair.key, key: verifierKey(settings.name, 0x04, pair.key.publicKey) };
}

async function serve(deps: WitnessCommandDeps, { settings, pair, key }: Own): Promise<void> {
  const log = createLog({ level: 'info' });
  const { host, port, tls } = settings.listen;
  try {
    const files = tls && {
      cert: readFileSync(tls.certificateFile, 'utf8'),
      key: readFileSync(tls.keyFile, 'utf8'),
    };
    const thread = await startThread(new URL('../witness/witness-thread', import.meta.url), {
      file: settings.state,
    } satisfies WitnessStateOptions);
    const server = createWitnessServer({
      key,
      privateKey: pair.privateKey,
      logs: settings.logs,
      thread,
      now: Date.now,
      ...(files && { tls: files }),
      onCheckpoint({ origin, size, judgement, note }) {
        const facts = { origin, size, ...judgement };
        if (note === undefined) log.info(facts, 'checkpoint');
        else
          log.error({ ...facts, note }, 'a checkpoint contradicts what was cosigned before: keep this line');
      },
      onFailure: (error) => log.error({ err: error }, 'what was seen cannot be kept, so nothing is cosigned'),
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    const { port: taken } = server.address() as AddressInfo;
    log.info({ address: `${host}:${taken}`, key: formatVkey(key) }, 'witnessing');
    deps.onSignals({
      reload: () => undefined,
      stop() {
        server.closeAllConnections();
        server.close(() => {
          thread.close().then(
            () => deps.end(0),
            () => deps.end(1),
          );
        });
      },
    });
  } catch (error) {
    deps.io.err(`warden witness: not started: ${(error as Error).message}`);
    deps.end(1);
  }
}
