/** A question about rights in words, as a command line or the API has it. What is not said is left open. */
import { isRepository, isTag } from '../../protocol/names.ts';
import { actionSet, RULE_ACTIONS } from '../actions.ts';
import { parseRange } from '../address.ts';
import { didYouMean } from '../did-you-mean.ts';
import { METHODS, SUBJECT_KINDS } from '../facts.ts';
import { parseRepositoryGlob } from '../glob.ts';
import { type PlaceSet, placeSet } from '../place-set.ts';
import type { Policy } from '../policy.ts';
import type { GivenWho } from './caller.ts';
import type { Given, GivenRepository } from './given.ts';

export interface AskedRights {
  /** Words of rules; `push` is either of its two. */
  readonly can?: readonly string[] | undefined;
  /** A name, or a pattern without variables. */
  readonly repository?: string | undefined;
  /** '' for someone without a login. */
  readonly user?: string | undefined;
  /** All groups of the user; without a user, some that the caller is in. */
  readonly groups?: readonly string[] | undefined;
  readonly kind?: string | undefined;
  readonly method?: string | undefined;
  /** A network or host of the policy, an address or a range. */
  readonly from?: string | undefined;
  /** '' for a push by digest. */
  readonly tag?: string | undefined;
  /** Milliseconds since 1970. */
  readonly time?: number | undefined;
}

/** Who can log in with a password, and what groups they are in. */
export type KnownUsers = ReadonlyMap<string, { readonly groups: readonly string[] }>;

export interface RightsFault {
  readonly key: keyof AskedRights;
  readonly message: string;
}

export type ReadRights =
  | { readonly ok: true; readonly given: Given }
  | { readonly ok: false; readonly faults: readonly RightsFault[] };

/** All faults at once. */
export function readAskedRights(
  asked: AskedRights,
  { places }: Pick<Policy, 'places'>,
  users?: KnownUsers,
): ReadRights {
  const faults: RightsFault[] = [];
  const fault = (key: keyof AskedRights, message: string): undefined => {
    faults.push({ key, message });
    return undefined;
  };
  const { can, tag, time } = asked;
  for (const word of can ?? []) {
    if (RULE_ACTIONS.some((one) => one === word)) continue;
    const known = `expected one of ${RULE_ACTIONS.join(', ')}${didYouMean(word, RULE_ACTIONS)}`;
    fault('can', `${JSON.stringify(word)}: ${known}`);
  }
  const words = RULE_ACTIONS.filter((word) => can?.includes(word));
  const repository = readRepository(asked.repository, fault);
  const who = readWho(asked, users, fault);
  const from = readFrom(asked.from, places, fault);
  if (tag !== undefined && tag !== '' && !isTag(tag)) fault('tag', `${JSON.stringify(tag)} is no tag`);
  if (faults.length > 0) return { ok: false, faults };
  return {
    ok: true,
    given: {
      ...(can !== undefined && { actions: actionSet(words) }),
      ...(repository && { repository }),
      ...(who && { who }),
      ...(from && { from }),
      ...(tag !== undefined && { tag: { name: tag === '' ? undefined : tag } }),
      ...(time !== undefined && { time }),
    },
  };
}

type AddFault = (key: keyof AskedRights, message: string) => undefined;

function readRepository(text: string | undefined, fault: AddFault): GivenRepository | undefined {
  if (text === undefined) return undefined;
  if (isRepository(text)) return { components: text.split('/') };
  const parsed = parseRepositoryGlob(text);
  if (!parsed.ok) return fault('repository', parsed.reason);
  if (parsed.glob.variable)
    return fault('repository', `${JSON.stringify(text)}: a pattern without variables is expected here`);
  return { glob: parsed.glob };
}

function readWho(
  { user, groups, kind, method }: AskedRights,
  users: KnownUsers | undefined,
  fault: AddFault,
): GivenWho | undefined {
  if (user === undefined && groups === undefined && kind === undefined && method === undefined)
    return undefined;
  const anonymous = user === '' || kind === 'anonymous';
  if ((user === '' && kind !== undefined && kind !== 'anonymous') || (user && kind === 'anonymous'))
    fault('kind', `${JSON.stringify(kind)}: somebody without a login is anonymous, and nobody else is`);
  if (anonymous && groups !== undefined) fault('groups', 'nobody is in a group without a login');
  if (anonymous && method !== undefined) fault('method', 'nobody has used one without a login');
  const known = user === undefined ? undefined : users?.get(user);
  const subjectKind = anonymous
    ? ('anonymous' as const)
    : kind === undefined
      ? known && ('person' as const)
      : SUBJECT_KINDS.find((one) => one === kind);
  if (kind !== undefined && subjectKind === undefined)
    fault(
      'kind',
      `${JSON.stringify(kind)}: expected one of ${SUBJECT_KINDS.join(', ')}${didYouMean(kind, SUBJECT_KINDS)}`,
    );
  if (method !== undefined && !METHODS.some((one) => one === method))
    fault(
      'method',
      `${JSON.stringify(method)}: expected one of ${METHODS.join(', ')}${didYouMean(method, METHODS)}`,
    );
  const names = groups ?? known?.groups;
  const way = method ?? (known && kind === undefined ? 'password' : undefined);
  return {
    ...(user !== undefined && user !== '' && { name: user }),
    ...(subjectKind !== undefined && { kind: subjectKind }),
    ...(way !== undefined && { method: way }),
    ...(names !== undefined && { groups: { names: new Set(names), complete: user !== undefined } }),
  };
}

function readFrom(text: string | undefined, places: Policy['places'], fault: AddFault): PlaceSet | undefined {
  if (text === undefined) return undefined;
  const named = places.get(text);
  if (named !== undefined) return named;
  const parsed = parseRange(text);
  if (parsed.ok) return placeSet([parsed.range]);
  const near = didYouMean(text, [...places.keys()]);
  return fault(
    'from',
    `${JSON.stringify(text)} is no network or host of the policy, and no address or range${near}`,
  );
}
