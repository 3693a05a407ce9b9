/** Authorities by openssl, with what they sign, revoke and list; made anew each time, in a folder of the test. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './process.ts';

export const KEYS = {
  ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
  rsa: ['-newkey', 'rsa:2048'],
  'small rsa': ['-newkey', 'rsa:1024'],
  ed25519: ['-newkey', 'ed25519'],
} as const;

export interface Signed {
  /** PEM. */
  readonly certificateFile: string;
  readonly keyFile: string;
}

export interface SignOptions {
  readonly key?: keyof typeof KEYS;
  /** Lines of extensions; those of a client unless told. */
  readonly extensions?: readonly string[];
  /** As openssl has it: 20200101000000Z. */
  readonly from?: string;
  readonly until?: string;
  readonly digest?: string;
}

export interface Authority extends Signed {
  /** For a client: its DNS names, and whatever else. */
  sign(name: string, dns: readonly string[], options?: SignOptions): Promise<Signed>;
  /** Another authority below. */
  below(name: string): Promise<Authority>;
  revoke(signed: Pick<Signed, 'certificateFile'>): Promise<void>;
  /** A list of what was revoked, PEM, good for an hour unless told. */
  list(options?: { readonly until?: string }): Promise<string>;
}

const CLIENT = ['basicConstraints=CA:FALSE', 'keyUsage=digitalSignature', 'extendedKeyUsage=clientAuth'];
const CA = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];

/** @param parent a folder; the authority has one of its name inside. */
export async function makeAuthority(
  parent: string,
  name: string,
  { key = 'ec', above }: { readonly key?: keyof typeof KEYS; readonly above?: Authority } = {},
): Promise<Authority> {
  const folder = join(parent, name);
  mkdirSync(join(folder, 'new'), { recursive: true });
  for (const [file, text] of [
    ['index', ''],
    ['serial', '1000\n'],
    ['crlnumber', '01\n'],
  ] as const)
    writeFileSync(join(folder, file), text);
  const openssl = (...args: string[]): Promise<string> => must('openssl', args, { cwd: folder });
  const own = { certificateFile: join(folder, 'ca.crt'), keyFile: join(folder, 'ca.key') };
  if (above === undefined) {
    const extensions = CA.flatMap((line) => ['-addext', line]);
    await openssl(
      ...['req', '-x509', ...KEYS[key], '-nodes', '-days', '3', '-subj', `/CN=${name}`],
      ...['-keyout', 'ca.key', '-out', 'ca.crt', ...extensions],
    );
  } else {
    const made = await above.sign(name, [], { key, extensions: CA });
    for (const [from, to] of [
      [made.certificateFile, own.certificateFile],
      [made.keyFile, own.keyFile],
    ] as const)
      writeFileSync(to, readFileSync(from));
  }
  // Ed25519 hashes by itself.
  const digest = key === 'ed25519' ? 'default' : 'sha256';
  writeFileSync(
    join(folder, 'ca.cnf'),
    `[ca]
default_ca=own
[own]
database=index
serial=serial
crlnumber=crlnumber
new_certs_dir=new
certificate=ca.crt
private_key=ca.key
default_md=${digest}
default_days=2
default_crl_hours=1
policy=any
unique_subject=no
[any]
commonName=supplied
`,
  );
  const ca = ['ca', '-config', 'ca.cnf', '-batch', '-notext'];
  const authority: Authority = {
    ...own,
    async sign(leaf, dns, { key: leafKey = 'ec', extensions = CLIENT, from, until, digest: hash } = {}) {
      const file = leaf.replace(/[^\w.-]/g, '_');
      const names = dns.length === 0 ? [] : [`subjectAltName=${dns.map((one) => `DNS:${one}`).join()}`];
      writeFileSync(join(folder, `${file}.ext`), `[client]\n${[...extensions, ...names].join('\n')}\n`);
      await openssl(
        ...['req', '-new', ...KEYS[leafKey], '-nodes', '-subj', `/CN=${leaf}`],
        ...['-keyout', `${file}.key`, '-out', `${file}.csr`],
      );
      await openssl(
        ...[...ca, '-in', `${file}.csr`, '-out', `${file}.crt`],
        ...['-extfile', `${file}.ext`, '-extensions', 'client'],
        ...(from === undefined ? [] : ['-startdate', from]),
        ...(until === undefined ? [] : ['-enddate', until]),
        ...(hash === undefined ? [] : ['-md', hash]),
      );
      return { certificateFile: join(folder, `${file}.crt`), keyFile: join(folder, `${file}.key`) };
    },
    async below(lower) {
      return makeAuthority(parent, lower, { key, above: authority });
    },
    async revoke({ certificateFile }) {
      await openssl(...ca, '-revoke', certificateFile);
    },
    async list({ until } = {}) {
      const end = until === undefined ? [] : ['-crl_nextupdate', until];
      // The first moment of the list must not lie behind its end.
      const start = until === undefined ? [] : ['-crl_lastupdate', '20200101000000Z'];
      await openssl('ca', '-config', 'ca.cnf', '-gencrl', ...start, ...end, '-out', 'crl.pem');
      return readFileSync(join(folder, 'crl.pem'), 'utf8');
    },
  };
  return authority;
}
