/** Claims of a verified token, and what they say of whoever it is about, by the mapping of its issuer. Pure. */

export type Claims = Readonly<Record<string, unknown>>;

/** What the settings of an issuer say of those who come from it. */
export interface WhoMapping {
  readonly name: string;
  readonly require: Readonly<Record<string, readonly string[]>>;
  /** The claim that names them. */
  readonly subject: string;
  readonly groups: {
    readonly always: readonly string[];
    readonly claim?: string | undefined;
    readonly among: readonly string[];
  };
}

/** In characters, of every value that is taken over: tokens and records are bounded by it. */
const VALUE_LENGTH = 255;
const GROUPS_READ = 1_000;

/** Names go into tokens, records and logs of several programs: ASCII without blanks. */
const NAME = /^[\x21-\x7e]+$/;
const TEXT = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+$/u;

/** Not what every object has: a claim may be called `constructor`. */
export function own(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

export function plainText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' || Number.isSafeInteger(value) ? String(value) : undefined;
}

/** @param isWho for what names somebody: where it holds two @, programs differ in which is the address, and so in who it is. */
export function textOf(value: unknown, { isWho }: { readonly isWho: boolean }): string | undefined {
  const text = plainText(value);
  if (text === undefined || text.length > VALUE_LENGTH || !TEXT.test(text)) return undefined;
  return isWho && text.split('@').length > 2 ? undefined : text;
}

/** `<name of the issuer>:<value of the subject>`; undefined where the claim is none that could be a name. */
export function nameOf(
  claims: Claims,
  { name, subject }: Pick<WhoMapping, 'name' | 'subject'>,
): string | undefined {
  const text = textOf(own(claims, subject), { isWho: true });
  if (text === undefined || !NAME.test(text)) return undefined;
  const whole = `${name}:${text}`;
  return whole.length <= VALUE_LENGTH ? whole : undefined;
}

/** The first claim that is required and does not have one of its values. */
export function unmet(claims: Claims, { require }: Pick<WhoMapping, 'require'>): string | undefined {
  return Object.entries(require).find(([claim, values]) => {
    const text = plainText(own(claims, claim));
    return text === undefined || !values.includes(text);
  })?.[0];
}

/** Those that the settings list, and no other. Undefined where the claim is there and is no list of texts. */
export function groupsOf(
  claims: Claims,
  { groups }: Pick<WhoMapping, 'groups'>,
): readonly string[] | undefined {
  const { always, claim, among } = groups;
  const value = claim === undefined ? undefined : own(claims, claim);
  if (value === undefined || value === null) return [...new Set(always)];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > GROUPS_READ || !list.every((one) => typeof one === 'string')) return undefined;
  return [...new Set([...always, ...among.filter((one) => list.includes(one))])];
}
