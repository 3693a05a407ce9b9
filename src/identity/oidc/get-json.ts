/** One document of an issuer over HTTP. */
import { type AskOptions, askIssuer, IssuerProblem } from './ask-issuer.ts';

/** @throws {IssuerProblem} for whatever is not 200 with a JSON object, in time. */
export async function getJson(
  address: string,
  { caFile, signal }: Pick<AskOptions, 'caFile' | 'signal'>,
): Promise<Readonly<Record<string, unknown>>> {
  const fail = (why: string): never => {
    throw new IssuerProblem(`${address} ${why}`);
  };
  const headers = { accept: 'application/json' };
  const { status, bytes } = await askIssuer(address, { caFile, signal, headers });
  // A redirect would be a word of the one asked about where keys may come from: the address is set by hand.
  if (status !== 200) return fail(`answered ${status}; expected 200`);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return fail('answered with something else than JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fail('answered with JSON that is no object');
  return value as Readonly<Record<string, unknown>>;
}
