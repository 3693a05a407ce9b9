/** Attests what is on record: finds the push, states what can be said of it, signs. */
import { WardenError } from '../errors.ts';
import { logProofOf } from './log-proof.ts';
import { type AttestationKey, type Bundle, bundleOf, type Envelope, signStatement } from './sign.ts';
import {
  PREDICATE_TYPES,
  type PushOnRecord,
  type StatementContext,
  type StatementKind,
  statementOf,
} from './statement.ts';

export interface Attestation {
  readonly kind: StatementKind;
  readonly predicateType: string;
  /** The record that it is about. */
  readonly index: number;
  readonly envelope: Envelope;
  readonly bundle: Bundle;
}

export interface AttestQuestion {
  readonly repository: string;
  readonly digest: string;
  readonly kinds: readonly StatementKind[];
  /** Which of several pushes of it; the last one where absent. */
  readonly index?: number;
}

export interface Attestor {
  /** @throws {WardenError} NOT_ON_RECORD */
  find(question: Pick<AttestQuestion, 'repository' | 'digest' | 'index'>): Promise<PushOnRecord>;
  /** Those of `PROVED` carry the proof of the record, where it is in the signed tree. */
  attest(push: PushOnRecord, kinds: readonly StatementKind[]): Promise<readonly Attestation[]>;
  readonly key: AttestationKey;
}

export interface AttestorDeps {
  readonly key: AttestationKey;
  readonly context: StatementContext;
  /** The accepted pushes of exactly this manifest into this repository, newest first. */
  readonly pushesOf: (repository: string, digest: string) => AsyncIterable<PushOnRecord>;
  /** A proof file for the record of this index; undefined while it is in no signed tree. */
  readonly proofOf: (index: number) => Promise<string | undefined>;
}

/** A summary speaks of the decision, which a verifier of SLSA reads; the others of the record. */
const PROVED: ReadonlySet<StatementKind> = new Set(['release', 'push-record']);

export function createAttestor({ key, context, pushesOf, proofOf }: AttestorDeps): Attestor {
  return {
    key,
    async find({ repository, digest, index }) {
      for await (const push of pushesOf(repository, digest)) {
        // What Warden wrote by itself says nothing about an image; neither do attestations vouch for each other.
        if (push.record.madeBy === 'warden') continue;
        if (index === undefined || push.index === index) return push;
      }
      throw new WardenError('NOT_ON_RECORD', {
        sentence:
          index === undefined
            ? `no push of ${repository}@${digest} is on record`
            : `record ${index} is no accepted push of ${repository}@${digest}`,
      });
    },
    async attest(push, kinds) {
      const file = kinds.some((kind) => PROVED.has(kind)) ? await proofOf(push.index) : undefined;
      const proved = file === undefined ? push : { ...push, proof: logProofOf(push, file) };
      return kinds.map((kind) => {
        const statement = statementOf(kind, proved, context);
        if (statement === undefined) {
          const sentence = `${push.record.subject.digest} is not of SHA-256; attestations are made for those only`;
          throw new WardenError('NOT_ON_RECORD', { sentence });
        }
        const envelope = signStatement(statement, key);
        return {
          kind,
          predicateType: PREDICATE_TYPES[kind],
          index: push.index,
          envelope,
          bundle: bundleOf(envelope, key),
        };
      });
    },
  };
}
