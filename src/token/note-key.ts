/** The key that signs the checkpoints of the log: Ed25519, of which its format has no other. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { Problem } from '../config/yaml.ts';
import { readSecretFile } from './read-secret-file.ts';

export interface NoteKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export type LoadedNoteKey =
  | { readonly ok: true; readonly key: NoteKey; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function loadNoteKey(file: string): LoadedNoteKey {
  const read = readSecretFile(file);
  if (!read.ok) return read;
  const wrong = (message: string): LoadedNoteKey => ({
    ok: false,
    problems: [{ file, line: 1, column: 1, message }],
  });
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey({ key: read.text, format: 'pem' });
  } catch {
    // OpenSSL's sentence says nothing to a person and may hold parts of what it read.
    return wrong(
      'expected a PKCS#8 key of Ed25519 (BEGIN PRIVATE KEY); `warden keys init` makes one where there is none',
    );
  }
  if (privateKey.asymmetricKeyType !== 'ed25519')
    return wrong(`the key is of type ${privateKey.asymmetricKeyType}; expected Ed25519`);
  return { ok: true, key: { privateKey, publicKey: createPublicKey(privateKey) }, warnings: read.warnings };
}
