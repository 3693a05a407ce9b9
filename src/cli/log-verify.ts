/** `warden log verify`: the whole log, of a server, of the files, or of a folder. */
import type { Command } from 'commander';
import { printable, printableJson } from '../audit/printable.ts';
import { toBase64 } from '../tlog/base64.ts';
import { readShared } from '../transparency/postgres-last-signed.ts';
import { firstOf, folderSource, httpSource, type LogSource } from '../verify/source.ts';
import type { ClockReport } from '../verify/timeline.ts';
import { type Verification, verifyLog } from '../verify/verify-log.ts';
import { type LogDeps, readText, run, settingsOf, WRONG } from './log-common.ts';
import { type LiveLog, liveLog } from './log-live.ts';
import { collect, type TrustOptions, trustOf } from './log-trust.ts';
import { openLogOf, withDatabaseOf } from './open-log.ts';
import { addServerOptions, openApi, requireNoServer, type ServerOptions, UsageError } from './server.ts';

interface VerifyOptions extends TrustOptions, ServerOptions {
  readonly archive?: string;
  readonly against?: readonly string[];
  readonly skew: string;
  readonly silence: string;
  readonly meaning: boolean;
  readonly json?: true;
}

const HOUR_MS = 3_600_000;
/** Entries between two lines of progress. */
const PROGRESS_EVERY = 1_000_000;

export function addVerifyCommand(log: Command, deps: LogDeps): void {
  addServerOptions(
    log
      .command('verify')
      .description('verify every record against the signed tree; ends with 0 if all is good, with 1 if not')
      .argument('[folder]', 'an export, or a mirror; otherwise the log of the settings'),
  )
    .option('--config <file>', 'the settings, which say where the log is', deps.defaultConfig)
    .option(
      '--key <vkey>',
      'a key that must have signed, of the log or of a witness; may be repeated, and of several of the log one is enough; otherwise those of the settings',
      collect,
    )
    .option('--policy <file>', 'whose signatures are wanted: logs, witnesses, quorum')
    .option('--against <file>', 'a checkpoint that was kept: the log must go on from it', collect)
    .option('--archive <folder>', 'where records are that the log has no more')
    .option('--skew <seconds>', 'how far time may run back between two records', '60')
    .option('--silence <hours>', 'tell of a longer time without a record', '24')
    .option('--no-meaning', 'hashes alone: do not read the records')
    .option('--json', 'one JSON document')
    .action((folder: string | undefined, options: VerifyOptions) =>
      run(deps, () => verify(deps, folder, options)),
    );
}

async function verify(deps: LogDeps, folder: string | undefined, options: VerifyOptions): Promise<number> {
  const { io } = deps;
  if (!/^\d{1,9}$/.test(options.skew)) throw new UsageError('--skew is not a number of seconds');
  if (!/^\d{1,6}$/.test(options.silence)) throw new UsageError('--silence is not a number of hours');
  const policy = await trustOf(options);
  const older = await Promise.all(
    (options.against ?? []).map(async (name) => ({ name, note: await readText(name) })),
  );
  await using endings = new AsyncDisposableStack();
  const { source, older: signed } = await sourceOf(deps, folder, options, endings);
  let told = 0;
  const verification = await verifyLog({
    source: options.archive === undefined ? source : withArchive(source, folderSource(options.archive)),
    policy,
    older: [...signed, ...older],
    skewMs: Number(options.skew) * 1000,
    meaning: options.meaning,
    onProgress(entries, size) {
      if (entries < told + PROGRESS_EVERY) return;
      told = entries;
      io.err(`${entries} of ${size}`);
    },
  });
  if (options.json) deps.io.out(asJson(verification));
  else tell(deps, verification, older.length, Number(options.silence) * HOUR_MS);
  return verification.ok ? 0 : WRONG;
}

/** Its entries before the log's, which would say where the archive was when they were taken out. */
function withArchive(source: LogSource, archive: LogSource): LogSource {
  return { ...firstOf(archive, source), checkpoint: source.checkpoint, tile: firstOf(source, archive).tile };
}

async function sourceOf(
  deps: LogDeps,
  folder: string | undefined,
  options: VerifyOptions,
  endings: AsyncDisposableStack,
): Promise<LiveLog> {
  if (options.url !== undefined) {
    if (folder !== undefined) throw new UsageError('a folder and --url: give one of them');
    const api = await openApi({ ...options, url: options.url }, deps.readStdin);
    const source = httpSource(async (path) => {
      const { status, bytes } = await api({ method: 'GET', path: `log/${path}`, orNothing: true });
      return status === 404 ? undefined : bytes;
    });
    return { source, older: [] };
  }
  requireNoServer(options);
  if (folder !== undefined) return { source: folderSource(folder), older: [] };
  const settings = await settingsOf(options.config);
  const reader = await openLogOf(settings);
  endings.defer(() => reader.close());
  const database = await withDatabaseOf(settings, async (postgres) => postgres && readShared(postgres));
  const live = await liveLog(settings, reader, { database, given: (options.against ?? []).length > 0 });
  if (live.lacking !== undefined) deps.io.err(printable(live.lacking));
  return live;
}

function asJson({ checkpoint, cosigned, ...rest }: Verification): string {
  const shown = checkpoint && { ...checkpoint, root: toBase64(checkpoint.root) };
  const seen = cosigned.map(({ name, time }) => ({
    name,
    time: time === undefined ? undefined : iso(time * 1000),
  }));
  return printableJson({ checkpoint: shown, cosigned: seen, ...rest });
}

function tell({ io }: LogDeps, verification: Verification, older: number, silenceMs: number): void {
  const { ok, checkpoint, cosigned, tiles, problems, found, clock } = verification;
  for (const { sentence } of problems) io.err(printable(sentence));
  if (found > problems.length) io.err(`and ${found - problems.length} more`);
  if (checkpoint === undefined) return;
  const { origin, size } = checkpoint;
  const witnesses = cosigned.map(({ name, time = 0 }) => `${name} at ${iso(time * 1000)}`);
  const by = cosigned.length === 0 ? '' : `, cosigned by ${witnesses.join(', ')}`;
  const kept = older === 0 ? '' : `, ${older} older checkpoint${older === 1 ? '' : 's'}`;
  io.out(
    printable(
      `${ok ? 'good' : 'WRONG'}: ${size} records of ${origin}, root ${toBase64(checkpoint.root)}; compared: ${tiles} tile${tiles === 1 ? '' : 's'}${kept}${by}`,
    ),
  );
  for (const line of clock ? aboutTime(clock, silenceMs) : []) io.out(line);
}

/** No faults; but whoever looks for what somebody hid begins there. */
function aboutTime({ sets, found, silence }: ClockReport, silenceMs: number): readonly string[] {
  const lines = sets.map(({ index, byMs }) => {
    const seconds = Math.round(Math.abs(byMs) / 1000);
    return `the clock was set ${byMs < 0 ? 'back' : 'forward'} by ${seconds} seconds before entry ${index}`;
  });
  if (found > sets.length) lines.push(`and ${found - sets.length} times more`);
  if (silence !== undefined && silence.ms > silenceMs) {
    const hours = (silence.ms / HOUR_MS).toFixed(1);
    lines.push(
      `the longest time without a record: ${hours} hours after entry ${silence.index}, ${iso(silence.from)}`,
    );
  }
  return lines;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
