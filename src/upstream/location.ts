/**
 * Writes `Location` and `Link` of the registry anew, so that the registry's own address never leaves: a client that
 * learnt it would push past the gate.
 */
import { readTarget, writeTarget } from '../protocol/request.ts';

/**
 * @param location as the registry sent it: absolute on its own address, or a path.
 * @param registryUrl the configured address of the registry.
 * @param redirectHosts hosts (host[:port]) of a blob store to which the registry may send clients itself.
 * @returns a path with query that Warden itself would read as a registry route, or the address of a listed blob store;
 *   undefined where it is neither.
 */
export function locationForClient(
  location: string,
  registryUrl: URL,
  redirectHosts: readonly string[],
): string | undefined {
  let target = location;
  if (!location.startsWith('/')) {
    const parts = /^(https?):\/\/([^/?#]+)(\/[^#]*)$/.exec(location);
    if (!parts) return undefined;
    const [, , host, rest] = parts;
    if (host !== registryUrl.host) return redirectHosts.includes(String(host)) ? location : undefined;
    target = String(rest);
  }
  // A location is followed with GET by some clients and continued with PATCH or PUT by others: the route is what counts.
  for (const method of ['GET', 'PUT', 'POST']) {
    const reading = readTarget(method, target);
    if (reading.ok) return writeTarget(reading.request);
  }
  return undefined;
}

/** The value of `Link` with its address rewritten in the same way; undefined where it cannot be. */
export function linkForClient(link: string, registryUrl: URL): string | undefined {
  const parts = /^<([^>]+)>\s*;\s*rel="?next"?$/.exec(link.trim());
  const target = parts?.[1] === undefined ? undefined : locationForClient(parts[1], registryUrl, []);
  return target === undefined ? undefined : `<${target}>; rel="next"`;
}
