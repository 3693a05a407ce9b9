/** Rows as data that others can read: the keys are those of the policy language. */
import type { Conditions } from '../conditions.ts';
import type { Exception, Right } from './right.ts';
import { addressTexts } from './words.ts';

/** Every key that is there must hold, of a list one entry; as in a rule. */
export interface WrittenConditions {
  readonly actions?: readonly string[];
  readonly repositories?: readonly string[];
  readonly who?: {
    readonly users?: readonly string[];
    readonly groups?: readonly string[];
    readonly kinds?: readonly string[];
    readonly methods?: readonly string[];
    readonly authenticated?: boolean;
    readonly approved?: boolean;
    readonly certificates?: readonly string[];
  };
  readonly build?: Readonly<Record<string, readonly string[]>>;
  /** As the rule has it. */
  readonly from?: readonly string[];
  /** What `from` stands for, in CIDR notation. */
  readonly addresses?: readonly string[];
  readonly tags?: readonly string[];
  /** Beside `tags`: whether a push that writes no tag is meant too. */
  readonly untagged?: boolean;
  readonly time?: readonly string[];
  readonly client?: readonly string[];
}

export interface WrittenRight extends WrittenConditions {
  /** Ids of the allow rules that say so. */
  readonly rules: readonly string[];
  /** Ids of the denies that took something away which the rest no longer shows. */
  readonly lessenedBy?: readonly string[];
  readonly bind?: 'address';
  /** It does not hold where one of these does, as far as none of its `but` does. */
  readonly except?: readonly (WrittenConditions & {
    readonly rules?: readonly string[];
    readonly but?: readonly WrittenConditions[];
  })[];
  /** How many more there are. */
  readonly exceptMore?: number;
}

/** In a policy of thousands of rules a row can have thousands, which nobody reads. */
const EXCEPTIONS_LIMIT = 100;

export function writtenRight({ rules, lessenedBy, when, bind, except }: Right): WrittenRight {
  return {
    rules,
    ...(lessenedBy.length > 0 && { lessenedBy }),
    ...writtenConditions(when),
    ...(bind && { bind: 'address' as const }),
    ...(except.length > 0 && { except: except.slice(0, EXCEPTIONS_LIMIT).map(writtenException) }),
    ...(except.length > EXCEPTIONS_LIMIT && { exceptMore: except.length - EXCEPTIONS_LIMIT }),
  };
}

function writtenException({ rules, when, unless }: Exception) {
  return {
    ...(rules.length > 0 && { rules }),
    ...writtenConditions(when),
    ...(unless.length > 0 && { but: unless.map(writtenConditions) }),
  };
}

export function writtenConditions(when: Conditions): WrittenConditions {
  const { actions, repositories, users, groups, kinds, methods, authenticated, approved, certificates } =
    when;
  const { build, from, tags, time, client } = when;
  const who = {
    ...(users && { users: [...users] }),
    ...(groups && { groups: [...groups] }),
    ...(kinds && { kinds: [...kinds] }),
    ...(methods && { methods: [...methods] }),
    ...(authenticated !== undefined && { authenticated }),
    ...(approved !== undefined && { approved }),
    ...(certificates && { certificates: [...certificates] }),
  };
  const texts = (list: readonly { readonly text: string }[]) => list.map(({ text }) => text);
  return {
    ...(actions && { actions: actions.list }),
    ...(repositories && { repositories: texts(repositories) }),
    ...(Object.keys(who).length > 0 && { who }),
    ...(build && { build: Object.fromEntries([...build].map(([claim, globs]) => [claim, texts(globs)])) }),
    ...(from && { from: texts(from.entries), addresses: addressTexts(when) ?? [] }),
    ...(tags && { tags: texts(tags.globs), untagged: tags.untagged }),
    ...(time && { time: texts(time) }),
    ...(client && { client: texts(client) }),
  };
}
