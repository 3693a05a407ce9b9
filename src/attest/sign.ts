/**
 * Signs a statement, in the two forms that verifiers read: a DSSE envelope, and a Sigstore bundle around it that holds no
 * certificate and no entry of a public log, since the key is one that its reader has.
 *
 * @see https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto
 */
import { createHash, type KeyObject, sign } from 'node:crypto';
import type { Statement } from './statement.ts';

/** ECDSA on P-256: what every verifier knows. */
export interface AttestationKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export interface Envelope {
  readonly payloadType: string;
  /** Base64. */
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

export interface Bundle {
  readonly mediaType: typeof BUNDLE_TYPE;
  readonly verificationMaterial: {
    readonly publicKey: { readonly hint: string };
    readonly tlogEntries: readonly never[];
  };
  readonly dsseEnvelope: Envelope;
}

export const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** Signatures are made with chance: two of one statement differ. */
export function signStatement(
  statement: Statement,
  { privateKey }: Pick<AttestationKey, 'privateKey'>,
): Envelope {
  const payload = Buffer.from(JSON.stringify(statement));
  const sig = sign('sha256', preAuthEncoding(PAYLOAD_TYPE, payload), privateKey);
  return {
    payloadType: PAYLOAD_TYPE,
    payload: payload.toString('base64'),
    // Without an id: verifiers that are given a key know it by none, and leave out signatures that name another.
    signatures: [{ keyid: '', sig: sig.toString('base64') }],
  };
}

export function bundleOf(envelope: Envelope, { publicKey }: Pick<AttestationKey, 'publicKey'>): Bundle {
  return {
    mediaType: BUNDLE_TYPE,
    verificationMaterial: {
      publicKey: { hint: keyIdOf(publicKey) },
      tlogEntries: [],
    },
    dsseEnvelope: envelope,
  };
}

/** The bytes that are signed. */
export function preAuthEncoding(type: string, body: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${body.length} `),
    Buffer.from(body),
  ]);
}

/** SHA-256 of the public key's DER form, in hexadecimal digits. A hint, and no proof. */
export function keyIdOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

export function publicKeyText(publicKey: KeyObject): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}
