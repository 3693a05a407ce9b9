/** A question in words, as a command line, a file of cases or the API have it, made one to the policy. What is not said is unknown. */

import { isRepository, isTag } from '../protocol/names.ts';
import { maskOf, RULE_ACTIONS, type RuleAction, spellOut, WRITES_MASK } from './actions.ts';
import { canonicalAddress } from './address.ts';
import { didYouMean } from './did-you-mean.ts';
import {
  ANONYMOUS,
  BUILD_CLAIMS,
  type BuildClaims,
  GLOBAL_ACTIONS,
  METHODS,
  type Question,
  SUBJECT_KINDS,
  type Subject,
  type SubjectKind,
  UNKNOWN,
  type Unknown,
} from './facts.ts';
import { parseMoment } from './moment.ts';
import type { Policy } from './policy.ts';

/** The words by which commands and the API say a question. */
export const QUESTION_KEYS = [
  'user',
  'group',
  'kind',
  'method',
  'build',
  'from',
  'tokenFrom',
  'repository',
  'action',
  'tag',
  'time',
  'client',
  'certificate',
  'approved',
] as const;

/** Every key may be left out. */
export interface Asked {
  /** Left out, or '': without a login. */
  readonly user?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  /** `build` where there are claims of a build, otherwise `person`. */
  readonly kind?: string | undefined;
  /** What that kind of caller usually logs in with. */
  readonly method?: string | undefined;
  /** By claim. */
  readonly build?: Readonly<Record<string, string>> | undefined;
  /** An address, or the name of a host of the policy: the first of its addresses. Left out: unknown. */
  readonly from?: string | undefined;
  /** Where the token was fetched; `from` unless told. */
  readonly tokenFrom?: string | undefined;
  /** Left out: unknown, as for the catalogue. */
  readonly repository?: string | undefined;
  /** A word of the policy's rules; `push` is what may turn out to be either of its two. */
  readonly action?: string | undefined;
  /** '' for none. Left out: unknown for a push, none for anything else. */
  readonly tag?: string | undefined;
  /** See `parseMoment`. Left out: unknown. */
  readonly time?: string | undefined;
  /** The User-Agent, '' for none. Left out: unknown. */
  readonly client?: string | undefined;
  /** The name in the client certificate; left out: none. */
  readonly certificate?: string | undefined;
  /** Has a push grant that somebody else approved; left out: no. */
  readonly approved?: boolean | undefined;
}

export interface Fault {
  readonly key: keyof Asked;
  /** Of `build`: which claim. */
  readonly claim?: string;
  readonly message: string;
}

export type ReadAsked =
  | { readonly ok: true; readonly question: Question }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Where no address is known at all, and no rule asks for that of the token. */
const NOWHERE = '::';

const METHOD_OF: Readonly<Record<SubjectKind, string>> = {
  anonymous: 'none',
  person: 'password',
  robot: 'robot',
  build: 'oidc',
};

/** All faults at once. */
export function readAsked(asked: Asked, policy: Pick<Policy, 'hosts' | 'places' | 'rules'>): ReadAsked {
  const faults: Fault[] = [];
  const fault = (key: keyof Asked, message: string): undefined => {
    faults.push({ key, message });
    return undefined;
  };
  const { repository, tag, certificate = '', client } = asked;
  const subject = readSubject(asked, faults);
  const actions = readAction(asked.action, fault);
  const address = asked.from === undefined ? UNKNOWN : readPlace(asked.from, policy, 'from', fault);
  const tokenAddress =
    asked.tokenFrom === undefined ? address : readPlace(asked.tokenFrom, policy, 'tokenFrom', fault);
  const bound = policy.rules.find(({ bind }) => bind);
  if (asked.from === undefined && asked.tokenFrom === undefined && bound !== undefined)
    fault(
      'tokenFrom',
      `the rule ${bound.id} asks where the token was fetched: give it, or where the client is`,
    );
  if (repository !== undefined && !isRepository(repository))
    fault('repository', `${JSON.stringify(repository)} is no name of a repository`);
  if (actions?.some((action) => GLOBAL_ACTIONS.includes(action)) && repository !== undefined)
    fault('repository', `${asked.action} is about no repository in particular: leave it out`);
  if (tag !== undefined && tag !== '' && !isTag(tag)) fault('tag', `${JSON.stringify(tag)} is no tag`);
  const moment = asked.time === undefined ? undefined : parseMoment(asked.time);
  if (moment?.ok === false) fault('time', moment.reason);
  if (faults.length > 0 || subject === undefined || actions === undefined) return { ok: false, faults };
  const writes = (maskOf(actions) & WRITES_MASK) !== 0;
  return {
    ok: true,
    question: {
      subject,
      actions,
      address: address ?? UNKNOWN,
      tokenAddress: typeof tokenAddress === 'string' ? tokenAddress : NOWHERE,
      repository: repository ?? UNKNOWN,
      tag: tag === undefined ? (writes ? UNKNOWN : undefined) : tag === '' ? undefined : tag,
      time: moment?.ok ? moment.time : UNKNOWN,
      client: client === undefined ? UNKNOWN : client === '' ? undefined : client,
      certificates: certificate === '' ? [] : [certificate],
    },
  };
}

