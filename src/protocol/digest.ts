/** Names of content. */
import { hash } from 'node:crypto';

/**
 * SHA-256 as the registry writes it: `sha256:` and 64 lower-case hexadecimal digits. Text counts as UTF-8.
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
 */
export function digestOf(content: string | Uint8Array): string {
  return `sha256:${hash('sha256', content, 'hex')}`;
}
