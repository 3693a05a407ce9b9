/**
 * Who may say which machine is which, and whether a certificate that a client has shown holds now.
 *
 * Every authority that signs clients' certificates stands in the file, intermediate ones too: what a client sends along is
 * not looked at. So the answer is the same for a connection, for a session that is resumed (of which nothing but the
 * client's own certificate is kept), and for a proxy that hands on one certificate; and nobody signs for a machine whom the
 * file does not name. That the client has the key was proven to whoever ended its TLS.
 */
import { X509Certificate } from 'node:crypto';
import { readText } from '../../config/read-text.ts';
import type { Problem } from '../../config/yaml.ts';
import { type MachineFacts, machineFacts } from './machine-facts.ts';
import { type RevocationList, readRevocationLists } from './revocation-lists.ts';
import { loadX509, type X509Library } from './x509.ts';

/** Words of a metric: few, and none of them a name. */
export type CertificateFault =
  | 'unreadable'
  | 'issuer'
  | 'unfit'
  | 'nameless'
  | 'time'
  | 'revoked'
  | 'unlisted';

export type JudgedCertificate =
  | { readonly ok: true; readonly names: readonly string[]; readonly sha256: string }
  /** The sentence is for the log. */
  | { readonly ok: false; readonly fault: CertificateFault; readonly sentence: string };

export interface Authorities {
  /** PEM: those whose certificates a TLS handshake asks for. */
  readonly pem: string;
  /** The earliest end of a list of revoked certificates, in milliseconds since 1970; undefined where there are none. */
  readonly listsEnd: number | undefined;
  /** @param now milliseconds since 1970. Costs a signature for a certificate that was not seen before. */
  judge(certificate: X509Certificate, now: number): JudgedCertificate;
}

export type LoadedAuthorities =
  | { readonly ok: true; readonly warnings: readonly Problem[]; readonly authorities: Authorities }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Milliseconds: time enough to have another made. */
const EXPIRY_WARNING = 14 * 86_400_000;
/** Certificates whose signature is not checked again. */
const REMEMBERED = 4096;
const NAME_CONSTRAINTS = '2.5.29.30';
const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Reads both files and tries all that stands in them. Never rejects. */
export async function loadAuthorities(
  { caFile, crlFile }: { readonly caFile: string; readonly crlFile?: string | undefined },
  now: number,
): Promise<LoadedAuthorities> {
  const at = (file: string, message: string): Problem => ({ file, line: 1, column: 1, message });
  const refuse = (file: string, message: string): LoadedAuthorities => ({
    ok: false,
    problems: [at(file, message)],
  });
  const ca = await readText(caFile);
  if (!ca.ok) return refuse(caFile, ca.reason);
  const crl = crlFile === undefined ? undefined : await readText(crlFile);
  if (crl?.ok === false) return refuse(crlFile ?? '', crl.reason);
  const blocks = ca.text.match(BLOCK) ?? [];
  if (blocks.length === 0) return refuse(caFile, 'expected PEM certificates (BEGIN CERTIFICATE), found none');
  const x509 = await loadX509();
  const authorities: X509Certificate[] = [];
  for (const [index, block] of blocks.entries()) {
    const read = readAuthority(block, x509);
    if (typeof read === 'string') return refuse(caFile, `certificate ${index + 1} of the file ${read}`);
    authorities.push(read);
  }
  const lists = crl && (await readRevocationLists(crl.text, authorities, x509));
  if (lists?.ok === false) return refuse(crlFile ?? '', lists.reason);
  const ends = [...(lists?.lists.values() ?? [])].map(({ nextUpdate }) => nextUpdate);
  const listsEnd = ends.length === 0 ? undefined : Math.min(...ends);
  const warnings = authorities
    .filter(({ validToDate }) => validToDate.getTime() - now < EXPIRY_WARNING)
    .map(({ subject, validToDate }) =>
      at(caFile, `the authority ${oneLine(subject)} ends at ${validToDate.toISOString()}`),
    );
  if (listsEnd !== undefined && listsEnd <= now)
    warnings.push(
      at(
        crlFile ?? '',
        `a list of revoked certificates has ended at ${new Date(listsEnd).toISOString()}: its authority's clients count as without a certificate`,
      ),
    );
  return {
    ok: true,
    warnings,
    authorities: {
      pem: blocks.join('\n'),
      listsEnd,
      judge: createJudge(authorities, lists?.lists, x509),
    },
  };
}

