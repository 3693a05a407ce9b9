/** A question made ready to be weighed: read once, then compared with many rules. */
import { isRepository } from '../protocol/names.ts';
import { maskOf } from './actions.ts';
import {
  type AddressNumber,
  addressNumber,
  canonicalAddress,
  dottedNumber,
  parseAddress,
} from './address.ts';
import { type Product, productsOf } from './client-version.ts';
import { type Question, type Subject, UNKNOWN, type Unknown } from './facts.ts';

export interface Seen {
  readonly subject: Subject;
  /** Bits; see `maskOf`. */
  readonly actions: number;
  /** Of the repository. */
  readonly components: readonly string[] | Unknown;
  readonly tag: Question['tag'];
  readonly address: AddressNumber | Unknown;
  /** The address in its canonical form; undefined while it is unknown. */
  readonly addressText: string | undefined;
  /** Undefined if it was no address. */
  readonly tokenAddress: AddressNumber | undefined;
  readonly time: Question['time'];
  readonly certificates: Question['certificates'];
  /** What the User-Agent names; read when a rule asks. */
  readonly products: () => readonly Product[] | Unknown;
}

/** @returns undefined if the question makes no sense: no action, a name that is none, an address that is none. */
export function see(question: Question): Seen | undefined {
  const { subject, repository, actions, tag, time, client, certificates } = question;
  if (actions.length === 0) return undefined;
  if (repository !== UNKNOWN && !isRepository(repository)) return undefined;
  const address = question.address === UNKNOWN ? UNKNOWN : readAddress(question.address);
  if (address === undefined) return undefined;
  const known = address !== UNKNOWN;
  const tokenAddress =
    question.tokenAddress === question.address && known ? address : readAddress(question.tokenAddress);
  let products: readonly Product[] | Unknown | undefined;
  return {
    subject,
    actions: maskOf(actions),
    components: repository === UNKNOWN ? UNKNOWN : repository.split('/'),
    tag,
    address: known ? address.number : UNKNOWN,
    addressText: known ? address.text : undefined,
    tokenAddress: tokenAddress?.number,
    time,
    certificates,
    products: () => {
      products ??= client === UNKNOWN ? UNKNOWN : productsOf(client ?? '');
      return products;
    },
  };
}

interface ReadAddress {
  readonly number: AddressNumber;
  readonly text: string;
}

function readAddress(text: string): ReadAddress | undefined {
  const dotted = dottedNumber(text);
  if (dotted !== undefined) return { number: dotted, text };
  const canonical = canonicalAddress(text);
  const address = canonical === undefined ? undefined : parseAddress(canonical);
  return address && canonical !== undefined ? { number: addressNumber(address), text: canonical } : undefined;
}
