/** Makes keys and certificates where there are none. What is there is never touched. */
import { generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { makeFolder } from '../store/make-folder.ts';
import { ownerForRoot } from '../store/owner-of-folder.ts';
import type { Algorithm } from './keys.ts';
import { offloadKeyLine } from './offload-key.ts';

const generate = promisify(generateKeyPair);

export const KEY_MODE = 0o600;
/** Of a folder for keys. */
export const KEY_FOLDER_MODE = 0o700;
const RSA_BITS = 3072;
const OFFLOAD_BYTES = 32;

/** @throws what the file system throws, with its `code`; EEXIST when the file is there. */
export async function makeKeyFile(file: string, algorithm: Algorithm): Promise<void> {
  await createFile(file, pemOf(await makeKey(algorithm)), KEY_MODE, KEY_FOLDER_MODE);
}

export async function makeKey(algorithm: Algorithm): Promise<KeyObject> {
  const { privateKey } =
    algorithm === 'ES256'
      ? await generate('ec', { namedCurve: 'P-256' })
      : await generate('rsa', { modulusLength: RSA_BITS });
  return privateKey;
}

/** PKCS#8. */
export function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Of Ed25519, for the checkpoints of the log. @throws as makeKeyFile. */
export async function makeNoteKeyFile(file: string): Promise<void> {
  const { privateKey } = await generate('ed25519', undefined);
  await createFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), KEY_MODE, 0o700);
}

/** @throws what the file system throws, with its `code`; EEXIST when the file is there. */
export async function makeOffloadKeyFile(file: string): Promise<void> {
  await createFile(file, offloadKeyLine(randomBytes(OFFLOAD_BYTES).toString('base64url')), KEY_MODE, 0o700);
}

/**
 * Puts a file in the place of another, so that whoever reads at any moment reads one of them whole.
 *
 * @throws what the file system throws, with its `code`.
 */
export async function replaceFile(file: string, text: string, mode: number): Promise<void> {
  const next = `${file}.new`;
  // What an interrupted one left.
  await rm(next, { force: true });
  await createFile(next, text, mode, KEY_FOLDER_MODE);
  await rename(next, file);
  await syncFolder(dirname(file));
}

/** Durable when it returns: a key whose certificate is out in the world must not be lost. */
export async function createFile(
  file: string,
  text: string,
  mode: number,
  folderMode: number,
): Promise<void> {
  const folder = dirname(file);
  makeFolder(folder, folderMode);
  const handle = await open(file, 'wx', KEY_MODE);
  try {
    const owner = ownerForRoot(folder);
    if (owner) await handle.chown(owner.uid, owner.gid);
    await handle.writeFile(text);
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncFolder(folder);
}

/** Without this a power cut can take the name of a file whose content is safe. */
async function syncFolder(folder: string): Promise<void> {
  const opened = await open(join(folder, '.'), 'r');
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
}
