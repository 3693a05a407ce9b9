/** Which bodies leave by which nginx, by the settings. */
import { createSmallBlobs, type Offload } from '../gate/offload-place.ts';
import { createAddressTest, requireRange } from '../policy/address.ts';
import type { OffloadKey } from '../token/offload-key.ts';
import type { Part } from './part.ts';

const KILOBYTE = 1024;

/** @param key of redirects. */
export function openOffload({ settings }: Part, key: OffloadKey | undefined): Offload | undefined {
  const { offload, trustedProxies } = settings;
  if (offload === undefined) return undefined;
  const { mode, location, proxies = trustedProxies, minimumKilobytes, redirect } = offload;
  const isOne = createAddressTest(proxies.map(requireRange));
  // A path is one of the nginx that the request came through; an address is another's.
  const inFront = location.startsWith('/');
  const place = inFront ? location : new URL(location).pathname;
  const origin = location.slice(0, location.length - place.length);
  const common = {
    minimumBytes: minimumKilobytes * KILOBYTE,
    reaches: ({ viaProxy, peer }: Parameters<Offload['reaches']>[0]) => !inFront || (viaProxy && isOne(peer)),
    small: createSmallBlobs(),
  };
  if (redirect === undefined || key === undefined) {
    return { ...common, mode, addressOf: (digest) => pathOf(place, digest) };
  }
  const { validSeconds, bindAddress } = redirect;
  return {
    ...common,
    mode,
    addressOf(digest, client, proxied) {
      const path = pathOf(place, digest);
      const expires = Math.floor(Date.now() / 1000) + validSeconds;
      // The nginx in front is asked by whom it was asked before; another one by the client itself.
      const asker = inFront ? proxied : client.address;
      const signature = key.sign(path, expires, bindAddress ? asker : undefined);
      return `${origin}${path}?expires=${expires}&signature=${signature}`;
    },
  };
}

/** As the registry's filesystem driver lays out its blobs, below `docker/registry/v2/blobs/`. */
function pathOf(place: string, digest: string): string {
  const hex = digest.slice('sha256:'.length);
  return `${place}sha256/${hex.slice(0, 2)}/${hex}/data`;
}
