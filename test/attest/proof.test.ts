import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { signStatement } from '../../src/attest/sign.ts';
import type { AcceptedPush, Statement } from '../../src/attest/statement.ts';
import { addLogCommands } from '../../src/cli/log.ts';
import { leafHash } from '../../src/tlog/hashing.ts';
import { parseProofFile, verifyProofFile } from '../../src/tlog/proof-file.ts';
import { formatVkey, type VerifierKey, verifierKey } from '../../src/tlog/vkey.ts';
import { BUILDER, type Front } from '../gate/front.ts';
import { pushImage, smallImage } from '../gate/images.ts';
import { leavesOf, recordsOf } from '../provenance/a-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { run } from '../support/process.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { startSignedFront } from '../transparency/signed-front.ts';

const FIELD = 'urn:registry-warden:log-proof:v1';
const SCRIPT = join(import.meta.dirname, '..', '..', 'contrib', 'verify', 'check_attestation.py');
const python = spawnSync('python3', ['-c', 'import cryptography']).status === 0;

interface Envelope {
  readonly payload: string;
}
interface Proof {
  readonly leafHash: string;
  readonly proof: string;
}

const statementIn = ({ payload }: Envelope): Statement =>
  JSON.parse(Buffer.from(payload, 'base64').toString()) as Statement;

