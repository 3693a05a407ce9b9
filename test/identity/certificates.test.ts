import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Authorities, loadAuthorities } from '../../src/identity/certificates/authorities.ts';
import { readCertificateHeader } from '../../src/identity/certificates/header.ts';
import { type Authority, makeAuthority, type Signed, type SignOptions } from '../support/authority.ts';
import { describeNeeding } from '../support/needs.ts';
import { makeTemp } from '../support/temp.ts';

const read = (file: string): string => readFileSync(file, 'utf8');
const HOUR = 3_600_000;

describeNeeding(['openssl'], 'a client certificate', () => {
  const temp = makeTemp('certificates');
  let root: Authority;
  let below: Authority;
  let stranger: Authority;

  beforeAll(async () => {
    root = await makeAuthority(temp.path, 'root');
    below = await root.below('below');
    stranger = await makeAuthority(temp.path, 'stranger');
  }, 60_000);
  afterAll(() => temp.stop());

  async function load(ca: readonly Authority[], crls?: readonly string[]): Promise<Authorities> {
    writeFileSync(temp.at('ca.pem'), ca.map(({ certificateFile }) => read(certificateFile)).join(''));
    if (crls) writeFileSync(temp.at('crl.pem'), crls.join(''));
    const files = { caFile: temp.at('ca.pem'), ...(crls && { crlFile: temp.at('crl.pem') }) };
    const loaded = await loadAuthorities(files, Date.now());
    if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join());
    return loaded.authorities;
  }

  const judge = (
    authorities: Authorities,
    { certificateFile }: Pick<Signed, 'certificateFile'>,
    now = Date.now(),
  ) => authorities.judge(new X509Certificate(read(certificateFile)), now);

  const fault = (authorities: Authorities, signed: Signed, now?: number): string => {
    const found = judge(authorities, signed, now);
    return found.ok ? `accepted as ${found.names.join()}` : found.fault;
  };

  it.each(['ec', 'rsa', 'ed25519'] as const)(
    'of the key %s gives its names',
    async (key) => {
      const own = await makeAuthority(temp.path, `root of ${key}`, { key });
      const signed = await own.sign(`leaf-${key}`, ['jenkins-01.corp', 'JENKINS-01'], { key });
      const authorities = await load([root, own], [await root.list(), await own.list()]);
      expect(judge(authorities, signed)).toEqual({
        ok: true,
        names: ['jenkins-01.corp', 'jenkins-01'],
        sha256: new X509Certificate(read(signed.certificateFile)).fingerprint256
          .replaceAll(':', '')
          .toLowerCase(),
      });
    },
    30_000,
  );

  it('of an intermediate authority holds where that one is listed, and not by its root alone', async () => {
    const signed = await below.sign('leaf', ['a.corp']);
    expect(fault(await load([root, below]), signed)).toBe('accepted as a.corp');
    expect(fault(await load([below]), signed)).toBe('accepted as a.corp');
    expect(fault(await load([root]), signed)).toBe('issuer');
  });

  const client = ['basicConstraints=CA:FALSE', 'extendedKeyUsage=clientAuth'];
  const cases: readonly (readonly [string, string, readonly string[], SignOptions])[] = [
    ['that has ended', 'time', ['a.corp'], { from: '20200101000000Z', until: '20210101000000Z' }],
    ['that has not begun', 'time', ['a.corp'], { from: '20990101000000Z', until: '20990201000000Z' }],
    ['of a server', 'unfit', ['a.corp'], { extensions: ['extendedKeyUsage=serverAuth'] }],
    [
      'for any purpose but named',
      'unfit',
      ['a.corp'],
      { extensions: ['extendedKeyUsage=anyExtendedKeyUsage'] },
    ],
    ['whose key does not sign', 'unfit', ['a.corp'], { extensions: [...client, 'keyUsage=keyEncipherment'] }],
    ['with a short key', 'unfit', ['a.corp'], { key: 'small rsa' }],
    ['signed with SHA-1', 'unfit', ['a.corp'], { digest: 'sha1' }],
    [
      'with a critical extension of somebody',
      'unfit',
      ['a.corp'],
      { extensions: [...client, '1.2.3.4=critical,ASN1:NULL'] },
    ],
    ['with a name for its subject alone', 'nameless', [], {}],
    ['for all machines', 'nameless', ['*.corp'], {}],
    ['whose name holds a blank', 'nameless', ['a.corp b.corp'], {}],
  ];
  it.each(cases)('%s is none', async (_what, wanted, dns, options) => {
    const signed = await root.sign('bad', dns, options);
    expect(fault(await load([root]), signed)).toBe(wanted);
  });

  it('without a purpose is one for clients, as for TLS', async () => {
    const signed = await root.sign('plain', ['a.corp'], { extensions: ['basicConstraints=CA:FALSE'] });
    expect(fault(await load([root]), signed)).toBe('accepted as a.corp');
  });

  it('gives those names that are of machines, whatever stands beside them', async () => {
    // A name that ends for C programs where the zero is, an address, an address of mail, and one in another script.
    const zero =
      'subjectAltName=otherName:1.2.3.4;UTF8:x,IP:10.1.2.3,email:a@b.corp,DNS:ok.corp,DNS:*.corp,DNS:a..b,DNS:xn--80ak6aa92e.corp';
    const signed = await root.sign('mixed', [], { extensions: [...client, zero] });
    const found = judge(await load([root]), signed);
    expect(found).toMatchObject({ ok: true, names: ['ok.corp', 'xn--80ak6aa92e.corp'] });
    const der = 'subjectAltName=DER:30:14:82:12:61:2e:63:6f:72:70:00:2e:65:76:69:6c:2e:65:78:61:6d:70';
    const nul = await root.sign('nul', [], { extensions: [...client, der] });
    expect(fault(await load([root]), nul)).toBe('nameless');
  });

  it('of another authority is none, also one of the same name', async () => {
    const twin = await makeAuthority(`${temp.path}/other`, 'root');
    const authorities = await load([root]);
    expect(fault(authorities, await stranger.sign('leaf', ['a.corp']))).toBe('issuer');
    expect(fault(authorities, await twin.sign('leaf', ['a.corp']))).toBe('issuer');
  });

  it('counts until it is revoked, and as long as somebody says that it is not', async () => {
    const signed = await root.sign('revoked', ['a.corp']);
    expect(fault(await load([root], [await root.list()]), signed)).toBe('accepted as a.corp');
    await root.revoke(signed);
    const list = await root.list();
    const authorities = await load([root], [list]);
    expect(fault(authorities, signed)).toBe('revoked');
    const other = await root.sign('other', ['b.corp']);
    expect(fault(authorities, other)).toBe('accepted as b.corp');
    // The list lasts an hour; the certificate two days.
    expect(fault(authorities, other, Date.now() + 2 * HOUR)).toBe('unlisted');
    expect(fault(await load([root, stranger], [await stranger.list()]), other)).toBe('unlisted');
  });

  it('ends with the authority that signed it', async () => {
    const signed = await below.sign('leaf', ['c.corp']);
    const lists = async () => [await root.list(), await below.list()];
    expect(fault(await load([root, below], await lists()), signed)).toBe('accepted as c.corp');
    await root.revoke(below);
    expect(fault(await load([root, below], await lists()), signed)).toBe('revoked');
  });

  it.each<readonly [string, () => Promise<readonly [string, string | undefined]>, string]>([
    ['holds no certificate', async () => ['nothing', undefined], 'expected PEM certificates'],
    [
      'holds a certificate of a client',
      async () => [read((await root.sign('leaf', ['a.corp'])).certificateFile), undefined],
      'certificate 1 of the file is of no authority',
    ],
    ['holds no list', async () => [read(root.certificateFile), 'nothing'], 'expected PEM lists'],
    [
      'holds a list of another authority',
      async () => [read(root.certificateFile), await stranger.list()],
      'list 1 of the file is signed by none of the authorities',
    ],
    [
      'holds a list that was changed',
      async () => {
        const lines = (await root.list()).split('\n');
        const at = lines.length - 4;
        lines[at] = `${lines[at]?.slice(0, 10)}AAAA${lines[at]?.slice(14)}`;
        return [read(root.certificateFile), lines.join('\n')];
      },
      'list 1 of the file',
    ],
  ])('has no judge where a file %s', async (_what, make, sentence) => {
    const [ca, crl] = await make();
    writeFileSync(temp.at('ca.pem'), ca);
    if (crl !== undefined) writeFileSync(temp.at('crl.pem'), crl);
    const files = { caFile: temp.at('ca.pem'), ...(crl !== undefined && { crlFile: temp.at('crl.pem') }) };
    const loaded = await loadAuthorities(files, Date.now());
    expect(loaded.ok ? [] : loaded.problems.map(({ message }) => message).join()).toContain(sentence);
  });

  it('is read from a header in the form of RFC 9440 and in that of nginx', async () => {
    const pem = read((await root.sign('leaf', ['a.corp'])).certificateFile);
    const { raw, fingerprint256 } = new X509Certificate(pem);
    for (const value of [
      `:${raw.toString('base64')}:`,
      encodeURIComponent(pem),
      ` ${encodeURIComponent(pem.trim())} `,
    ]) {
      const found = readCertificateHeader(value);
      expect(typeof found === 'object' && found.fingerprint256).toBe(fingerprint256);
    }
  });
});

describe('a header without a certificate', () => {
  it.each(['', ' ', '-'])('that is %j says that none was shown', (value) => {
    expect(readCertificateHeader(value)).toBeUndefined();
  });

  it.each([
    ['a name alone', 'CN=jenkins-01.corp'],
    ['bytes that are none', ':AAAA:'],
    ['half of the form', ':AAAA'],
    ['a broken escape', '%'],
    ['the first line alone', '-----BEGIN CERTIFICATE-----'],
    ['PEM of nothing', encodeURIComponent('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')],
    ['too much', `:${'A'.repeat(40_000)}:`],
  ])('that holds %s cannot be read', (_what, value) => {
    expect(readCertificateHeader(value)).toBe('malformed');
  });
});
