/** What is wrong with the block `offload` beside the other settings. */
import { contains, parseRange } from '../policy/address.ts';
import type { Path } from '../policy/problem.ts';
import type { Settings } from './settings-schema.ts';

export type Say = (path: Path, sentence: string) => void;

/** @param problem is called for what cannot work or is dangerous. */
export function judgeOffload(settings: Settings, problem: Say): void {
  const { offload, trustedProxies, publicUrl, alternateUrls } = settings;
  if (offload === undefined) return;
  const { mode, location, proxies, redirect } = offload;
  const elsewhere = !location.startsWith('/');
  if (mode === 'accel' && elsewhere) {
    problem(['offload', 'location'], 'accel names a path of the nginx in front; an address is for redirect');
  }
  if (mode === 'redirect' && redirect === undefined) {
    problem(
      ['offload', 'redirect'],
      'is missing: without redirect.keyFile no address can be signed, and nginx would have to serve every blob to everyone',
    );
  }
  if (mode === 'accel' && redirect !== undefined) {
    problem(['offload', 'redirect'], 'nothing is signed with accel; take it away, or set mode to redirect');
  }
  if (elsewhere && proxies !== undefined) {
    problem(
      ['offload', 'proxies'],
      'says nothing beside a location that is an address: all clients are sent there',
    );
  }
  if (!elsewhere && trustedProxies.length === 0) {
    problem(
      ['offload', 'mode'],
      'there is no proxy in trustedProxies, so nobody comes by an nginx that could send the body; list it there',
    );
  } else if (!elsewhere) {
    for (const [index, text] of (proxies ?? []).entries()) {
      if (trustedProxies.some((outer) => holds(outer, text))) continue;
      problem(
        ['offload', 'proxies', index],
        `${text} is not in trustedProxies, so what it sends is not believed to come from a proxy`,
      );
    }
  }
  const own = [publicUrl, ...alternateUrls].map((url) => new URL(url).host);
  if (elsewhere && trustedProxies.length === 0 && own.includes(new URL(location).host)) {
    problem(
      ['offload', 'location'],
      'this is where Warden itself is reached; expected the address of an nginx, or its path and the nginx in trustedProxies',
    );
  }
  if (publicUrl.startsWith('https:') && location.startsWith('http:')) {
    problem(
      ['offload', 'location'],
      'is http where publicUrl is https: images would cross the network unprotected',
    );
  }
}

function holds(outer: string, inner: string): boolean {
  const [whole, part] = [parseRange(outer), parseRange(inner)];
  return whole.ok && part.ok && contains(whole.range, part.range);
}
