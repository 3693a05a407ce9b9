/** Attestations, as the API declares them. */
import { z } from 'zod';
import { STATEMENTS, type StatementKind } from '../../attest/statement.ts';
import { ATTESTATION_FORMS } from '../../protocol/attestations.ts';
import { isDigest, isRepository } from '../../protocol/names.ts';
import type { Operations } from './operation.ts';
import { digest, listOf, number } from './shared.ts';

const image = {
  repository: z.string().refine(isRepository, 'expected the name of a repository'),
  digest: z.string().refine(isDigest, 'expected sha256: and 64 hex digits'),
};
/** The repository and what in it; everything else has a default. */
const attested = z.strictObject({
  ...image,
  type: z
    .union([z.enum(STATEMENTS), z.array(z.enum(STATEMENTS)).min(1)])
    .default(['release', 'summary'])
    .transform((types): readonly StatementKind[] => [types].flat())
    .describe('which statements; may be repeated'),
  index: z.coerce
    .number<string | number>()
    .int()
    .min(0)
    .optional()
    .describe('the record that it is about, where the image was pushed several times'),
});

const envelope = z.strictObject({
  payloadType: z.string(),
  payload: z.string().describe('base64'),
  signatures: z.array(z.strictObject({ keyid: z.string(), sig: z.string() })),
});
const attestation = z.strictObject({
  kind: z.enum(STATEMENTS),
  predicateType: z.string(),
  index: number.describe('of the record that it is about'),
  envelope: envelope.describe('DSSE'),
  bundle: z
    .strictObject({
      mediaType: z.string(),
      verificationMaterial: z.strictObject({
        publicKey: z.strictObject({ hint: z.string() }),
        tlogEntries: z.array(z.never()),
      }),
      dsseEnvelope: envelope,
    })
    .describe('the same as a Sigstore bundle'),
});
const attached = z.strictObject({
  predicateType: z.string(),
  index: number,
  digest: digest.describe('of the manifest that holds it'),
  already: z.boolean().describe('it was there before'),
});
const found = z.strictObject({
  digest: digest.describe('of the manifest that holds it'),
  place: z.enum(['referrer', 'tag', 'index']),
  tag: z.string().exactOptional(),
  form: z.enum([...ATTESTATION_FORMS, 'other']),
  artifactType: z.string().exactOptional(),
  predicateType: z.string().describe('claimed').exactOptional(),
  signature: z
    .enum(['none', 'not-checked', 'verified'])
    .describe("verified is said of Warden's own key alone"),
  signer: z.string().describe('claimed, unless the signature is verified').exactOptional(),
});

const about = { group: 'attestations', access: 'login' } as const;

export const attestationOperations = {
  attest: {
    ...about,
    route: 'attestations',
    method: 'GET',
    path: '/api/v1/attestations',
    summary: 'signed statements about an image on record',
    query: attested,
    answer: { status: 200, json: z.strictObject({ attestations: z.array(attestation) }) },
    errors: ['FILTER_MALFORMED', 'POLICY_DENIED', 'NOT_ON_RECORD'],
  },
  attachAttestations: {
    ...about,
    route: 'attestations',
    method: 'POST',
    path: '/api/v1/attestations',
    summary: 'puts signed statements beside an image, as whoever asks',
    body: { type: 'application/json', schema: attested },
    answer: { status: 200, json: z.strictObject({ attached: z.array(attached) }) },
    errors: [
      'FILTER_MALFORMED',
      'POLICY_DENIED',
      'NOT_ON_RECORD',
      'RECORD_UNAVAILABLE',
      'REGISTRY_UNAVAILABLE',
    ],
  },
  findAttestations: {
    ...about,
    route: 'attestations-attached',
    method: 'GET',
    path: '/api/v1/attestations/attached',
    summary: 'signatures and attestations that lie beside an image, whoever put them there',
    query: z.strictObject(image),
    answer: { status: 200, json: listOf(found) },
    errors: ['FILTER_MALFORMED', 'POLICY_DENIED', 'REGISTRY_UNAVAILABLE'],
  },
  attestationKey: {
    group: 'attestations',
    access: 'public',
    route: 'attestations-key',
    method: 'GET',
    path: '/api/v1/attestations/key',
    summary: 'the public key of the statements',
    answer: { status: 200, other: { 'application/x-pem-file': 'the key in PEM' } },
    errors: [],
  },
} as const satisfies Operations;
