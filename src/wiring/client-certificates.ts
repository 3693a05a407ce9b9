/** Certificates that clients show: on the connection, or through a listed proxy. Judged for each request. */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { describeProblem } from '../config/yaml.ts';
import type { ClientCertificate } from '../gate/exchange.ts';
import { type Authorities, loadAuthorities } from '../identity/certificates/authorities.ts';
import { readCertificateHeader } from '../identity/certificates/header.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { stampOf } from './file-stamp.ts';
import { type Part, reportProblems, WATCH_MS } from './part.ts';

export interface ClientCertificates {
  /** Of the connection itself; undefined where none was shown, or none that holds. */
  readonly ofConnection: (socket: TLSSocket) => ClientCertificate | undefined;
  /** Of what a listed proxy says; `header` reads the request's. */
  readonly ofProxy: (header: (name: string) => string | undefined) => ClientCertificate | undefined;
  /** PEM of the authorities in force. */
  readonly authorities: () => string;
  readonly reload: () => Promise<void>;
  readonly refused: () => boolean;
  /** Milliseconds since 1970; 0 where there is no list of revoked ones. */
  readonly listsEnd: () => number;
}

/** Milliseconds between two lines that say the same, and how many such are told apart. */
const TELL_MS = 60_000;
const TOLD = 1000;
/** Values of the header that are not read again. */
const REMEMBERED = 1024;

/** @param onChange the authorities are others than before. */
export function openClientCertificates(
  { settings, log, endings }: Part,
  initial: Authorities | undefined,
  metrics: Metrics,
  onChange: () => void,
): ClientCertificates | undefined {
  const files = settings.clientCertificates;
  if (files === undefined || initial === undefined) return undefined;
  let authorities: Authorities = initial;
  let refused = false;
  let told = '';
  let stamp = '';
  const toldAt = new Map<string, number>();
  const ofSocket = new WeakMap<TLSSocket, X509Certificate | 'none'>();
  const ofHeader = new Map<string, X509Certificate | 'malformed' | undefined>();

  function tell(sha256: string, sentence: string): void {
    const key = `${sha256} ${sentence}`;
    const before = toldAt.get(key);
    if (before !== undefined && Date.now() - before < TELL_MS) return;
    toldAt.delete(key);
    toldAt.set(key, Date.now());
    const [oldest] = toldAt.keys();
    if (toldAt.size > TOLD && oldest !== undefined) toldAt.delete(oldest);
    log.warn({ certificate: sha256 }, `a client's certificate counts as none: it ${sentence}`);
  }

  function judged(
    certificate: X509Certificate | undefined,
    tlsVersion: string | undefined,
  ): ClientCertificate | undefined {
    if (certificate === undefined) return undefined;
    const found = authorities.judge(certificate, Date.now());
    metrics.clientCertificate(found.ok ? 'accepted' : found.fault);
    if (found.ok) return { names: found.names, sha256: found.sha256, tlsVersion };
    tell(certificate.fingerprint256.replaceAll(':', '').toLowerCase(), found.sentence);
    return undefined;
  }

  /** Of the same text the same answer: a proxy sends it with each request. */
  function readHeader(text: string): X509Certificate | 'malformed' | undefined {
    if (ofHeader.has(text)) return ofHeader.get(text);
    const read = readCertificateHeader(text);
    ofHeader.set(text, read);
    const [oldest] = ofHeader.keys();
    if (ofHeader.size > REMEMBERED && oldest !== undefined) ofHeader.delete(oldest);
    return read;
  }

  async function look(tells: boolean): Promise<void> {
    if (files === undefined) return;
    const loaded = await loadAuthorities(files, Date.now());
    const state = loaded.ok ? '' : loaded.problems.map(describeProblem).join();
    if (!loaded.ok && state !== told) {
      reportProblems(
        log,
        'the authorities of clients’ certificates are refused; the last good ones go on',
        loaded.problems,
      );
    }
    told = state;
    refused = !loaded.ok;
    if (!loaded.ok) return;
    const changed = loaded.authorities.pem !== authorities.pem;
    authorities = loaded.authorities;
    if (tells) log.info('the authorities of clients’ certificates were read again');
    if (changed) onChange();
  }

  async function lookIfChanged(): Promise<void> {
    const now = await stampOf([files?.caFile, files?.crlFile]);
    if (now === stamp) return;
    const first = stamp === '';
    stamp = now;
    // The first time too: they may have changed since they were read for the start.
    await look(!first);
  }

  const watching = setInterval(() => void lookIfChanged(), WATCH_MS).unref();
  endings.defer(() => clearInterval(watching));

  return {
    ofConnection(socket) {
      let certificate = ofSocket.get(socket);
      if (certificate === undefined) {
        certificate = socket.getPeerX509Certificate() ?? 'none';
        ofSocket.set(socket, certificate);
      }
      return judged(certificate === 'none' ? undefined : certificate, socket.getProtocol() ?? undefined);
    },
    ofProxy(header) {
      const text = files.proxyHeader === undefined ? undefined : header(files.proxyHeader);
      const read = text === undefined ? undefined : readHeader(text);
      if (read !== 'malformed') return judged(read, undefined);
      metrics.clientCertificate('unreadable');
      tell('', `cannot be read in the header ${files.proxyHeader} that the proxy sent`);
      return undefined;
    },
    authorities: () => authorities.pem,
    async reload() {
      told = '';
      await look(true);
    },
    refused: () => refused,
    listsEnd: () => authorities.listsEnd ?? 0,
  };
}
