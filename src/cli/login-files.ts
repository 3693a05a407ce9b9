/** The logins as they lie in the data folder, for whoever may read and write the files; beside a server or without one. */
import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { loadSettings } from '../config/settings.ts';
import { describeProblem } from '../config/yaml.ts';
import { keepAct } from '../provenance/acts.ts';
import type { ActDraft } from '../provenance/record.ts';
import type { RevokedKind } from '../revocation/revocation.ts';
import { createStoredRevocations } from '../revocation/stored-revocations.ts';
import { systemClock } from '../store/clock.ts';
import type { DocumentStore } from '../store/documents.ts';
import { createEndLogins } from '../token/end-logins.ts';
import { bindSessions } from '../token/session-binding.ts';
import { createSessions, SESSION_KIND, type SessionBody, type Sessions } from '../token/sessions.ts';
import { openDocumentsOf } from './open-documents.ts';

export interface LoginFiles {
  readonly sessions: Sessions;
  /** Ends it, and leaves word of it for the record. @returns how many refresh tokens ended. */
  end(target: { readonly kind: RevokedKind; readonly id: string }): Promise<number>;
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;

/** Who did it, as the machine says, in the form that the record has it. */
export function actorOfCommand(): Pick<ActDraft, 'actor' | 'machine'> {
  return {
    actor: { sub: userInfo().username, kind: 'person', method: 'command', evidence: 'claimed' },
    machine: hostname(),
  };
}

/** Keeps an act of this command for the record. */
export function keepActOfCommand(documents: DocumentStore, draft: ActDraft): Promise<void> {
  return keepAct({ documents, clock: systemClock, random: (size) => randomBytes(size) }, draft);
}

/** The sessions of the files, to be seen and ended. */
export function sessionsIn(
  documents: DocumentStore,
  { sessions }: { readonly sessions: { readonly idleDays: number; readonly absoluteDays: number } },
): Sessions {
  return createSessions({
    documents: documents.of<SessionBody>(SESSION_KIND),
    now: Date.now,
    random: (size) => randomBytes(size),
    binding: bindSessions(undefined),
    idleMs: sessions.idleDays * DAY_MS,
    absoluteMs: sessions.absoluteDays * DAY_MS,
  });
}

/** @throws {Error} with one sentence when the settings or the files cannot be read. */
export async function openLoginFiles(settingsFile: string): Promise<LoginFiles> {
  const loaded = await loadSettings(settingsFile);
  if (!loaded.ok) throw new Error(loaded.problems.map(describeProblem).join('\n'));
  const { sessions: lifetimes } = loaded.settings;
  const documents = await openDocumentsOf(loaded.settings);
  const random = (size: number): Uint8Array => randomBytes(size);
  const sessionMs = lifetimes.absoluteDays * DAY_MS;
  const sessions = sessionsIn(documents, loaded.settings);
  const revocations = createStoredRevocations(documents);
  const logins = createEndLogins({ sessions, revoke: revocations.add, now: Date.now, random, sessionMs });

  return {
    sessions,
    async end(target) {
      const revoked = await logins.endAsked(target);
      await keepActOfCommand(documents, { type: 'session.revoked', ...actorOfCommand(), revoked });
      return revoked.sessions ?? 0;
    },
    close: () => documents.close(),
  };
}
