/** What the entry of a person says: the name, whether the account is usable, and what a login is bound to. Pure. */
import { createHash } from 'node:crypto';
import { type Entry, textsOf } from './connection.ts';
import { foldName, isName } from './names.ts';

export interface FoundEntry {
  /** As the directory spells it. */
  readonly name: string;
  readonly entry: Entry;
  /** Changes when the account does: another entry, another password as far as the directory tells. Begins with `ldap:`. */
  readonly credential: string;
}

export type Judged =
  | { readonly ok: true; readonly found: FoundEntry }
  /** For the log; undefined where there is nothing to tell of: nobody has this name. */
  | { readonly ok: false; readonly reason: string | undefined };

/** Of accounts that are switched off, and for how long. Servers that lack them do not give them. */
export const STATE_ATTRIBUTES = ['userAccountControl', 'accountExpires', 'pwdAccountLockedTime'] as const;
const IDENTIFIERS = ['entryUUID', 'objectGUID'] as const;

export function attributesOfPerson(
  nameAttribute: string,
  changeAttributes: readonly string[],
): readonly string[] {
  return [nameAttribute, ...STATE_ATTRIBUTES, ...IDENTIFIERS, ...changeAttributes];
}

/**
 * @param typed what the client wrote for a name; the entries are those that the directory found for it.
 * @param now milliseconds since 1970.
 */
export function judgeEntries(
  entries: readonly Entry[],
  facts: {
    readonly typed: string;
    readonly nameAttribute: string;
    readonly changeAttributes: readonly string[];
    readonly now: number;
  },
): Judged {
  const refuse = (reason: string | undefined): Judged => ({ ok: false, reason });
  const [entry] = entries;
  if (entry === undefined) return refuse(undefined);
  if (entries.length > 1) return refuse('more than one entry has the name');
  const names = entry.attributes.get(facts.nameAttribute.toLowerCase()) ?? [];
  const [name] = names;
  if (names.length !== 1 || typeof name !== 'string') return refuse('the entry has not exactly one name');
  if (!isName(name)) return refuse('the directory has a name that is not taken here');
  if (foldName(name) !== foldName(facts.typed)) return refuse('the directory gave an entry of another name');
  const off = switchedOff(entry, facts.now);
  if (off !== undefined) return refuse(off);
  return { ok: true, found: { name, entry, credential: credentialOf(entry, facts.changeAttributes) } };
}

const DISABLED = 0x2;
/** 100-nanosecond steps since 1601; both of these mean never. */
const NEVER = new Set(['0', '9223372036854775807']);
const FROM_1601_TO_1970_MS = 11_644_473_600_000;
/** Locked by an administrator and not by guesses, which would let anyone end the sessions of another. */
const LOCKED_FOR_GOOD = '000001010000Z';

/** @returns why the account is not usable, as far as its entry says so. */
function switchedOff(entry: Entry, now: number): string | undefined {
  const [control] = textsOf(entry, 'userAccountControl');
  if (control !== undefined && (Number(control) & DISABLED) !== 0) return 'the account is disabled';
  const [expires] = textsOf(entry, 'accountExpires');
  if (expires !== undefined && !NEVER.has(expires) && Number(expires) / 10_000 - FROM_1601_TO_1970_MS <= now)
    return 'the account has expired';
  if (textsOf(entry, 'pwdAccountLockedTime').includes(LOCKED_FOR_GOOD)) return 'the account is locked';
  return undefined;
}

function credentialOf(entry: Entry, changeAttributes: readonly string[]): string {
  const valuesOf = (attribute: string): string[] =>
    (entry.attributes.get(attribute.toLowerCase()) ?? [])
      .map((value) => Buffer.from(value).toString('base64'))
      .sort();
  const identifiers = IDENTIFIERS.flatMap(valuesOf);
  // An entry that is moved or renamed stays the same one, where the server has a name for it that stays.
  const who = identifiers.length > 0 ? identifiers : [entry.dn];
  const text = JSON.stringify([who, changeAttributes.map(valuesOf)]);
  return `ldap:${createHash('sha256').update(text).digest('base64url')}`;
}
