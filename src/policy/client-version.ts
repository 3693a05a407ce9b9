/**
 * Tests of the client's name and version, as it gives them in its User-Agent. Whoever writes the request writes them, so
 * they can hold back old programs, not people.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.1.5
 */

export interface ClientTest {
  readonly text: string;
  /** In lower case. */
  readonly product: string;
  readonly compare: { readonly operator: Operator; readonly version: readonly number[] } | undefined;
}

const OPERATORS = ['<', '<=', '=', '>=', '>'] as const;
type Operator = (typeof OPERATORS)[number];

export type ParsedClientTest =
  | { readonly ok: true; readonly test: ClientTest }
  | { readonly ok: false; readonly reason: string };

/** `docker`, `docker < 20.10`, `containerd >= 1.6.20`. */
export function parseClientTest(text: string): ParsedClientTest {
  const parts = /^([A-Za-z][A-Za-z0-9_.+-]*)(?: (\S+) (\S+))?$/.exec(text);
  const [, product = '', sign, versionText] = parts ?? [];
  const operator = OPERATORS.find((one) => one === sign);
  const version =
    versionText === undefined ? undefined : /^\d{1,9}(?:\.\d{1,9}){0,5}$/.exec(versionText)?.[0];
  if (!parts || (sign !== undefined && (operator === undefined || version === undefined))) {
    return {
      ok: false,
      reason: `${JSON.stringify(text)}: expected a name, or a name with ${OPERATORS.join(' ')} and a version, such as docker < 20.10`,
    };
  }
  const compare =
    operator === undefined || version === undefined
      ? undefined
      : { operator, version: version.split('.').map(Number) };
  return { ok: true, test: { text, product: product.toLowerCase(), compare } };
}

/** Longer ones are cut: what a stranger sends must not cost more than it is worth. */
const AGENT_LENGTH = 512;

export interface Product {
  readonly name: string;
  /** undefined where it has none, or one that does not begin with numbers. */
  readonly version: readonly number[] | undefined;
}

/** The products of a User-Agent, names in lower case; what stands in brackets is left out. */
export function productsOf(agent: string): readonly Product[] {
  let depth = 0;
  let plain = '';
  for (const letter of agent.slice(0, AGENT_LENGTH)) {
    if (letter === '(') depth++;
    else if (letter === ')') depth = Math.max(0, depth - 1);
    else if (depth === 0) plain += letter;
  }
  return plain
    .split(/[\s;,]+/)
    .filter((word) => word !== '')
    .map((word) => {
      const slash = word.indexOf('/');
      const name = (slash < 0 ? word : word.slice(0, slash)).toLowerCase();
      const numbers = slash < 0 ? null : /^v?(\d{1,9}(?:\.\d{1,9}){0,5})/.exec(word.slice(slash + 1));
      return { name, version: numbers?.[1]?.split('.').map(Number) };
    });
}

/**
 * Only as many numbers are compared as the test has: 20.10.24 is neither above nor below 20.10. A version that cannot be
 * read fits no comparison.
 */
export function isClient({ product, compare }: ClientTest, products: readonly Product[]): boolean {
  return products.some(({ name, version }) => {
    if (name !== product) return false;
    if (compare === undefined) return true;
    return version !== undefined && ACCEPTS[compare.operator](orderOf(version, compare.version));
  });
}

/** By the sign of the difference. */
const ACCEPTS: Readonly<Record<Operator, (order: number) => boolean>> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '=': (order) => order === 0,
  '>=': (order) => order >= 0,
  '>': (order) => order > 0,
};

function orderOf(version: readonly number[], wanted: readonly number[]): number {
  for (const [index, number] of wanted.entries()) {
    const difference = (version[index] ?? 0) - number;
    if (difference !== 0) return difference;
  }
  return 0;
}
