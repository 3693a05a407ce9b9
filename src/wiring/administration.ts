/** Ending logins: by their owners, by whom policy lets, and by commands; and the record of all of it. */
import { randomBytes } from 'node:crypto';
import { WardenError } from '../errors.ts';
import { peerOf } from '../gate/record-facts.ts';
import type { PolicyAskerDeps } from '../http/policy-asker.ts';
import type { RevokeTokenDeps } from '../http/routes/revoke-token.ts';
import type { EndedBy, EndedTarget, SessionsDeps } from '../http/routes/sessions.ts';
import { type Acts, createActs } from '../provenance/acts.ts';
import type { Recorder } from '../provenance/recorder.ts';
import { createMemoryLimit } from '../state/limits.ts';
import { systemClock } from '../store/clock.ts';
import type { DocumentStore } from '../store/documents.ts';
import { createEndLogins, type EndLogins } from '../token/end-logins.ts';
import type { Sessions } from '../token/sessions.ts';
import type { Part } from './part.ts';
import type { OpenedRevocations } from './revocations.ts';
import type { Tokens } from './tokens.ts';

/** Milliseconds between two looks for acts of commands. */
const LOOK_MS = 1_000;
const DAY_MS = 86_400_000;
/**
 * How many of their own logins somebody may end in a minute. Each is remembered by every instance until its tokens have
 * expired, and is on record.
 */
const OWN_ENDS = 120;

const random = (size: number): Uint8Array => randomBytes(size);

/** What is done to Warden itself, on its way into the record. */
export function openActs(
  { log, endings }: Part,
  { documents, recorder }: { readonly documents: DocumentStore; readonly recorder: Recorder },
): Acts {
  let told = false;
  const acts = createActs({
    documents,
    clock: systemClock,
    random,
    append: async (draft) => {
      await recorder.append(draft);
      told = false;
    },
    onFailure(error) {
      if (!told) log.warn({ err: error }, 'an act of administration cannot be recorded yet; it is kept');
      told = true;
    },
  });
  const looking = setInterval(() => void acts.record(), LOOK_MS).unref();
  endings.defer(() => clearInterval(looking));
  return acts;
}

export function openEndLogins(
  { settings }: Part,
  sessions: Sessions,
  revocations: OpenedRevocations,
): EndLogins {
  return createEndLogins({
    sessions,
    revoke: revocations.revoke,
    now: Date.now,
    random,
    sessionMs: settings.sessions.absoluteDays * DAY_MS,
  });
}

/** For the routes that end logins. */
export function endingDeps(
  { settings }: Part,
  parts: {
    readonly acts: Acts;
    readonly endLogins: EndLogins;
    readonly sessions: Sessions;
    readonly tokens: Tokens;
    readonly policy: PolicyAskerDeps;
  },
): { readonly sessions: SessionsDeps; readonly revokeToken: RevokeTokenDeps } {
  const { acts, endLogins, sessions, tokens, policy } = parts;
  const bodyTimeoutMs = settings.clients.bodySeconds * 1000;

  const ownEnds = createMemoryLimit({ name: 'own-ends', points: OWN_ENDS, seconds: 60 });

  async function requireOwnEnd({ kind, name }: EndedBy['subject']): Promise<void> {
    const allowance = await ownEnds.take(`${kind} ${name}`);
    if (allowance.ok) return;
    throw new WardenError('TOO_MANY_REQUESTS', {
      sentence: `at most ${OWN_ENDS} logins of one user are ended in a minute`,
      headers: { 'Retry-After': String(allowance.retryAfterSeconds) },
    });
  }

  async function end(target: EndedTarget, { subject, exchange, own }: EndedBy): Promise<number> {
    if (own) await requireOwnEnd(subject);
    const revoked = await endLogins.endAsked(target);
    await acts.keep({
      type: 'session.revoked',
      actor: {
        ...{ sub: subject.name, kind: subject.kind, method: subject.method, evidence: 'verified' as const },
        ...(subject.groups.length > 0 && { groups: [...subject.groups] }),
      },
      peer: peerOf(exchange, { host: undefined }),
      revoked,
    });
    return revoked.sessions ?? 0;
  }

  return {
    sessions: { ...policy, list: sessions.list, get: sessions.get, end, bodyTimeoutMs },
    revokeToken: {
      end,
      bodyTimeoutMs,
      async find(text) {
        for (const verify of [tokens.verifyRegistry, tokens.verifyApi]) {
          const token = verify(text);
          if (token === 'revoked') return undefined;
          if (token !== undefined)
            return { target: { kind: 'token', id: token.jti }, subject: token.subject };
        }
        const found = await sessions.find(text);
        if (found === undefined) return undefined;
        // Who has the refresh token is not asked for more: the name is that of its session.
        const kind = found.via?.robot === undefined ? 'person' : 'robot';
        const subject = { name: found.subject, kind, groups: [], method: 'refresh_token' } as const;
        return { target: { kind: 'session', id: found.id }, subject };
      },
    },
  };
}
