/** Who a connection belongs to, by its socket and the listed proxies. */
import { authorityOf } from '../config/settings.ts';
import type { Client } from '../gate/exchange.ts';
import type { ServerDeps } from '../http/server.ts';
import { clientAddress, secureTransport } from '../identity/client-address.ts';
import { canonicalAddress, createAddressTest, networkOf, requireRange } from '../policy/address.ts';
import type { ClientCertificates } from './client-certificates.ts';
import type { Part } from './part.ts';

/** The address of a connection, by the socket and the listed proxies; and the certificate that was shown. */
export function clientReader(
  { settings }: Part,
  certificates: ClientCertificates | undefined,
): ServerDeps['readClient'] {
  const trusted = createAddressTest(settings.trustedProxies.map(requireRange));
  return function readClient({
    peer,
    encrypted,
    forwardedFor,
    forwardedProto,
    tls,
    header,
  }): Client | undefined {
    const found = clientAddress({ peer, forwardedFor, trusted });
    if (!found.ok) return undefined;
    const { address, viaProxy, forwarded } = found;
    const confidential = secureTransport({ encrypted, viaProxy, forwardedProto, address });
    // The certificate of a proxy's own connection is the proxy's, never the client's.
    const certificate = trusted(found.peer)
      ? certificates?.ofProxy(header)
      : tls && certificates?.ofConnection(tls);
    return {
      address,
      peer: found.peer,
      forwarded,
      viaProxy,
      proto: (viaProxy ? forwardedProto === 'https' : encrypted) ? 'https' : 'http',
      confidential: confidential || settings.allowCredentialsOverHttp,
      certificate,
    };
  };
}

/** Connections are counted before a byte of them was read: a listed proxy's are of many clients, so they are not counted. */
export function shareOf({ settings }: Part): ServerDeps['shareOf'] {
  const trusted = createAddressTest(settings.trustedProxies.map(requireRange));
  return (peer) => {
    const address = canonicalAddress(peer.replace(/%.*$/, '')) ?? peer;
    return trusted(address) ? undefined : networkOf(address);
  };
}

/** The configured address that a client used, as far as its Host is one of them; otherwise the first. */
export function realmChooser({
  settings,
}: Part): (host: string | undefined) => { readonly realm: string; readonly service: string } {
  const { publicUrl, alternateUrls, service } = settings;
  const realms = new Map([publicUrl, ...alternateUrls].map((url) => [authorityOf(url).toLowerCase(), url]));
  return (host) => ({ realm: `${realms.get((host ?? '').toLowerCase()) ?? publicUrl}/token`, service });
}
