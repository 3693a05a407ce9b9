/**
 * The key that signs addresses at an nginx, which checks them by itself with its module secure_link.
 *
 * That module knows one form: MD5 of a text that ends in the key. docs/trust.md says what that is worth here. The file is
 * the line that nginx includes, so that the key stands in one place.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_secure_link_module.html
 */
import { createHash } from 'node:crypto';
import type { Problem } from '../config/yaml.ts';
import { readSecretFile } from './read-secret-file.ts';

export interface OffloadKey {
  /**
   * The signature of a path that may be asked for until then.
   *
   * @param uri the path alone, as nginx has it in `$uri`.
   * @param expires seconds since 1970.
   * @param address whose it is, as nginx writes it in `$remote_addr`; undefined: anybody's.
   */
  readonly sign: (uri: string, expires: number, address: string | undefined) => string;
}

export type LoadedOffloadKey =
  | { readonly ok: true; readonly key: OffloadKey; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** 256 random bits in base64url have 43 characters; a shorter key could be found by trying. */
const LINE = /^\s*set \$offload_key "?([A-Za-z0-9_-]{43,})"?;\s*$/;

export function loadOffloadKey(file: string): LoadedOffloadKey {
  const read = readSecretFile(file);
  if (!read.ok) return read;
  const [, secret] = LINE.exec(read.text) ?? [];
  if (secret === undefined) {
    const message =
      'expected the one line `set $offload_key "…";` with at least 43 letters, digits, "-" and "_"; `warden keys init` makes such a file where there is none';
    return { ok: false, problems: [{ file, line: 1, column: 1, message }] };
  }
  return { ok: true, key: { sign: signer(secret) }, warnings: read.warnings };
}

/** The line for a key. */
export function offloadKeyLine(secret: string): string {
  return `set $offload_key "${secret}";\n`;
}

function signer(secret: string): OffloadKey['sign'] {
  return (uri, expires, address = '') =>
    createHash('md5').update(`${expires}${uri}${address} ${secret}`).digest('base64url');
}