/** @returns what is wrong with it, as text. */
function readAuthority(block: string, x509: X509Library): X509Certificate | string {
  try {
    const certificate = new X509Certificate(block);
    if (!certificate.ca) return 'is of no authority (basic constraints): it could sign nothing';
    const read = new x509.X509Certificate(new Uint8Array(certificate.raw));
    if (read.extensions.some(({ type }) => type === NAME_CONSTRAINTS))
      return 'limits the names that it signs (name constraints), which is not looked at here; list an authority without';
    return certificate;
  } catch {
    return 'cannot be read';
  }
}

/** What was found out of one certificate, and holds until the files change. */
interface Seen extends MachineFacts {
  readonly issuer: X509Certificate | undefined;
}

function createJudge(
  authorities: readonly X509Certificate[],
  lists: ReadonlyMap<string, RevocationList> | undefined,
  x509: X509Library,
): Authorities['judge'] {
  const seen = new Map<string, Seen>();

  function look(certificate: X509Certificate): Seen {
    const key = certificate.fingerprint256;
    const known = seen.get(key);
    if (known !== undefined) return known;
    const issuer = issuerOf(certificate, authorities);
    const found = { ...machineFacts(certificate, x509), issuer };
    // What none of the authorities has signed is not worth a place: anybody can make as many as they like.
    if (issuer !== undefined) seen.set(key, found);
    const [oldest] = seen.keys();
    if (seen.size > REMEMBERED && oldest !== undefined) seen.delete(oldest);
    return found;
  }

  return (certificate, now) => {
    const refuse = (fault: CertificateFault, sentence: string): JudgedCertificate => ({
      ok: false,
      fault,
      sentence,
    });
    let found: Seen;
    try {
      found = look(certificate);
    } catch {
      return refuse('unreadable', 'cannot be read');
    }
    const { issuer, unfit, names } = found;
    if (issuer === undefined) return refuse('issuer', 'is signed by none of the authorities of caFile');
    if (unfit !== undefined) return refuse('unfit', unfit);
    if (names.length === 0)
      return refuse('nameless', 'has no DNS name of a machine (subject alternative name)');
    for (const one of [certificate, issuer]) {
      if (now < one.validFromDate.getTime())
        return refuse('time', `is not valid before ${one.validFromDate.toISOString()}`);
      if (now > one.validToDate.getTime())
        return refuse('time', `has ended at ${one.validToDate.toISOString()}`);
    }
    const end = lists && revocation(certificate, issuer, authorities, lists, now);
    return end ?? { ok: true, names, sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase() };
  };
}

function issuerOf(
  certificate: X509Certificate,
  authorities: readonly X509Certificate[],
): X509Certificate | undefined {
  return authorities.find(
    (authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey),
  );
}

/** How many authorities stand above one another at most. */
const DEPTH = 10;

/** Up to the last authority that is listed: an intermediate one can be revoked as well. */
function revocation(
  certificate: X509Certificate,
  issuer: X509Certificate,
  authorities: readonly X509Certificate[],
  lists: ReadonlyMap<string, RevocationList>,
  now: number,
): JudgedCertificate | undefined {
  let below = certificate;
  let above: X509Certificate | undefined = issuer;
  for (let depth = 0; above !== undefined && depth < DEPTH; depth++) {
    const list = lists.get(above.fingerprint256);
    const who = oneLine(above.subject);
    if (list === undefined)
      return { ok: false, fault: 'unlisted', sentence: `crlFile has no list of the authority ${who}` };
    if (list.nextUpdate < now) {
      const ended = new Date(list.nextUpdate).toISOString();
      return {
        ok: false,
        fault: 'unlisted',
        sentence: `the list of the authority ${who} has ended at ${ended}`,
      };
    }
    if (list.isRevoked(below.serialNumber)) {
      const what = below === certificate ? 'was revoked' : 'is signed by an authority that was revoked';
      return { ok: false, fault: 'revoked', sentence: what };
    }
    below = above;
    above = below.checkIssued(below) ? undefined : issuerOf(below, authorities);
  }
  return undefined;
}

/** A name over several lines, as node:crypto writes it. */
function oneLine(subject: string): string {
  return subject.replace(/\s*\n\s*/g, ', ').replace(/[^\x20-\x7e]/g, '?');
}
