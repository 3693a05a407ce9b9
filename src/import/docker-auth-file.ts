/**
 * Reads a configuration of docker_auth as docker_auth reads it, and keeps what it passed over: unknown keys and keys
 * without a value, which it takes as not being there.
 */
import { z } from 'zod';
import { type PositionOf, type Problem, readYaml } from '../config/yaml.ts';
import { parseRange, rangeText } from '../policy/address.ts';
import type { Labels, Patterns } from './placeholders.ts';

export interface ForeignUser {
  readonly name: string;
  readonly line: number;
  /** Undefined: docker_auth asks this user for none. */
  readonly password: string | undefined;
  readonly labels: Labels;
  readonly unknownKeys: readonly string[];
}

export interface Entry {
  /** From 1, in the order in which they are asked. */
  readonly number: number;
  readonly line: number;
  readonly patterns: Patterns;
  readonly labels: ReadonlyMap<string, string>;
  /** A range of the policy language; `never` for one that no address is in. */
  readonly from: string | undefined | 'never';
  /** Undefined where the key is missing: docker_auth then breaks off each request that the entry fits. */
  readonly actions: readonly string[] | undefined;
  readonly comment: string | undefined;
  /** Keys of `match` that docker_auth does not know, so that they hold nobody back. */
  readonly unknownMatch: readonly string[];
  /** Keys of `match` without a value, which hold nobody back either. */
  readonly emptyMatch: readonly string[];
  readonly unknownKeys: readonly string[];
}

export interface Section {
  readonly key: string;
  readonly line: number;
}

export interface DockerAuthFile {
  /** Undefined where the file has no `users`. */
  readonly users: readonly ForeignUser[] | undefined;
  readonly acl: readonly Entry[] | undefined;
  /** All other keys of the file. */
  readonly sections: readonly Section[];
  readonly realIpHeader: number | undefined;
  /** Line of `label_claims` under `oidc_auth`, which docker_auth never read. */
  readonly labelClaims: number | undefined;
}

export type ReadDockerAuth =
  | { readonly ok: true; readonly file: DockerAuthFile }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const text = z.string().nullable();
const user = z.looseObject({
  password: text.optional(),
  labels: z.record(z.string(), z.array(z.string()).nullable()).nullable().optional(),
});
const match = z.looseObject({
  account: text.optional(),
  type: text.optional(),
  name: text.optional(),
  ip: text.optional(),
  service: text.optional(),
  labels: z.record(z.string(), z.string()).nullable().optional(),
});
const entry = z.looseObject({
  match,
  actions: z.array(z.string()).nullable().optional(),
  comment: text.optional(),
});
const foreignFile = z.looseObject({
  server: z.looseObject({}).nullable().optional(),
  oidc_auth: z.looseObject({}).nullable().optional(),
  users: z.record(z.string(), user.nullable()).nullable().optional(),
  acl: z.array(entry).nullable().optional(),
});
type ForeignFile = z.output<typeof foreignFile>;
type ForeignEntry = z.output<typeof entry>;

const MATCH_KEYS = ['account', 'type', 'name', 'ip', 'service', 'labels'] as const;

/** @param file for the problems only. */
export function readDockerAuth(content: string, file: string): ReadDockerAuth {
  const read = readYaml(content, file, foreignFile);
  if (!read.ok) return read;
  const reserved = reservedPlace(content);
  if (reserved) {
    const message =
      'a character for private use (U+E000 to U+F8FF) stands here; no name can hold it, so take it out';
    return { ok: false, problems: [{ file, ...reserved, message }] };
  }
  const { value, positionOf } = read;
  const problems: Problem[] = [];
  const acl = value.acl?.map((one, index) => readEntry(one, index, file, positionOf, problems));
  if (problems.length > 0) return { ok: false, problems };
  const header = value.server?.['real_ip_header'];
  const claims = value.oidc_auth?.['label_claims'];
  return {
    ok: true,
    file: {
      users: readUsers(value, positionOf),
      acl,
      sections: Object.entries(value)
        .filter(([key, inside]) => key !== 'users' && key !== 'acl' && inside !== null)
        .map(([key]) => ({ key, line: positionOf([key], 'key').line })),
      realIpHeader:
        header === undefined || header === null || header === ''
          ? undefined
          : positionOf(['server', 'real_ip_header'], 'key').line,
      labelClaims: claims === undefined ? undefined : positionOf(['oidc_auth', 'label_claims'], 'key').line,
    },
  };
}

