/** From where a request came: the client, and the chain of addresses by which that was found out. */
import { Row } from '../parts/facts.tsx';
import type { RecordItem } from '../records.ts';
import { useSay } from '../words/words.ts';

type Peer = NonNullable<RecordItem['peer']>;

export interface Link {
  readonly address: string;
  /** `proxy`: of a proxy that the settings list; `client`: whom they name; `claimed`: what the client itself wrote. */
  readonly is: 'claimed' | 'client' | 'proxy';
}

/**
 * The chain as it was received, with what each part of it is worth. It is read from its end, as Warden does: a listed
 * proxy adds whom it saw, and what stands before the client was in the request already.
 */
export function chainOf({
  ip,
  socket,
  forwarded = [],
}: Pick<Peer, 'ip' | 'socket' | 'forwarded'>): readonly Link[] {
  const written = forwarded.flatMap((line) => line.split(',').map((one) => one.trim()));
  const client = written.lastIndexOf(ip);
  return [
    ...written.map(
      (address, at): Link => ({
        address,
        is: client < 0 || at < client ? 'claimed' : at === client ? 'client' : 'proxy',
      }),
    ),
    ...(socket === undefined ? [] : [{ address: socket, is: 'proxy' } as const]),
  ];
}

export function Address({ peer, token }: { readonly peer: Peer; readonly token: RecordItem['token'] }) {
  const say = useSay();
  const chain = chainOf(peer);
  return (
    <>
      <Row name={say('column.host')}>
        {peer.host && (
          <>
            {peer.host}{' '}
            <span class="evidence">{say(peer.hostBy === 'mtls' ? 'host.mtls' : 'host.allowlist')}</span>
          </>
        )}
      </Row>
      <Row name={say('column.address')}>{peer.ip}</Row>
      {chain.length > 0 && (
        <Row name={say('record.chain')}>
          <ol class="plain">
            {chain.map(({ address, is }, at) => (
              // The same address can stand in it twice, and the chain never changes.
              <li key={at}>
                {address} <span class="evidence">{say(`chain.${is}`)}</span>
              </li>
            ))}
          </ol>
        </Row>
      )}
      <Row name={say('record.certificate')}>{peer.tls?.names?.join(', ')}</Row>
      <Row name={say('record.certificateDigest')}>{peer.tls?.certSha256}</Row>
      <Row name="TLS">{peer.tls?.version}</Row>
      <Row name={say('record.tokenFrom')}>{token?.ip}</Row>
      <Row name={say('column.client')}>
        {peer.ua && (
          <>
            {peer.ua} <span class="evidence">{say('evidence.claimed')}</span>
          </>
        )}
      </Row>
    </>
  );
}
