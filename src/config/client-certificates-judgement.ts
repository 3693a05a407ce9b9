/** What cannot work in the settings of clients' certificates. */
import type { Path } from '../policy/problem.ts';
import type { Settings } from './settings-schema.ts';

/** `refuse` notes a problem at a key. */
export function judgeClientCertificates(
  { clientCertificates, listen, trustedProxies }: Settings,
  refuse: (path: Path, sentence: string) => void,
): void {
  if (clientCertificates === undefined) return;
  const { proxyHeader } = clientCertificates;
  if (proxyHeader === undefined && listen.tls === undefined)
    refuse(
      ['clientCertificates'],
      'nobody can show one: there is neither listen.tls nor a proxyHeader in which a proxy hands it on',
    );
  if (proxyHeader !== undefined && trustedProxies.length === 0)
    refuse(
      ['clientCertificates', 'proxyHeader'],
      'is believed from trustedProxies alone, and none is listed',
    );
}
