/** The kinds of values that settings hold. What is refused is told as what was expected. */
import { z } from 'zod';
import { canonicalAddress, parseRange } from '../policy/address.ts';

const LABELS = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/** A host as it stands in an address: a lower-case name, IPv4, or IPv6 in brackets; with a port or without. */
export function isAuthority(text: string): boolean {
  const [, host = '', port] = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::([1-9][0-9]{0,4}))?$/.exec(text) ?? [];
  if (port !== undefined && Number(port) > 65_535) return false;
  if (host.startsWith('[')) return canonicalAddress(host.slice(1, -1)) === host.slice(1, -1);
  // All digits and dots is meant as IPv4; names that only look like it are read differently by different programs.
  return /^[0-9.]+$/.test(host) ? canonicalAddress(host) === host : host.length <= 253 && LABELS.test(host);
}

export const path = z
  .string()
  .min(1)
  .refine((text) => !text.includes('\0'), { error: 'expected a path' });

export const proxy = z.string().superRefine((text, context) => {
  const everyone = 'would believe every client about its own address; list the proxies themselves';
  const parsed = parseRange(text);
  if (text === '*' || /\/0+$/.test(text))
    context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} ${everyone}` });
  else if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.reason });
});

/** Of our own addresses and the registry’s: nothing may stand behind the host. */
export const origin = z.string().refine(
  (text) => {
    const [, authority = ''] = /^https?:\/\/(.+)$/.exec(text) ?? [];
    return isAuthority(authority);
  },
  {
    error:
      'expected http:// or https://, a host in lower case, and a port if it is not the usual one; nothing behind',
  },
);

export const port = z.int().min(0).max(65_535);
export const address = z.string().refine((text) => canonicalAddress(text) === text, {
  error: 'expected an address such as 127.0.0.1, 0.0.0.0 or ::1; names are not looked up here',
});

/** Stands between quotes in a header, and as a claim in tokens. */
export const audience = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/, {
  error: 'expected printable ASCII without blanks, quotes and backslashes',
});