type AddFault = (key: keyof Asked, message: string) => undefined;

function readAction(
  word: string | undefined,
  fault: AddFault,
): readonly Question['actions'][number][] | undefined {
  const known = RULE_ACTIONS.find((one): one is RuleAction => one === word);
  if (known !== undefined) return spellOut(known);
  if (word === undefined)
    return fault('action', `what is done is missing; expected one of ${RULE_ACTIONS.join(', ')}`);
  return fault(
    'action',
    `${JSON.stringify(word)}: expected one of ${RULE_ACTIONS.join(', ')}${didYouMean(word, RULE_ACTIONS)}`,
  );
}

function readPlace(
  text: string,
  { hosts, places }: Pick<Policy, 'hosts' | 'places'>,
  key: 'from' | 'tokenFrom',
  fault: AddFault,
): string | Unknown | undefined {
  const host = hosts.get(text);
  if (host && host.addresses === undefined)
    return fault(
      key,
      `the host ${text} has a certificate and no addresses: give the address, and its certificate`,
    );
  const named = host?.addresses?.[0];
  const address = canonicalAddress(named ?? text);
  if (address !== undefined) return address;
  if (places.has(text)) return fault(key, `${text} is a network, which has many addresses: give one of them`);
  return fault(
    key,
    `${JSON.stringify(text)} is no address and no host of the policy${didYouMean(text, hosts.keys())}`,
  );
}

function readSubject(
  { user = '', groups = [], kind, method, build, approved = false }: Asked,
  faults: Fault[],
): Subject | undefined {
  const before = faults.length;
  const claims = readClaims(build, faults);
  const anonymous = user === '';
  const kinds = SUBJECT_KINDS.filter((one) => (one === 'anonymous') === anonymous);
  const usual: SubjectKind = anonymous ? 'anonymous' : claims === undefined ? 'person' : 'build';
  const chosen = kind === undefined ? usual : kinds.find((one) => one === kind);
  if (chosen === undefined)
    faults.push({
      key: 'kind',
      message: `${JSON.stringify(kind)}: expected ${kinds.join(', ')}${anonymous ? ', since there is no user' : ''}`,
    });
  if (anonymous && groups.length > 0)
    faults.push({ key: 'groups', message: 'nobody is in a group without a login: say which user' });
  if (anonymous && claims !== undefined)
    faults.push({ key: 'build', message: 'a build has a name as its login: say which user' });
  if (anonymous && approved)
    faults.push({ key: 'approved', message: 'nobody has an approval without a login: say which user' });
  const methods: readonly string[] = anonymous ? ['none'] : METHODS;
  if (method !== undefined && !methods.includes(method))
    faults.push({
      key: 'method',
      message: `${JSON.stringify(method)}: expected one of ${methods.join(', ')}${didYouMean(method, methods)}`,
    });
  if (faults.length > before || chosen === undefined) return undefined;
  if (anonymous) return ANONYMOUS;
  return {
    name: user,
    kind: chosen,
    groups: [...new Set(groups)],
    method: method ?? METHOD_OF[chosen],
    ...(claims && { build: claims }),
    ...(approved && { approved }),
  };
}

function readClaims(build: Asked['build'], faults: Fault[]): BuildClaims | undefined {
  const entries = Object.entries(build ?? {});
  for (const [claim] of entries) {
    if (BUILD_CLAIMS.some((one) => one === claim)) continue;
    const message = `${JSON.stringify(claim)} is no claim of a build; expected one of ${BUILD_CLAIMS.join(', ')}${didYouMean(claim, BUILD_CLAIMS)}`;
    faults.push({ key: 'build', claim, message });
  }
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
