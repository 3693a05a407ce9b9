/** What is wrong with settings of the signed tree that are each well-formed. */
import { relative, sep } from 'node:path';
import type { Path } from '../policy/problem.ts';
import { parseVkey } from '../tlog/vkey.ts';
import type { Settings } from './settings-schema.ts';

/** Calls `say` for each problem with its place in the settings. */
export function judgeTransparency(
  { transparency, data, tokens, registry }: Settings,
  say: (path: Path, sentence: string) => void,
): void {
  if (transparency === undefined) return;
  const { keyFile, previousKeyFile, lockFile, witnesses, quorum } = transparency;
  const within = relative(data, lockFile);
  if (!within.startsWith(`..${sep}`) && within !== '..') {
    say(
      ['transparency', 'lockFile'],
      'lies in the data folder, and would be restored with it: it is there to notice just that; expected another place',
    );
  }
  for (const [key, file] of [
    ['keyFile', keyFile],
    ['previousKeyFile', previousKeyFile],
  ] as const) {
    if (file !== undefined && [tokens.keyFile, registry.keyFile].includes(file))
      say(['transparency', key], 'is the key of tokens; the log has a key of its own');
  }
  if (keyFile === previousKeyFile)
    say(['transparency', 'previousKeyFile'], 'is the same as keyFile; leave it out while no key is changed');
  if (witnesses.length > 0 && quorum > witnesses.length)
    say(['transparency', 'quorum'], `wants ${quorum} cosignatures of ${witnesses.length} witnesses`);
  for (const [index, { key }] of witnesses.entries()) {
    const same = witnesses.slice(0, index).some((other) => publicPart(other.key) === publicPart(key));
    if (same) say(['transparency', 'witnesses', index, 'key'], 'stands here twice; a witness counts once');
  }
}

/** A witness is its key, whatever name it is given. */
function publicPart(vkey: string): string {
  const parsed = parseVkey(vkey, [0x04]);
  return parsed.ok ? (parsed.key.publicKey.export({ format: 'jwk' }).x ?? vkey) : vkey;
}