describeNeeding(['docker-registry'], 'an attestation of a record that is in the signed tree', () => {
  let front: Front;
  let key: VerifierKey;
  let temp: Temp;
  let digest: string;
  let index: number;
  let leaf: Uint8Array;
  const at = (name: string): string => temp.at(name);
  const about = () => `team/app@${digest}`;
  const attest = (...args: string[]) => front.warden.cli(['attest', about(), ...args]);
  /** In this process: it is a dozen times. */
  async function check(...args: string[]) {
    const [out, err]: [string[], string[]] = [[], []];
    let status = 0;
    const program = new Command('warden').exitOverride();
    addLogCommands(program, {
      io: { out: (line) => out.push(line), err: (line) => err.push(line) },
      ...{ defaultConfig: at('none.yaml'), version: 'test', readStdin: async () => '' },
      exit: (code) => {
        status = code;
      },
    });
    await program.parseAsync(['log', 'check-proof', ...args], { from: 'user' });
    return { status, out, err };
  }

  beforeAll(async () => {
    temp = makeTemp('proved');
    ({ front, key } = await startSignedFront({
      attestations: { keyFile: 'keys/attestations.pem', levelPrefix: 'ACME' },
    }));
    const data = join(front.warden.folder, 'data');
    index = recordsOf(data).findIndex((record) => record.type === 'push.accepted');
    leaf = leavesOf(data)[index] as Uint8Array;
    digest = (JSON.parse(Buffer.from(leaf).toString()) as AcceptedPush).subject.digest;
    writeFileSync(at('record.json'), leaf);
    writeFileSync(at('key.pub'), (await front.ask({ path: '/api/v1/attestations/key' })).text);
    const made = await attest('--type', 'release', 'summary', 'push-record', '--format', 'dsse');
    expect(made).toMatchObject({ status: 0, stderr: '' });
    const [release = '', , record = ''] = made.stdout.split('\n');
    writeFileSync(at('several.jsonl'), made.stdout);
    writeFileSync(at('release.json'), release);
    writeFileSync(at('record-attested.json'), record);
  }, 90_000);
  afterAll(async () => {
    await front?.stop();
    await temp?.stop();
  });

  it('has its place there: leaf hash, index, path and signed checkpoint, and nothing else of the log', async () => {
    const [release, summary, record] = readFileSync(at('several.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => statementIn(JSON.parse(line) as Envelope).predicate);
    const proved = release?.[FIELD] as Proof;
    expect(Object.keys(release ?? {})).toEqual(['purl', FIELD]);
    expect(Object.keys(proved)).toEqual(['leafHash', 'proof']);
    expect(proved.leafHash).toBe(Buffer.from(leafHash(leaf)).toString('base64'));
    const read = parseProofFile(proved.proof);
    if (!read.ok) throw new Error(read.reason);
    expect(read.file.index).toBe(index);
    expect(verifyProofFile(read.file, leafHash(leaf), [key])).toMatchObject({ ok: true });
    expect(read.file.extra).toBeUndefined();
    expect(Object.keys(record ?? {})).toEqual(['index', 'record', 'leaf', FIELD]);
    expect(summary).not.toHaveProperty(FIELD);
  });

  it('is checked off line with the log key alone, and with the record and the key of attestations', async () => {
    const vkey = ['--key', formatVkey(key)];
    const alone = await check(at('release.json'), ...vkey);
    expect(alone).toMatchObject({ status: 0, err: [] });
    expect(alone.out[0]).toMatch(
      /^good: record \d+ of registry\.test\/push-log, in its tree of \d+ of \S+\/team\/app@sha256:.*; not looked at: who signed the attestation \(--attestation-key\), what the record says \(--entry\)$/,
    );
    const whole = [...vkey, '--attestation-key', at('key.pub'), '--entry', at('record.json')];
    expect((await check(at('release.json'), ...whole)).out).toEqual([expect.stringMatching(/^good: [^;]*$/)]);
    const several = await check(at('several.jsonl'), ...vkey, '--attestation-key', at('key.pub'));
    // The record is in the third of them; the second carries no proof.
    expect(several.err).toEqual([
      expect.stringMatching(/^https:\/\/slsa\.dev\/.* carries no proof: its signature alone was looked at$/),
    ]);
    expect((await check(at('several.jsonl'), ...vkey)).err).toEqual([
      expect.stringMatching(/ carries no proof: nothing of it was looked at$/),
    ]);
    expect(several.out).toEqual([
      expect.stringMatching(/^good: .*; not looked at: what the record says \(--entry\)$/),
      expect.stringMatching(/^good: [^;]*$/),
    ]);
  });

  it('is refused with another key, another record, and where anything of it was changed', async () => {
    const vkey = ['--key', formatVkey(key)];
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(at('other.pub'), other.publicKey.export({ type: 'spki', format: 'pem' }));
    const data = join(front.warden.folder, 'data');
    writeFileSync(at('other.json'), leavesOf(data)[index + 1] as Uint8Array);
    const stranger = generateKeyPairSync('ed25519').publicKey;

    /** Signed anew by whoever has such a key: what is said is then to be found out by the proof. */
    const forged = (name: string, change: (statement: Statement) => Statement, from = 'release.json') => {
      const [line = ''] = readFileSync(at(from), 'utf8').split('\n');
      const envelope = signStatement(change(statementIn(JSON.parse(line) as Envelope)), other);
      writeFileSync(at(name), JSON.stringify(envelope));
      return at(name);
    };
    const proofChanged = (change: (proof: Proof) => Proof) => (statement: Statement) => ({
      ...statement,
      predicate: { ...statement.predicate, [FIELD]: change(statement.predicate[FIELD] as Proof) },
    });
    const wrong = Buffer.alloc(32).toString('base64');
    const cases: readonly (readonly [readonly string[], string])[] = [
      [
        [at('release.json'), '--key', formatVkey(verifierKey(key.name, 1, stranger))],
        'none of the keys that were asked for has signed',
      ],
      [[at('release.json'), ...vkey, '--attestation-key', at('other.pub')], 'is not signed by the key of'],
      [
        [at('release.json'), ...vkey, '--entry', at('other.json')],
        'the record is not the one that is proved',
      ],
      [
        [
          forged(
            'hash.json',
            proofChanged((proof) => ({ ...proof, leafHash: wrong })),
          ),
          ...vkey,
        ],
        'the proof leads to another root',
      ],
      [
        [
          forged(
            'index.json',
            proofChanged(({ leafHash: hash, proof }) => ({
              leafHash: hash,
              proof: proof.replace(/^index \d+$/m, `index ${index + 1}`),
            })),
          ),
          ...vkey,
        ],
        'the proof',
      ],
      [
        [
          forged('image.json', (statement) => ({
            ...statement,
            subject: [{ name: `${front.warden.address}/team/other`, digest: { sha256: '0'.repeat(64) } }],
          })),
          ...[...vkey, '--entry', at('record.json')],
        ],
        'the record is of team/app@',
      ],
      [
        [
          forged(
            'leaf.json',
            (statement) => ({
              ...statement,
              subject: [{ name: `${front.warden.address}/team/other`, digest: { sha256: '0'.repeat(64) } }],
            }),
            'record-attested.json',
          ),
          ...vkey,
        ],
        'the record is of team/app@',
      ],
      [
        [
          forged(
            'longer.json',
            (statement) => ({
              ...statement,
              subject: [
                { name: `${front.warden.address}/prod/team/app`, digest: { sha256: digest.slice(7) } },
              ],
            }),
            'record-attested.json',
          ),
          ...vkey,
        ],
        `the record is of team/app@${digest}, not of ${front.warden.address}/prod/team/app@`,
      ],
      [
        [
          forged('escape.json', (statement) => ({ ...statement, predicateType: 'x\u001b]0;good\u0007' })),
          ...[...vkey, '--attestation-key', at('key.pub')],
        ],
        'x\\u{1b}]0;good\\u{7}: the attestation is not signed by the key of',
      ],
      [
        [
          forged(
            'shown.json',
            (statement) => ({ ...statement, predicate: { ...statement.predicate, record: { type: 'x' } } }),
            'record-attested.json',
          ),
          ...vkey,
        ],
        'its leaf is not the record that it shows',
      ],
      [
        [forged('none.json', (statement) => ({ ...statement, predicate: {} })), ...vkey],
        'no attestation in it says where its record is in the log',
      ],
    ];
    for (const [args, sentence] of cases) {
      const { status, out, err } = await check(...args);
      expect({ out, err }).toEqual({ out: [], err: [expect.stringContaining(sentence)] });
      expect([1, 2]).toContain(status);
    }
  }, 30_000);

  it('carries it also where it is made right after the push, and beside the image', async () => {
    const token = await front.token({ user: 'alice', scope: 'repository:team/app:pull,push' });
    const image = smallImage();
    expect((await pushImage(front.place, 'team/app', 'now', image, { token, from: BUILDER })).status).toBe(
      201,
    );
    const made = await front.ask({
      method: 'POST',
      path: '/api/v1/attestations',
      basic: { user: 'alice', password: front.passwords.alice },
      from: BUILDER,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ repository: 'team/app', digest: image.digest, type: ['release'] }),
    });
    const { attached } = JSON.parse(made.text) as { attached: readonly { readonly digest: string }[] };
    const manifest = await front.ask({ path: `/v2/team/app/manifests/${attached[0]?.digest}`, token });
    const { layers } = JSON.parse(manifest.text) as { layers: readonly { readonly digest: string }[] };
    const blob = await front.ask({ path: `/v2/team/app/blobs/${layers[0]?.digest}`, token });
    writeFileSync(at('attached.json'), blob.text);
    const checked = await check(
      at('attached.json'),
      '--key',
      formatVkey(key),
      '--attestation-key',
      at('key.pub'),
    );
    expect(checked).toMatchObject({ status: 0, err: [] });
    for (const word of ['alice', BUILDER, 'jenkins-01']) {
      const { dsseEnvelope } = JSON.parse(blob.text) as { dsseEnvelope: Envelope };
      expect(JSON.stringify(statementIn(dsseEnvelope))).not.toContain(word);
    }
  });

  const itInPython = python ? it : it.skip;
  itInPython(
    `is checked by a program that has nothing of Warden${python ? '' : ' [needs cryptography]'}`,
    async () => {
      const vkey = formatVkey(key);
      const checkBy = (...args: string[]) => run('python3', [SCRIPT, ...args], {});
      const good = await checkBy(vkey, at('release.json'), at('key.pub'));
      expect(good).toMatchObject({ status: 0, stderr: '' });
      expect(good.stdout).toMatch(
        /^good: record \d+ in a tree of \d+: \S+\/team\/app@sha256:[0-9a-f]{64}\n$/,
      );
      expect((await checkBy(vkey, at('release.json'), at('key.pub'), at('record.json'))).status).toBe(0);
      const stranger = generateKeyPairSync('ed25519').publicKey;
      // All that was written at once: a release, a summary without a proof, a record; and the line of another key.
      const lines = `${formatVkey(verifierKey(key.name, 1, stranger))}\n${vkey}`;
      const several = await checkBy(lines, at('several.jsonl'), at('key.pub'));
      expect(several.stdout.match(/^good: /gm)).toHaveLength(2);
      expect(several.stderr).toMatch(/^'\S+' carries no proof: its signature alone was looked at\n$/);
      const summary = readFileSync(at('several.jsonl'), 'utf8').split('\n')[1] ?? '';
      writeFileSync(at('summary.json'), summary);
      expect(await checkBy(vkey, at('summary.json'), at('key.pub'))).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('none of the attestations says where its record is in the log'),
      });
      for (const args of [
        [formatVkey(verifierKey(key.name, 1, stranger)), at('release.json'), at('key.pub')],
        [vkey, at('release.json'), at('other.pub')],
        [vkey, at('release.json'), at('key.pub'), at('other.json')],
      ]) {
        expect((await checkBy(...args)).status).toBe(1);
      }
    },
  );

  it('is not made of a record that was altered since it was signed', async () => {
    const db = new DatabaseSync(join(front.warden.folder, 'data', 'log.db'));
    const altered = Buffer.from(Buffer.from(leaf).toString().replace('"alice"', '"bobby"'));
    expect(altered).not.toEqual(Buffer.from(leaf));
    db.prepare('UPDATE entry SET leaf = ? WHERE idx = ?').run(altered, index);
    db.close();
    const sentence = `record ${index} of the log is not the one that was signed`;
    expect(await attest('--type', 'release')).toMatchObject({
      status: 3,
      ...{ stdout: '', stderr: expect.stringContaining(sentence) },
    });
    const path = `/api/v1/attestations?repository=team/app&digest=${digest}&type=release`;
    const asked = await front.ask({ path, basic: { user: 'erin', password: front.passwords.erin } });
    expect(asked).toMatchObject({ status: 404, text: expect.stringContaining(sentence) });
  });
});
