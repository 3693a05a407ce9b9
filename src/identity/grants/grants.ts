/** The grants: kept as documents, and always read from there, so that what one instance has ended no other goes on with. */
import { DocumentExists, type DocumentStore, type StoredDocument } from '../../store/documents.ts';
import { hashSecret, makeSecret } from '../secret.ts';
import {
  type Grant,
  type GrantAct,
  type GrantEnd,
  isOpen,
  type KnownGrant,
  type Pushed,
  withPush,
} from './grant.ts';

export interface GrantsOptions {
  readonly store: DocumentStore;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
}

export type NewGrant = Omit<Grant, 'hash' | 'created' | 'state' | 'pushed'> & { readonly approved: boolean };

/** Every function rejects with a StoreError when the storage fails. */
export interface Grants {
  /** @returns the grant and its password, which nobody can ask for again. */
  create(
    grant: NewGrant,
    /** For one that is not approved: until when it must be. Milliseconds since 1970. */
    approveBy: number,
  ): Promise<{ readonly grant: KnownGrant; readonly password: string }>;
  /** Whatever its state. */
  get(id: string): Promise<KnownGrant | undefined>;
  /** Also those that have ended and are not forgotten yet, the newest first. */
  list(owner?: string): Promise<readonly KnownGrant[]>;
  /** @returns the grant as it is then; undefined where it was not pending any more. */
  approve(id: string, act: GrantAct): Promise<KnownGrant | undefined>;
  /** @returns the grant as it is then; undefined where it had ended before, or is none. */
  close(id: string, why: GrantEnd, by?: GrantAct): Promise<KnownGrant | undefined>;
  /** Notes a tag that the registry has taken. @returns the grant as it is then, and whether that used it up. */
  push(
    id: string,
    push: Pushed,
  ): Promise<{ readonly grant: KnownGrant; readonly usedUp: boolean } | undefined>;
  /** Ends what has run out. @returns those. */
  expire(): Promise<readonly KnownGrant[]>;
  /** Forgets these. */
  forget(ended: readonly KnownGrant[]): Promise<void>;
  /** Forgets what has ended longer ago than `keepMs`. */
  purge(keepMs: number): Promise<void>;
}

const KIND = 'grant';
/** Also the user name: letters and digits, which no shell or form minds. 80 bits: never one twice. */
const ID_BYTES = 10;
const MINUTE_MS = 60_000;

export function createGrants({ store, now, random }: GrantsOptions): Grants {
  const documents = store.of<Grant>(KIND);

  /** @param change gives undefined where nothing is to be changed. */
  async function change(
    id: string,
    next: (grant: KnownGrant) => Omit<KnownGrant, 'id'> | undefined,
  ): Promise<KnownGrant | undefined> {
    for (;;) {
      const found = await documents.get(id);
      const changed = found && next(knownOf(found));
      if (found === undefined || changed === undefined) return undefined;
      const { expiresAt, ...body } = changed;
      if (await documents.replace(id, found.version, { expiresAt, body: withoutId(body) }))
        return { ...changed, id };
    }
  }

  return {
    async create({ approved, ...grant }, approveBy) {
      const created = now();
      const password = makeSecret('grant', random);
      const body: Grant = {
        ...grant,
        hash: hashSecret(password),
        created,
        state: approved ? 'open' : 'pending',
        pushed: [],
      };
      const expiresAt = approved ? created + grant.minutes * MINUTE_MS : approveBy;
      for (;;) {
        const id = `g${Buffer.from(random(ID_BYTES)).toString('hex')}`;
        try {
          await documents.create({ id, subject: grant.owner.name, expiresAt, body });
        } catch (error) {
          if (error instanceof DocumentExists) continue;
          throw error;
        }
        return { grant: { ...body, id, expiresAt }, password };
      }
    },
    async get(id) {
      const found = await documents.get(id);
      return found && knownOf(found);
    },
    async list(owner) {
      const list = await documents.list(owner === undefined ? {} : { subject: owner });
      return list.map(knownOf).sort((a, b) => b.created - a.created || (a.id < b.id ? -1 : 1));
    },
    approve: (id, approval) =>
      change(id, (grant) => {
        if (grant.state !== 'pending' || now() >= grant.expiresAt) return undefined;
        return { ...grant, approval, state: 'open', expiresAt: approval.at + grant.minutes * MINUTE_MS };
      }),
    close: (id, why, by) =>
      change(id, (grant) => {
        if (grant.state === 'closed' || grant.state === 'used-up') return undefined;
        return { ...grant, state: 'closed', end: { at: now(), why, ...(by && { by }) } };
      }),
    async push(id, push) {
      const grant = await change(id, (before) => {
        const after = withPush(before, push, now());
        return after === before ? undefined : after;
      });
      return grant && { grant, usedUp: grant.state === 'used-up' };
    },
    async expire() {
      const ended: KnownGrant[] = [];
      for (const found of (await documents.list()).map(knownOf)) {
        if ((found.state !== 'open' && found.state !== 'pending') || now() < found.expiresAt) continue;
        const why = found.state === 'pending' ? 'not approved' : 'expired';
        const closed = await change(found.id, (grant) => {
          if (grant.state !== found.state || isOpen(grant, now()) || now() < grant.expiresAt)
            return undefined;
          return { ...grant, state: 'closed', end: { at: grant.expiresAt, why } };
        });
        if (closed) ended.push(closed);
      }
      return ended;
    },
    async forget(ended) {
      await Promise.all(ended.map(({ id }) => documents.remove(id)));
    },
    async purge(keepMs) {
      for (const { id, version, body } of await documents.list()) {
        if (body.end !== undefined && body.end.at + keepMs <= now()) await documents.remove(id, version);
      }
    },
  };
}

function knownOf({ id, expiresAt, body }: StoredDocument<Grant>): KnownGrant {
  return { ...body, id, expiresAt: expiresAt ?? 0 };
}

function withoutId({ id: _, ...grant }: Grant & { readonly id?: string }): Grant {
  return grant;
}
