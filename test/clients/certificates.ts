import { mkdirSync, writeFileSync } from 'node:fs';
import { must } from '../support/process.ts';
import type { Temp } from '../support/temp.ts';

/** A CA of this test alone, in `ca/ca.crt`; the folder has nothing else, since clients read all of it. */
export async function makeCa(temp: Temp): Promise<void> {
  mkdirSync(temp.at('ca'));
  const subject = ['-subj', '/CN=test CA', '-days', '2'];
  await openssl(temp, 'req', '-x509', ...NEW_KEY, '-keyout', 'ca.key', '-out', 'ca/ca.crt', ...subject);
}

/** A certificate of that CA for an address, as `<name>.crt` and `<name>.key`. */
export async function makeCertificate(temp: Temp, name: string, address: string): Promise<void> {
  writeFileSync(temp.at('san'), `subjectAltName=IP:${address}\n`);
  const request = ['-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`];
  await openssl(temp, 'req', ...NEW_KEY, ...request);
  const issuer = ['-CA', 'ca/ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
  const files = ['-in', `${name}.csr`, '-extfile', 'san', '-out', `${name}.crt`];
  await openssl(temp, 'x509', '-req', ...files, ...issuer);
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function openssl(temp: Temp, ...args: string[]): Promise<string> {
  return must('openssl', args, { cwd: temp.path });
}
