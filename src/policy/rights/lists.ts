/** Rows cut along a list of which one entry must be met, and put together again. */
import { maskOf } from '../actions.ts';
import type { Conditions, Fact, From } from '../conditions.ts';
import { placeSet, placeText } from '../place-set.ts';
import { keyOf } from './key.ts';
import { factsOf, onlyFact, withActions, withoutFact } from './one-fact.ts';
import { keyOfExceptions, type Right, union } from './right.ts';

/** The row cut along one of its lists, for each list that has several entries. The parts together are the row. */
export function* splittings({ when, ...rest }: Right): Generator<readonly Right[]> {
  for (const fact of factsOf(when)) {
    const parts = entriesOf(onlyFact(when, fact));
    if (parts.length < 2) continue;
    yield parts.map((part) => ({
      ...rest,
      when: { ...when, ...part, actions: part.actions ?? when.actions },
    }));
  }
}

/** Of one fact: each entry of its list alone. None where it has no list of which one entry is enough. */
export function entriesOf(one: Conditions): readonly Conditions[] {
  const { actions, repositories, users, groups, kinds, methods, certificates, from, tags, time } = one;
  if (actions) return actions.list.map((action) => ({ actions: withActions(actions, maskOf([action])) }));
  if (repositories) return repositories.map((glob) => ({ repositories: [glob] }));
  if (users) return [...users].map((name) => ({ users: new Set([name]) }));
  if (groups) return [...groups].map((name) => ({ groups: new Set([name]) }));
  if (kinds) return [...kinds].map((kind) => ({ kinds: new Set([kind]) }));
  if (methods) return [...methods].map((method) => ({ methods: new Set([method]) }));
  if (certificates) return [...certificates].map((name) => ({ certificates: new Set([name]) }));
  if (from) return placesOf(from).map((place) => ({ from: place }));
  if (tags)
    return [
      ...tags.globs.map((glob) => ({ tags: { globs: [glob], untagged: false } })),
      ...(tags.untagged ? [{ tags: { globs: [], untagged: true } }] : []),
    ];
  return time?.map((window) => ({ time: [window] })) ?? [];
}

/** The entries, or, where there is one alone, its ranges. */
function placesOf({ entries }: From): readonly From[] {
  const [only, ...more] = entries;
  const parts =
    only !== undefined && more.length === 0
      ? only.ranges.map((range) => ({ text: placeText(range), ranges: [range] }))
      : entries;
  return parts.map((entry) => ({ entries: [entry], places: placeSet(entry.ranges) }));
}

const LISTS: readonly Fact[] = [
  'actions',
  'repositories',
  'users',
  'groups',
  'kinds',
  'methods',
  'certificates',
  'from',
  'tags',
  'time',
];

/** Rows that differ in one list become one row with all entries. */
export function alikeJoined(rows: readonly Right[]): readonly Right[] {
  return LISTS.reduce((list, fact) => {
    const alike = new Map<string, Right[]>();
    for (const row of list) {
      const { when, bind, except } = row;
      const key = JSON.stringify([
        when[fact] !== undefined,
        keyOf(withoutFact(when, fact)),
        bind,
        keyOfExceptions(except),
      ]);
      const group = alike.get(key);
      if (group === undefined) alike.set(key, [row]);
      else group.push(row);
    }
    return [...alike.values()].flatMap((group) => joined(group, fact));
  }, rows);
}

function joined(rows: readonly Right[], fact: Fact): readonly Right[] {
  const [first, ...more] = rows;
  if (first === undefined || more.length === 0) return rows;
  const fresh = joinedFact(
    rows.map(({ when }) => when),
    fact,
  );
  return [
    {
      ...first,
      rules: rows.reduce((ids: readonly string[], row) => union(ids, row.rules), []),
      lessenedBy: rows.reduce((ids: readonly string[], row) => union(ids, row.lessenedBy), []),
      when: { ...first.when, ...fresh, actions: fresh.actions ?? first.when.actions },
    },
  ];
}

/** A fact of which all have a list, or none has. */
function joinedFact(list: readonly Conditions[], fact: Fact): Conditions {
  const all = <T>(pick: (one: Conditions) => Iterable<T> | undefined): T[] => [
    ...new Set(list.flatMap((one) => [...(pick(one) ?? [])])),
  ];
  if (list[0]?.[fact] === undefined) return {};
  switch (fact) {
    case 'actions': {
      const actions = all(({ actions }) => actions?.list);
      return { actions: { list: actions, mask: maskOf(actions) } };
    }
    case 'repositories': {
      const globs = new Map(all(({ repositories }) => repositories).map((glob) => [glob.text, glob]));
      return { repositories: [...globs.values()] };
    }
    case 'users':
      return { users: new Set(all(({ users }) => users)) };
    case 'groups':
      return { groups: new Set(all(({ groups }) => groups)) };
    case 'kinds':
      return { kinds: new Set(all(({ kinds }) => kinds)) };
    case 'methods':
      return { methods: new Set(all(({ methods }) => methods)) };
    case 'certificates':
      return { certificates: new Set(all(({ certificates }) => certificates)) };
    case 'from': {
      const entries = new Map(all(({ from }) => from?.entries).map((entry) => [entry.text, entry]));
      const kept = [...entries.values()];
      return { from: { entries: kept, places: placeSet(kept.flatMap(({ ranges }) => ranges)) } };
    }
    case 'tags': {
      const globs = new Map(all(({ tags }) => tags?.globs).map((glob) => [glob.text, glob]));
      return { tags: { globs: [...globs.values()], untagged: list.some(({ tags }) => tags?.untagged) } };
    }
    case 'time': {
      const windows = new Map(all(({ time }) => time).map((window) => [window.text, window]));
      return { time: [...windows.values()] };
    }
    default:
      return {};
  }
}
