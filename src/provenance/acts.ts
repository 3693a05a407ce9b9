/**
 * Acts of administration on their way into the record. A command that works on the files beside a server cannot write the
 * log, which has one writer; so it leaves what it did with the documents, and the server records it, at the latest at its
 * next start. What the server does itself goes the same way, so that no act is lost while the record cannot be written.
 */
import type { Clock } from '../store/clock.ts';
import { timestamp } from '../store/clock.ts';
import type { DocumentStore, StoredDocument } from '../store/documents.ts';
import type { ActDraft, AdministrativeDraft } from './record.ts';
import { uuidV7 } from './uuid.ts';

const KIND = 'act';
/** For which an instance has an act to itself; after that another may record it. */
const TAKEN_MS = 30_000;

interface Act {
  readonly draft: AdministrativeDraft;
  /** Milliseconds since 1970. */
  readonly takenUntil?: number;
}

export interface ActsOptions {
  readonly documents: DocumentStore;
  readonly clock: Clock;
  readonly random: (size: number) => Uint8Array;
}

/** Keeps an act until it is recorded. Durable when fulfilled. `done` becomes now. */
export async function keepAct({ documents, clock, random }: ActsOptions, draft: ActDraft): Promise<void> {
  const now = clock.now();
  // The spread of a union is none: it is the draft that it was, with one member more.
  const done = { ...draft, done: timestamp(now) } as AdministrativeDraft;
  // Such ids are in the order of time, and a list is in the order of ids.
  await documents.of<Act>(KIND).create({ id: uuidV7(now, random(10)), subject: '', body: { draft: done } });
}

export interface Acts {
  keep(draft: ActDraft): Promise<void>;
  /** Records what is kept. Never rejects. */
  record(): Promise<void>;
}

export interface RecordedActsOptions extends ActsOptions {
  /** @throws where the record cannot be written. */
  readonly append: (draft: AdministrativeDraft) => Promise<unknown>;
  readonly onFailure: (error: unknown) => void;
}

export function createActs(options: RecordedActsOptions): Acts {
  const { documents, clock, append, onFailure } = options;
  const acts = documents.of<Act>(KIND);
  let seen: number | undefined;
  let running: Promise<void> | undefined;

  /** An act is recorded once by each instance that had it to itself: twice only where one ended in between. */
  async function recordOne({ id, version, body }: StoredDocument<Act>): Promise<boolean> {
    const now = clock.now();
    if ((body.takenUntil ?? 0) > now) return false;
    const taken = await acts.replace(id, version, { body: { ...body, takenUntil: now + TAKEN_MS } });
    if (!taken) return false;
    await append(body.draft);
    return acts.remove(id);
  }

  async function recordAll(): Promise<void> {
    try {
      const revision = await documents.revision(KIND);
      if (revision === seen) return;
      let left = 0;
      for (const act of await acts.list()) if (!(await recordOne(act))) left++;
      // With something left, also what nobody writes to any more is looked at again.
      seen = left === 0 ? revision : undefined;
    } catch (error) {
      onFailure(error);
    }
  }

  function record(): Promise<void> {
    running ??= recordAll().finally(() => {
      running = undefined;
    });
    return running;
  }

  return {
    async keep(draft) {
      await keepAct(options, draft);
      void record();
    },
    record,
  };
}