/** Such characters, also when written as escapes, would be taken for those that repository-globs.ts has for variables. */
function reservedPlace(content: string): { readonly line: number; readonly column: number } | undefined {
  const before = content.split(
    /[\uE000-\uF8FF]|\\[uU](?:0000)?(?:[eE][0-9a-fA-F]{3}|[fF][0-8][0-9a-fA-F]{2})/,
  )[0];
  if (before === undefined || before.length === content.length) return undefined;
  const lines = before.split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

function readUsers(value: ForeignFile, positionOf: PositionOf): readonly ForeignUser[] | undefined {
  if (value.users === undefined || value.users === null) return undefined;
  // A name with nothing behind it is no user to docker_auth; {} is one.
  return Object.entries(value.users).flatMap(([name, inside]) =>
    inside === null
      ? []
      : {
          name,
          line: positionOf(['users', name], 'key').line,
          password: inside.password ?? undefined,
          labels: new Map(
            Object.entries(inside.labels ?? {}).map(([label, values]) => [label, values ?? []]),
          ),
          unknownKeys: Object.keys(inside).filter((key) => key !== 'password' && key !== 'labels'),
        },
  );
}

function readEntry(
  { match: found, actions, comment, ...others }: ForeignEntry,
  index: number,
  file: string,
  positionOf: PositionOf,
  problems: Problem[],
): Entry {
  const known: readonly string[] = MATCH_KEYS;
  const pattern = (key: 'account' | 'type' | 'name' | 'service'): string | undefined =>
    found[key] ?? undefined;
  const { ip } = found;
  const from = ip === undefined || ip === null ? undefined : rangeOf(ip);
  if (from === '') {
    const place = positionOf(['acl', index, 'match', 'ip']);
    const message = `acl[${index}].match.ip: docker_auth does not start with this; expected an address or a range such as 10.0.0.0/8`;
    problems.push({ file, ...place, message });
  }
  return {
    number: index + 1,
    line: positionOf(['acl', index]).line,
    patterns: {
      account: pattern('account'),
      type: pattern('type'),
      name: pattern('name'),
      service: pattern('service'),
    },
    labels: new Map(Object.entries(found.labels ?? {})),
    from,
    actions: actions ?? undefined,
    comment: comment ?? undefined,
    unknownMatch: Object.keys(found).filter((key) => !known.includes(key)),
    emptyMatch: MATCH_KEYS.filter((key) => found[key] === null),
    unknownKeys: Object.keys(others),
  };
}

/** As the policy language writes it. @returns '' for what is neither address nor range. */
function rangeOf(ip: string): string | 'never' {
  const [address = '', bits] = ip.split('/');
  const single = parseRange(address);
  if (!single.ok || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return '';
  if (bits === undefined) return rangeText(single.range);
  const inV6 = address.includes(':');
  const length = Number(bits) - (inV6 && single.range.family === 4 ? 96 : 0);
  if (Number(bits) > (inV6 ? 128 : 32)) return '';
  // Go compares such a range with no IPv4 address, and every client that it means has one.
  if (length < 0) return 'never';
  // Host bits are cut off, as docker_auth does; the policy language refuses them.
  const width = BigInt((single.range.family === 4 ? 32 : 128) - length);
  return rangeText({ ...single.range, bits: length, value: (single.range.value >> width) << width });
}
