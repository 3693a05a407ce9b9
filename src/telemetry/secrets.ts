/** Takes secrets out of what is about to be logged, wherever they were passed by mistake. Pure. */
import { types } from 'node:util';

const SECRETS: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'password',
  'token',
  'access_token',
  'refresh_token',
  'secret',
  'cookie',
  'set-cookie',
]);

/** Keys deeper than this are not looked at: `err.config.headers.authorization` is. */
const DEPTH = 4;

/** @returns the same object where it holds nothing secret, else a copy in which the values of such keys are censored. */
export function withoutSecrets(fields: Record<string, unknown>): Record<string, unknown> {
  return censor(fields, DEPTH) as Record<string, unknown>; // an object comes back as one
}

function censor(value: object, depth: number): object {
  if (ArrayBuffer.isView(value)) return value;
  let copy: Record<string, unknown> | undefined;
  const fields = value as Readonly<Record<string, unknown>>; // every object can be read so
  // Not `for in` or Object.entries: this runs for every line, almost always finds nothing, and stays compiled so.
  for (const key of Object.keys(fields)) {
    const one = fields[key];
    let clean = one;
    if (SECRETS.has(key.toLowerCase())) clean = '[redacted]';
    else if (typeof one === 'object' && one !== null && depth > 1) clean = censor(one, depth - 1);
    if (clean === one) continue;
    copy ??= copyOf(value);
    copy[key] = clean;
  }
  return copy ?? value;
}

/** With its prototype, so that an error is still written as one. */
function copyOf(value: object): Record<string, unknown> {
  const copy = Object.create(Object.getPrototypeOf(value), Object.getOwnPropertyDescriptors(value));
  // Read by an accessor that knows real errors alone.
  if (types.isNativeError(value)) Object.defineProperty(copy, 'stack', { value: value.stack });
  return copy;
}
