/**
 * Names of machines as client certificates have them, and patterns of them.
 *
 * A star stands for any text within one label: `builder-*.corp` fits builder-1.corp, and neither builder-1.evil.corp nor
 * corp. Everything is in lower case, as names of hosts are compared.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9525#section-6.3
 */
import { matchesWild } from './glob-parts.ts';

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const LABEL_PATTERN = /^[a-z0-9_*](?:[a-z0-9_*-]{0,61}[a-z0-9_*])?$/;
/** In characters, of a whole name. */
const LENGTH = 253;

export type ParsedName = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Whether a text is the name of a machine; one with a star is none. */
export function isMachineName(text: string): boolean {
  return text.length <= LENGTH && text.split('.').every((label) => LABEL.test(label));
}

export function parseMachineName(text: string): ParsedName {
  if (isMachineName(text)) return { ok: true };
  if (text.includes('*'))
    return {
      ok: false,
      reason: `${JSON.stringify(text)}: certificates are names, not patterns; a pattern can stand under from, as { certificate: ... }`,
    };
  return { ok: false, reason: `${JSON.stringify(text)}: expected a DNS name in lower case` };
}

export function parseNamePattern(text: string): ParsedName {
  const says = /[a-z0-9]/.test(text);
  if (says && text.length <= LENGTH && text.split('.').every((label) => LABEL_PATTERN.test(label)))
    return { ok: true };
  const reason = `${JSON.stringify(text)}: expected a DNS name in lower case; * stands for text within one of its labels, and not for all of it`;
  return { ok: false, reason };
}

/** For a name with stars of its own: whether the pattern fits every name that it fits. */
export function matchesName(pattern: string, name: string): boolean {
  const [wanted, given] = [pattern.split('.'), name.split('.')];
  return (
    wanted.length === given.length && wanted.every((label, index) => matchesWild(label, given[index] ?? ''))
  );
}
