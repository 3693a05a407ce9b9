/** What docs/attestations.md says of openssl, done as it says. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, expect, it } from '@jest/globals';
import { signStatement } from '../../src/attest/sign.ts';
import type { Statement } from '../../src/attest/statement.ts';
import { blocksOf } from '../docs/blocks.ts';
import { describeNeeding } from '../support/needs.ts';
import { run } from '../support/process.ts';
import { makeTemp } from '../support/temp.ts';

/** With a sign of more than one byte: what is counted is bytes. */
const STATEMENT: Statement = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'registry.test/größe', digest: { sha256: '0'.repeat(64) } }],
  predicateType: 'https://slsa.dev/verification_summary/v1',
  predicate: {},
};

const [lines] = blocksOf('docs/attestations.md').filter(({ text }) => text.includes('openssl dgst'));

describeNeeding(['openssl', 'jq'], 'an attestation, by the lines of docs/attestations.md', () => {
  const temp = makeTemp('openssl');
  afterAll(() => temp.stop());
  const signer = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  const check = (publicKey: KeyObject) => {
    writeFileSync(temp.at('vsa.json'), JSON.stringify(signStatement(STATEMENT, signer)));
    writeFileSync(temp.at('key.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    return run('bash', ['-ec', lines?.text ?? 'exit 99'], { cwd: temp.path });
  };

  it('is good by openssl alone with its key, and with no other', async () => {
    expect(await check(signer.publicKey)).toMatchObject({ status: 0, stdout: 'Verified OK\n' });
    expect(JSON.parse(readFileSync(temp.at('statement.json'), 'utf8'))).toEqual(STATEMENT);
    expect((await check(other.publicKey)).status).toBe(1);
  });
});
