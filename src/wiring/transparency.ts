/** The signed tree of the record: kept up with the log, cosigned by witnesses, and served. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { AuditorDeps } from '../http/auditor.ts';
import type { LogDeps } from '../http/routes/log.ts';
import type { RecordIndex } from '../index/record-index.ts';
import type { LogReader } from '../provenance/log-store.ts';
import type { Recorder } from '../provenance/recorder.ts';
import { systemClock } from '../store/clock.ts';
import type { Postgres } from '../store/postgres.ts';
import type { Thread } from '../store/thread.ts';
import { formatVkey, parseVkey, verifierKey } from '../tlog/vkey.ts';
import type { NoteKey } from '../token/note-key.ts';
import { startCosigner } from '../transparency/cosigner.ts';
import { fileLastSigned, type LastSigned } from '../transparency/last-signed.ts';
import { postgresLastSigned } from '../transparency/postgres-last-signed.ts';
import { startPublisher } from '../transparency/publisher.ts';
import { createServedLog, type ServedLog } from '../transparency/served-log.ts';
import type { SigningLock } from '../transparency/signing-lock.ts';
import type { TreeOptions } from '../transparency/tree-thread.ts';
import type { Witness } from '../transparency/witness-client.ts';
import type { Part } from './part.ts';
import { storeThread } from './store-thread.ts';

export interface Transparency {
  /** Undefined where no tree is signed. */
  readonly served: ServedLog | undefined;
  readonly state: () => TransparencyState | undefined;
  /** The log's verifier keys, then those of its witnesses, as text. */
  readonly vkeys: readonly string[];
  /** How many are asked to cosign. */
  readonly witnesses: number;
}

export interface TransparencyState {
  readonly signedSize: number;
  /** Milliseconds since 1970; 0 before the first. */
  readonly signedAt: number;
  readonly cosignedSize: number;
  /** Seconds since 1970; 0 before the first. */
  readonly cosignedAt: number;
  /** Whether this instance signs, and a witness did not cosign when it was asked last. */
  readonly witnessSilent: boolean;
  readonly trouble: string | undefined;
  /** Whether this instance is the one that signs. */
  readonly signs: boolean;
}

/** What the addresses of the log need. */
export function signedLogDeps(
  audit: AuditorDeps,
  entryOf: RecordIndex['entryOf'],
  { served, vkeys }: Transparency,
): LogDeps {
  return { audit, served, keys: vkeys, find: entryOf };
}

/** Milliseconds between two looks for new entries. */
const LOOK_MS = 500;
const FOLDER = 'tlog';

export interface TransparencyParts {
  readonly reader: LogReader;
  readonly recorder: Recorder;
  /** The first signs before all; none where no tree is signed. */
  readonly keys: readonly NoteKey[];
  /** Where several instances share the log, and the id of this one's lease. */
  readonly shared: { readonly postgres: Postgres; readonly instance: () => string } | undefined;
}

/** @throws {StoreError} with one sentence where waiting cannot help. */
export async function openTransparency(
  part: Part,
  { reader, recorder, keys, shared }: TransparencyParts,
): Promise<Transparency> {
  const { settings, log, endings } = part;
  const { transparency } = settings;
  const [first] = keys;
  if (transparency === undefined || first === undefined)
    return { served: undefined, state: () => undefined, vkeys: [], witnesses: 0 };
  const { origin, witnesses, quorum, witnessSeconds, lockFile } = transparency;
  const folder = join(settings.data, FOLDER);
  const thread = await storeThread(part, {
    without: 'the tree of the record is not signed',
    module: new URL('../transparency/tree-thread', import.meta.url),
    options: {
      folder,
      lockFile,
      origin,
      privateKeys: keys.map(({ privateKey }) => privateKey),
      publicKeys: keys.map(({ publicKey }) => publicKey),
    } satisfies TreeOptions,
  });
  const lastSigned = lastSignedOf(thread, lockFile, shared);
  const publisher = startPublisher({
    reader,
    thread,
    lastSigned,
    clock: systemClock,
    everyMs: LOOK_MS,
    origin,
    key: formatVkey(verifierKey(origin, 0x01, first.publicKey)),
    append: recorder.append,
    onTrouble: (why) => {
      if (why === undefined) log.info('the tree of the record is signed again');
      else log.error({ why }, 'the tree of the record is not signed; the record itself goes on');
    },
    onTurn: (signer) => {
      if (shared === undefined) return;
      if (signer === undefined) log.info('this instance signs the tree of the record from now on');
      else log.info({ signer }, 'another instance signs the tree of the record; it is served here as well');
    },
  });
  endings.defer(() => publisher.close());
  const cosigner = startCosigner({
    clock: systemClock,
    witnesses: witnesses.map(witnessOf),
    quorum,
    everyMs: witnessSeconds * 1000,
    newest: publisher.newest,
    elsewhere: () => publisher.state().cosignedElsewhere,
    proof: publisher.consistency,
    signs: async () => (await lastSigned.turn(false)).mine,
    publish: (note, whole) => publisher.publish(note, whole),
    onChange: ({ witness, why, contradicts }) => {
      if (why === undefined) log.info({ witness }, 'a witness cosigns the checkpoints again');
      else if (contradicts)
        log.error({ witness, why }, 'a witness has seen another log than this: see docs/trust.md');
      else log.warn({ witness, why }, 'a witness does not cosign; pushes go on');
    },
  });
  endings.defer(() => cosigner.close());
  return {
    served: createServedLog({ folder, reader, publisher }),
    vkeys: [
      ...keys.map(({ publicKey }) => formatVkey(verifierKey(origin, 0x01, publicKey))),
      ...witnesses.map(({ key }) => key),
    ],
    witnesses: witnesses.length,
    state() {
      const { signedSize, signedAt, trouble, signs } = publisher.state();
      const { size, at } = cosigner.state();
      return {
        signedSize,
        signedAt,
        trouble,
        signs,
        cosignedSize: size,
        cosignedAt: at,
        witnessSilent: signs && cosigner.silent(),
      };
    },
  };
}

function lastSignedOf(thread: Thread, file: string, shared: TransparencyParts['shared']): LastSigned {
  if (shared === undefined) return fileLastSigned(thread, file);
  return postgresLastSigned({
    ...shared,
    name: `${hostname()} ${process.pid}`,
    memory: {
      file,
      read: () => thread.call<SigningLock | undefined>('readLock'),
      write: (lock) => thread.call('writeLock', lock),
    },
  });
}

type WitnessSettings = NonNullable<Part['settings']['transparency']>['witnesses'][number];

function witnessOf({ key, url, caFile }: WitnessSettings): Witness {
  const parsed = parseVkey(key, [0x04]);
  if (!parsed.ok) throw new Error(parsed.reason);
  return { key: parsed.key, url, ...(caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') }) };
}
