/**
 * Reads attestations of Warden's own back, for who checks the proof that one carries. Nothing in them is believed: what
 * they say holds as far as a signature, a proof and the record itself are shown to agree.
 */
import { type KeyObject, verify } from 'node:crypto';
import { z } from 'zod';
import { canonicalText } from '../provenance/canonical.ts';
import { fromBase64 } from '../tlog/base64.ts';
import { HASH_SIZE, leafHash, sameHash } from '../tlog/hashing.ts';
import { type ProofFile, parseProofFile } from '../tlog/proof-file.ts';
import { LOG_PROOF } from './log-proof.ts';
import { type Envelope, preAuthEncoding } from './sign.ts';
import { PREDICATE_TYPES, packageUrl } from './statement.ts';

export interface ReadAttestation {
  readonly envelope: Envelope;
  readonly predicateType: string;
  /** `registry/repository@digest`. */
  readonly image: string;
  readonly purl: string | undefined;
  /** Absent where it says nothing of its place in the log. */
  readonly proof: { readonly leafHash: Uint8Array; readonly file: ProofFile } | undefined;
  /** The record's bytes, of a push record alone. */
  readonly leaf: Uint8Array | undefined;
}

export type Read =
  | { readonly ok: true; readonly attestation: ReadAttestation }
  | { readonly ok: false; readonly reason: string };

// What others added, or a later release adds, is let pass: a consumer of in-toto must.
const envelopeSchema = z.object({
  payloadType: z.string(),
  payload: z.string(),
  signatures: z.array(z.object({ keyid: z.string().default(''), sig: z.string() })),
});
const documentSchema = z.union([envelopeSchema, z.object({ dsseEnvelope: envelopeSchema })]);
const statementSchema = z.object({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z.tuple([z.object({ name: z.string(), digest: z.object({ sha256: z.string() }) })]),
  predicateType: z.string(),
  predicate: z.object({
    purl: z.string().optional(),
    leaf: z.string().optional(),
    record: z.unknown().optional(),
    [LOG_PROOF]: z.object({ leafHash: z.string(), proof: z.string() }).optional(),
  }),
});
/** Of a record, also of a later release. */
const pushSchema = z.object({
  type: z.literal('push.accepted'),
  subject: z.object({ repo: z.string(), digest: z.string() }),
  tag: z.object({ name: z.string() }).optional(),
});

/** @param text one document, or one on each line, as `warden attest` writes them: DSSE envelopes, or Sigstore bundles around them. */
export function readAttestations(text: string): readonly Read[] {
  const whole = parsed(text);
  if (whole !== undefined) return [readAttestation(whole)];
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => readAttestation(parsed(line)));
}

function readAttestation(document: unknown): Read {
  const wrong = (reason: string): Read => ({ ok: false, reason: `no attestation of Warden: ${reason}` });
  const shown = documentSchema.safeParse(document);
  if (!shown.success) return wrong('expected a DSSE envelope, or a Sigstore bundle of one');
  const envelope = 'dsseEnvelope' in shown.data ? shown.data.dsseEnvelope : shown.data;
  const stated = statementSchema.safeParse(parsed(Buffer.from(envelope.payload, 'base64').toString('utf8')));
  if (!stated.success) return wrong('its payload is no in-toto statement about one image');
  const { subject, predicateType, predicate } = stated.data;
  const [{ name, digest }] = subject;
  const carried = predicate[LOG_PROOF];
  const hash = carried && fromBase64(carried.leafHash);
  if (carried && hash?.length !== HASH_SIZE) return wrong('its leafHash is not the base64 of 32 bytes');
  const file = carried && parseProofFile(carried.proof);
  if (file && !file.ok) return wrong(file.reason);
  const leaf = predicateType === PREDICATE_TYPES['push-record'] ? leafOf(predicate) : undefined;
  if (leaf === null) return wrong('its leaf is not the record that it shows');
  return {
    ok: true,
    attestation: {
      ...{ leaf, envelope, predicateType, purl: predicate.purl },
      image: `${name}@sha256:${digest.sha256}`,
      proof: hash && file?.ok ? { leafHash: hash, file: file.file } : undefined,
    },
  };
}

/** @returns null where it and the record beside it, which people read, are not the same. */
function leafOf({ leaf, record }: { leaf?: string | undefined; record?: unknown }): Uint8Array | null {
  const bytes = leaf === undefined ? undefined : fromBase64(leaf);
  if (bytes === undefined || typeof record !== 'object') return null;
  return canonicalText(record) === Buffer.from(bytes).toString('utf8') ? bytes : null;
}

/** Whether this key signed it. */
export function isSignedBy({ envelope }: Pick<ReadAttestation, 'envelope'>, publicKey: KeyObject): boolean {
  const { payload, payloadType, signatures } = envelope;
  const signed = preAuthEncoding(payloadType, Buffer.from(payload, 'base64'));
  return signatures.some(({ sig }) => verify('sha256', signed, publicKey, Buffer.from(sig, 'base64')));
}

/** @returns in a sentence why it does not speak of the record with these bytes; undefined where it does. */
export function differsFrom(
  { proof, image, purl }: Pick<ReadAttestation, 'proof' | 'image' | 'purl'>,
  entry: Uint8Array,
): string | undefined {
  if (proof && !sameHash(proof.leafHash, leafHash(entry))) return 'the record is not the one that is proved';
  const record = pushSchema.safeParse(parsed(Buffer.from(entry).toString('utf8')));
  if (!record.success) return 'the record is of no accepted push';
  const { subject, tag } = record.data;
  const place = `/${subject.repo}@${subject.digest}`;
  const registry = image.slice(0, -place.length);
  // With a further part before its name it would be another repository, which only ends like that of the record.
  if (!image.endsWith(place) || registry === '' || registry.includes('/'))
    return `the record is of ${subject.repo}@${subject.digest}, not of ${image}`;
  if (purl !== undefined && purl !== packageUrl(registry, { subject, tag }))
    return `the record is of the tag ${tag?.name ?? 'none'}, and the attestation of another: ${purl}`;
  return undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
