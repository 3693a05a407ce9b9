/**
 * Asks a witness for its cosignature. A witness is at another owner: what it answers is checked before it is used, and no
 * answer holds anything up.
 *
 * @see https://c2sp.org/tlog-witness
 */
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { type NoteSignature, verifySignature } from '../tlog/note.ts';
import { parseSize } from '../tlog/sizes.ts';
import type { VerifierKey } from '../tlog/vkey.ts';
import { formatAddCheckpoint, parseCosignatures } from '../tlog/witness-message.ts';

export interface Witness {
  readonly key: VerifierKey;
  /** Its submission prefix. */
  readonly url: string;
  /** PEM; absent: those of the system. */
  readonly ca?: string;
}

export interface Submission {
  /** The text of the checkpoint, and the note as the log signed it. */
  readonly text: string;
  readonly note: string;
  readonly size: number;
  /** What the witness saw last, as far as is known. */
  readonly old: number;
  readonly proofFrom: (old: number) => Promise<readonly Uint8Array[]>;
}

export type Cosigned =
  /** `time`: POSIX seconds, as the witness says. */
  | { readonly ok: true; readonly line: NoteSignature; readonly time: number }
  | {
      readonly ok: false;
      readonly why: string;
      /** The witness has seen a tree that this one does not go on from: as after a roll-back, or a fork. */
      readonly contradicts?: true;
    };

const TIMEOUT_MS = 10_000;
const ANSWER_LIMIT = 65_536;

/** Never rejected. */
export async function askWitness(witness: Witness, submission: Submission): Promise<Cosigned> {
  try {
    const first = await submit(witness, submission, submission.old);
    const seen = first.status === 409 ? parseSize(first.text.replace(/\n$/, '')) : undefined;
    if (seen === undefined) return read(witness, submission, first);
    if (seen > submission.size) {
      const why = `it has seen ${seen} entries, and the tree has ${submission.size}`;
      return { ok: false, why, contradicts: true };
    }
    return read(witness, submission, await submit(witness, submission, seen));
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { ok: false, why: code ?? message };
  }
}

async function submit(witness: Witness, submission: Submission, old: number): Promise<Answer> {
  const proof = old > submission.size ? [] : await submission.proofFrom(old);
  const body = formatAddCheckpoint({ old, proof, checkpoint: submission.note });
  return post(new URL(`${witness.url.replace(/\/$/, '')}/add-checkpoint`), body, witness.ca);
}

function read({ key }: Witness, { text }: Submission, { status, text: answer }: Answer): Cosigned {
  if (status === 422) return { ok: false, why: 'it has seen another tree (422)', contradicts: true };
  if (status !== 200) return { ok: false, why: `it answered ${status}` };
  for (const line of parseCosignatures(answer) ?? []) {
    if (line.name !== key.name || Buffer.compare(line.id, key.id) !== 0) continue;
    const verified = verifySignature(key, text, line);
    if (verified?.time !== undefined) return { ok: true, line, time: verified.time };
  }
  return { ok: false, why: 'its answer has no cosignature of its key' };
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function post(url: URL, body: string, ca: string | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? requestTls : requestPlain;
    const request = send(
      url,
      {
        method: 'POST',
        headers: { 'Content-Type': 'text/plain; charset=utf-8' },
        // For the whole, also of a witness that sends a byte now and then.
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(ca === undefined ? {} : { ca }),
      },
      (response) => {
        const parts: Buffer[] = [];
        let length = 0;
        response.on('data', (part: Buffer) => {
          length += part.length;
          if (length > ANSWER_LIMIT) request.destroy(new Error('its answer is too large'));
          else parts.push(part);
        });
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
