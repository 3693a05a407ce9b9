/**
 * Whose signatures make a checkpoint believed: logs, witnesses, and how many of which.
 *
 * @see https://c2sp.org/tlog-policy
 */
import { parseVkey, type VerifierKey } from './vkey.ts';

export interface TrustPolicy {
  readonly logs: readonly VerifierKey[];
  readonly witnesses: readonly VerifierKey[];
  /** Whether cosignatures of these are enough. */
  readonly quorum: (cosigned: readonly VerifierKey[]) => boolean;
}

export type ParsedTrustPolicy =
  | { readonly ok: true; readonly policy: TrustPolicy }
  | { readonly ok: false; readonly reason: string };

type Holds = (cosigned: readonly VerifierKey[]) => boolean;

export function parseTrustPolicy(text: string): ParsedTrustPolicy {
  const logs: VerifierKey[] = [];
  const witnesses: VerifierKey[] = [];
  const named = new Map<string, Holds>();
  const members = new Set<string>();
  let quorum: Holds | undefined;

  function key(word: string, type: 0x01 | 0x04, among: readonly VerifierKey[]): VerifierKey | string {
    const parsed = parseVkey(word, [type]);
    if (!parsed.ok) return parsed.reason;
    const twice = among.some((one) => one.publicKey.equals(parsed.key.publicKey));
    return twice ? `the key of ${parsed.key.name} stands twice` : parsed.key;
  }

  function define(name: string, holds: Holds): string | undefined {
    if (name === 'none' || named.has(name)) return `the name ${name} is taken`;
    named.set(name, holds);
    return undefined;
  }

  const kinds: Readonly<Record<string, (words: readonly string[]) => string | undefined>> = {
    log([vkey = '', _url, ...more]) {
      if (vkey === '' || more.length > 0) return 'expected log <key> [<address>]';
      const read = key(vkey, 0x01, logs);
      if (typeof read === 'string') return read;
      logs.push(read);
      return undefined;
    },
    witness([name = '', vkey = '', _url, ...more]) {
      if (vkey === '' || more.length > 0) return 'expected witness <name> <key> [<address>]';
      const read = key(vkey, 0x04, witnesses);
      if (typeof read === 'string') return read;
      witnesses.push(read);
      return define(name, (cosigned) => cosigned.some((one) => one.publicKey.equals(read.publicKey)));
    },
    group([name = '', wanted = '', ...names]) {
      if (names.length === 0) return 'expected group <name> <number>|any|all <member>...';
      const needed = wanted === 'any' ? 1 : wanted === 'all' ? names.length : decimal(wanted);
      if (needed === undefined || needed < 1 || needed > names.length)
        return `the group ${name} wants ${wanted} of ${names.length} members`;
      const parts: Holds[] = [];
      for (const member of names) {
        const holds = named.get(member);
        if (holds === undefined) return `${member} is not defined on a line before`;
        if (members.has(member)) return `${member} is a member twice`;
        members.add(member);
        parts.push(holds);
      }
      return define(name, (cosigned) => parts.filter((holds) => holds(cosigned)).length >= needed);
    },
    quorum([name = '', ...more]) {
      if (name === '' || more.length > 0) return 'expected quorum <name>';
      if (quorum !== undefined) return 'there is a second line quorum';
      quorum = name === 'none' ? () => true : named.get(name);
      return quorum === undefined ? `${name} is not defined on a line before` : undefined;
    },
  };

  for (const [number, line] of text.split('\n').entries()) {
    const wrong = (reason: string): ParsedTrustPolicy => ({
      ok: false,
      reason: `line ${number + 1}: ${reason}`,
    });
    if ([...line].some((char) => (char < ' ' && char !== '\t') || char === '\x7f'))
      return wrong('it has control characters');
    const [kind = '', ...words] = line.split(/[ \t]+/).filter((word) => word !== '');
    if (kind === '' || kind.startsWith('#')) continue;
    const read = kinds[kind];
    const problem =
      read === undefined ? `expected log, witness, group or quorum, found ${kind}` : read(words);
    if (problem !== undefined) return wrong(problem);
  }
  if (quorum === undefined)
    return { ok: false, reason: 'there is no line quorum; without witnesses: quorum none' };
  return { ok: true, policy: { logs, witnesses, quorum } };
}

function decimal(word: string): number | undefined {
  return /^[1-9][0-9]{0,3}$/.test(word) ? Number(word) : undefined;
}
