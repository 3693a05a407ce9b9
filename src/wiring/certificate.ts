/** Shows a changed certificate to new connections; a bad one changes nothing. */
import type { Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import { describeProblem } from '../config/yaml.ts';
import { loadTls, type Tls } from '../preflight/tls.ts';
import { stampOf } from './file-stamp.ts';
import { type Part, reportProblems, WATCH_MS } from './part.ts';

export interface CertificateInUse {
  readonly reload: () => void;
  /** To new connections, with the authorities of now. */
  readonly show: () => void;
  /** Milliseconds since 1970; 0 without TLS. */
  readonly expiresAt: () => number;
}

/** @param authorities PEM of those whose certificates clients are asked for. */
export function watchCertificate(
  { settings, log, endings }: Part,
  server: Server,
  initial: Tls | undefined,
  authorities: () => string | undefined,
): CertificateInUse {
  const files = settings.listen.tls;
  if (files === undefined || initial === undefined)
    return { reload: () => undefined, show: () => undefined, expiresAt: () => 0 };
  let shown = initial;
  /** What was said last of the files: once for each state of them, not every two seconds. */
  let told = '';

  /** The state of the files when they were last read. Reading and trying them holds up everything else, so not for nothing. */
  let seen = '';

  async function lookIfChanged(): Promise<void> {
    const now = await stampOf([files?.certificateFile, files?.keyFile]);
    // One that has run out is told of, also where nobody touched it.
    if (now === seen && Date.now() < shown.expiresAt) return;
    seen = now;
    look();
  }

  function show(): void {
    const { cert, key } = shown;
    const ca = authorities();
    // With certificate files the listener is one of HTTPS; Node's types of both do not fit each other.
    (server as unknown as HttpsServer).setSecureContext({ cert, key, ...(ca !== undefined && { ca }) });
  }

  function look(): void {
    if (files === undefined) return;
    const next = loadTls(files, Date.now());
    const state = next.ok ? '' : next.problems.map(describeProblem).join();
    if (!next.ok && state !== told) {
      reportProblems(log, 'the certificate on disk is refused; the last good one goes on', next.problems);
    }
    told = state;
    if (!next.ok || (next.tls.cert === shown.cert && next.tls.key === shown.key)) return;
    shown = next.tls;
    show();
    log.info({ until: new Date(shown.expiresAt).toISOString() }, 'another certificate is shown from now on');
  }
  const watching = setInterval(() => void lookIfChanged(), WATCH_MS).unref();
  endings.defer(() => clearInterval(watching));

  return {
    reload() {
      told = '';
      look();
    },
    show,
    expiresAt: () => shown.expiresAt,
  };
}
