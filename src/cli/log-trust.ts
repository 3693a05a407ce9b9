/** Whose signatures a command believes: keys on its line, a policy file, or the settings. */
import { loadSettings } from '../config/settings.ts';
import { describeProblem } from '../config/yaml.ts';
import { parseTrustPolicy, type TrustPolicy } from '../tlog/policy-file.ts';
import { parseVkey, verifierKey } from '../tlog/vkey.ts';
import { loadNoteKey } from '../token/note-key.ts';
import { readText } from './log-common.ts';
import { UsageError } from './server.ts';

export interface TrustOptions {
  readonly config: string;
  readonly key?: readonly string[];
  readonly policy?: string;
}

/** Keeps all values of an option. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** @throws {UsageError} with one sentence where there is none, or it cannot be read. */
export async function trustOf({ config, key, policy }: TrustOptions): Promise<TrustPolicy> {
  if (policy !== undefined) {
    if (key !== undefined) throw new UsageError('--key and --policy: give one of them');
    const parsed = parseTrustPolicy(await readText(policy));
    if (!parsed.ok) throw new UsageError(`${policy}: ${parsed.reason}`);
    return parsed.policy;
  }
  if (key !== undefined) {
    const keys = key.map((text) => {
      const parsed = parseVkey(text, [0x01, 0x04]);
      if (!parsed.ok) throw new UsageError(`--key: ${parsed.reason}`);
      return parsed.key;
    });
    const witnesses = keys.filter(({ type }) => type === 0x04);
    return {
      logs: keys.filter(({ type }) => type === 0x01),
      witnesses,
      // A witness that is named is wanted.
      quorum: (cosigned) => witnesses.every((one) => cosigned.includes(one)),
    };
  }
  return trustOfSettings(config);
}

async function trustOfSettings(config: string): Promise<TrustPolicy> {
  const loaded = await loadSettings(config);
  if (!loaded.ok)
    throw new UsageError(
      `no --key and no --policy was given, and the settings do not help: ${loaded.problems.map(describeProblem).join('\n')}`,
    );
  const { transparency } = loaded.settings;
  if (transparency === undefined)
    throw new UsageError('the settings have no block transparency; give --key or --policy');
  const { origin, keyFile, previousKeyFile } = transparency;
  const logs = [keyFile, previousKeyFile].flatMap((file) => {
    if (file === undefined) return [];
    const key = loadNoteKey(file);
    if (!key.ok) throw new UsageError(key.problems.map(describeProblem).join('\n'));
    return [verifierKey(origin, 0x01, key.key.publicKey)];
  });
  return { logs, witnesses: [], quorum: () => true };
}
