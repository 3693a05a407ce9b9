/**
 * The secret that signs what is sent to a webhook.
 *
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import type { Problem } from '../config/yaml.ts';
import { readSecretFile } from './read-secret-file.ts';

export type LoadedWebhookSecret =
  | { readonly ok: true; readonly secret: Buffer; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const LINE = /^whsec_([A-Za-z0-9+/]+={0,2})\s*$/;
/** Bytes: the bounds of that specification. */
const LEAST = 24;
const MOST = 64;

export function loadWebhookSecret(file: string): LoadedWebhookSecret {
  const read = readSecretFile(file);
  if (!read.ok) return read;
  const secret = Buffer.from(LINE.exec(read.text)?.[1] ?? '', 'base64');
  if (secret.length >= LEAST && secret.length <= MOST) return { ok: true, secret, warnings: read.warnings };
  const message = `expected one line: whsec_ and ${LEAST} to ${MOST} random bytes in base64, as \`printf 'whsec_%s\\n' "$(openssl rand -base64 32)"\` makes it`;
  return { ok: false, problems: [{ file, line: 1, column: 1, message }] };
}
