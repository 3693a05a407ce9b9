/** `warden keys rotate`: another key for clients' tokens, or for the registry's, while everything goes on. */
import { rename, rm } from 'node:fs/promises';
import type { Settings } from '../config/settings.ts';
import type { ActDraft } from '../provenance/record.ts';
import { timestamp } from '../store/clock.ts';
import { fileProblem } from '../token/file-problem.ts';
import { KEY_MODE, makeKey, makeKeyFile, pemOf, replaceFile } from '../token/key-files.ts';
import { endedKeys, signerOf } from '../token/key-ring.ts';
import { followersOf, loadKeyRing, ringFile } from '../token/key-ring-files.ts';
import { loadSigningKey } from '../token/keys.ts';
import { makeLeafFile } from '../token/make-certificates.ts';
import { loadUpstreamKey } from '../token/upstream-key.ts';
import type { Io } from './io.ts';
import { describeKey, problem, type Stopped } from './keys-files.ts';
import { actorOfCommand, keepActOfCommand } from './login-files.ts';
import { openDocumentsOf } from './open-documents.ts';

export interface RotateOptions {
  readonly registry?: true;
  readonly atOnce?: true;
  /** Minutes. */
  readonly signsIn: number;
  readonly caKey?: string;
}

type KeyChange = Extract<ActDraft, { readonly type: 'key.changed' }>['key'];

export async function rotate(io: Io, settings: Settings, options: RotateOptions): Promise<Stopped> {
  if (options.registry) return rotateRegistryKey(io, settings, options.caKey ?? settings.registry.caKeyFile);
  return options.atOnce ? replaceAtOnce(io, settings) : addKey(io, settings, options.signsIn);
}

/** What was done goes into the record when the server next looks. */
async function keep(settings: Settings, changes: readonly KeyChange[]): Promise<void> {
  const documents = await openDocumentsOf(settings);
  try {
    for (const key of changes)
      await keepActOfCommand(documents, { type: 'key.changed', ...actorOfCommand(), key });
  } finally {
    await documents.close();
  }
}

/** A key that is known at once and signs later, so that every instance believes it by then. */
async function addKey(io: Io, settings: Settings, signsIn: number): Promise<Stopped> {
  const { keyFile, algorithm } = settings.tokens;
  // Of whatever algorithm: a change of tokens.algorithm is one of the reasons to be here.
  const last = followersOf(keyFile).at(-1)?.file ?? keyFile;
  const newest = loadSigningKey(last);
  const loaded = loadKeyRing(keyFile, newest.ok ? newest.key.algorithm : algorithm);
  if (!loaded.ok) return loaded.problems;
  const { ring } = loaded;
  const now = Date.now();
  const next = ring.find(({ signsFrom }) => signsFrom > now);
  if (next !== undefined) {
    const when = timestamp(next.signsFrom);
    return problem(next.file, `another key is on its way: this one signs from ${when}`);
  }
  const from = signerOf(ring, now).key;
  const ended = endedKeys(ring, now);
  const changes: KeyChange[] = [];
  // In whole seconds, as the name says it.
  const signsFrom = Math.ceil((now + signsIn * 60_000) / 1000) * 1000;
  const file = ringFile(keyFile, signsFrom);
  try {
    for (const one of ended) {
      // The first one has no time in its name, and the settings name it: the next takes its place.
      if (one.file !== keyFile) await rm(one.file);
      changes.push({ use: 'tokens', change: 'removed', kid: one.key.kid });
    }
    const first = ring.find((one) => !ended.includes(one));
    if (first !== undefined && first.file !== keyFile) await rename(first.file, keyFile);
    await makeKeyFile(file, algorithm);
  } catch (error) {
    return [fileProblem(file, 'the key cannot be made', error)];
  }
  const made = loadSigningKey(file, algorithm);
  if (!made.ok) return made.problems;
  const signs = timestamp(signsFrom);
  changes.push({ use: 'tokens', change: 'made', kid: made.key.kid, from: from.kid, signs });
  await keep(settings, changes);
  for (const one of ended) io.out(`removed the key of kid ${one.key.kid}, whose tokens have ended`);
  io.out(`made the key ${file}: ${describeKey(made.key)}`);
  io.out(`It signs from ${signs}. Instances that read another folder must have this file before then.`);
  return [];
}

/** For a key that others may have: nothing that an old one signed is believed any more. */
async function replaceAtOnce(io: Io, settings: Settings): Promise<Stopped> {
  const { keyFile, algorithm } = settings.tokens;
  const old = [keyFile, ...followersOf(keyFile).map(({ file }) => file)];
  const gone = old.flatMap((file) => {
    const loaded = loadSigningKey(file);
    return loaded.ok ? [loaded.key.kid] : [];
  });
  try {
    await replaceFile(keyFile, pemOf(await makeKey(algorithm)), KEY_MODE);
    for (const file of old.slice(1)) await rm(file);
  } catch (error) {
    return [fileProblem(keyFile, 'the key cannot be made', error)];
  }
  const made = loadSigningKey(keyFile, algorithm);
  if (!made.ok) return made.problems;
  await keep(settings, [
    ...[...new Set(gone)].map((kid) => ({ use: 'tokens', change: 'removed', kid }) as const),
    { use: 'tokens', change: 'made', kid: made.key.kid, signs: timestamp(Date.now()) },
  ]);
  io.out(`made the key ${keyFile}: ${describeKey(made.key)}`);
  io.out(
    'It signs at once. Tokens of the keys before are refused, and clients fetch new ones by themselves.',
  );
  io.out('Instances that read another folder refuse its tokens until they have this file, and none but it.');
  return [];
}

async function rotateRegistryKey(io: Io, settings: Settings, caKeyFile: string): Promise<Stopped> {
  const { keyFile } = settings.registry;
  const now = Date.now();
  const before = loadUpstreamKey({ ...settings.registry, now });
  if (before.ok && before.upstream.authorities === undefined) {
    return problem(
      settings.registry.certificateFile,
      'the registry trusts the certificate of the key itself, and would have to be restarted with another; docs/operating.md says how it comes to trust a CA instead',
    );
  }
  const authority = loadSigningKey(caKeyFile);
  if (!authority.ok) return authority.problems;
  const algorithm = before.ok ? before.upstream.key.algorithm : authority.key.algorithm;
  let made: Awaited<ReturnType<typeof makeLeafFile>>;
  try {
    made = await makeLeafFile({ file: keyFile, algorithm, authority: authority.key, now });
  } catch (error) {
    return [fileProblem(keyFile, 'the key cannot be made', error)];
  }
  const after = loadUpstreamKey({ ...settings.registry, now });
  if (!after.ok) return after.problems;
  const expires = timestamp(made.expiresAt);
  await keep(settings, [
    {
      ...{ use: 'registry', change: 'made', kid: made.key.kid, expires },
      ...(before.ok && { from: before.upstream.key.kid }),
    },
  ]);
  io.out(`made the key ${keyFile}: ${describeKey(made.key)}`);
  io.out(
    `Its certificate ends at ${expires}. A running Warden takes it over by itself; the registry needs nothing.`,
  );
  return [];
}
