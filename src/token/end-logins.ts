/** Ends logins before their time: what they have gathered is revoked, and their refresh tokens are taken away. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Revocation, RevokedKind } from '../revocation/revocation.ts';
import type { Sessions } from './sessions.ts';

export interface EndLoginsOptions {
  readonly sessions: Sessions;
  /** In force when fulfilled. */
  readonly revoke: (revocation: Revocation) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
  /** How long a session may last: for so long one may lie with an instance that does not hear of this today. */
  readonly sessionMs: number;
}

export interface EndedLogins {
  /** Whose session it was, where that is known. */
  readonly sub: string | undefined;
  /** How many refresh tokens ended with it. */
  readonly sessions: number;
}

/** `revoked` of a record `session.revoked` (docs/record.md). */
export interface RevokedFact {
  readonly kind: RevokedKind;
  readonly id?: string;
  readonly sub?: string;
  readonly sessions?: number;
}

export interface EndLogins {
  /**
   * Of a subject, or of a robot by its name: all that was begun until now, so that whoever it was may log in again. Of
   * anything else, and of a robot by its id (`forever`): all that names it, whenever it is begun.
   *
   * Fulfilled when it is durable, and whoever logs in from then on is not meant.
   */
  end(target: {
    readonly kind: RevokedKind;
    readonly id: string;
    readonly forever?: true;
    /** Of a robot that was taken away, or its secret: also what is got by it until every process knows. */
    readonly gone?: true;
  }): Promise<EndedLogins>;
  /** What somebody asks to be ended, by `end` or `forgetChecks`. @returns what the record says of it. */
  endAsked(target: { readonly kind: RevokedKind; readonly id: string }): Promise<RevokedFact>;
  /** Every instance forgets the password checks and answers of directories that it remembers. */
  forgetChecks(): Promise<void>;
}

/** No token lasts longer, with what clocks may differ by; whatever its settings were when it was signed. */
const TOKEN_MS = 3_600_000 + 120_000;
const ID_BYTES = 12;
/** Every process looks each second which robots there are, and until then lets one log in that is gone. */
const KNOWN_MS = 2_000;

export function createEndLogins(options: EndLoginsOptions): EndLogins {
  const { sessions, revoke, now, random, sessionMs } = options;

  async function takeAway(kind: RevokedKind, id: string, until: number | undefined): Promise<EndedLogins> {
    switch (kind) {
      case 'subject':
        return { sub: id, sessions: await sessions.revokeSubject(id, until) };
      case 'robot':
      case 'grant':
        return { sub: undefined, sessions: await sessions.revokeVia(kind, id, until) };
      case 'session': {
        const found = await sessions.get(id);
        return { sub: found?.subject, sessions: (await sessions.revoke(id)) ? 1 : 0 };
      }
      default:
        return { sub: undefined, sessions: 0 };
    }
  }

  const logins: EndLogins = {
    async endAsked({ kind, id }) {
      const named = { kind, ...(id !== '' && { id }) };
      if (kind === 'checks') {
        await logins.forgetChecks();
        return named;
      }
      const { sub, sessions: count } = await logins.end({ kind, id });
      return { ...named, ...(sub !== undefined && { sub }), sessions: count };
    },
    async end({ kind, id, forever, gone }) {
      const named = kind === 'subject' || kind === 'robot';
      const until = named && !forever ? now() + (gone ? KNOWN_MS : 0) : undefined;
      let lasts = kind === 'token' ? TOKEN_MS : Math.max(TOKEN_MS, sessionMs);
      let ended: EndedLogins;
      try {
        ended = await takeAway(kind, id, until);
        // What lay here lies nowhere else: only its tokens are about still.
        if (kind === 'session' && ended.sessions > 0) lasts = TOKEN_MS;
      } finally {
        // After that, to know how many there were; and also where the store lets nothing be taken away.
        await revoke({ kind, id, ...(until !== undefined && { until }), expiresAt: now() + lasts });
      }
      // Tokens tell their time in seconds: one of the same second could be of before or of after.
      if (until !== undefined) await sleep(Math.max(0, until - (until % 1000) + 1000 - now()));
      return ended;
    },
    async forgetChecks() {
      const id = Buffer.from(random(ID_BYTES)).toString('base64url');
      await revoke({ kind: 'checks', id, expiresAt: now() + TOKEN_MS });
    },
  };
  return logins;
}
