/** Conditions taken apart: one fact alone, and actions without some of them. */
import { maskOf } from '../actions.ts';
import { type ActionSet, type Conditions, FACTS, type Fact } from '../conditions.ts';

/** Conditions that are being put together. */
export type Draft = { -readonly [Key in keyof Conditions]: Conditions[Key] };

export function factsOf(conditions: Conditions): readonly Fact[] {
  return FACTS.filter((fact) => conditions[fact] !== undefined);
}

export function onlyFact(conditions: Conditions, fact: Fact): Conditions {
  // A key with its own value, which the compiler cannot see through the choice.
  return { [fact]: conditions[fact] } as Conditions;
}

export function withoutFact(conditions: Conditions, fact: Fact): Conditions {
  return Object.fromEntries(Object.entries(conditions).filter(([key]) => key !== fact)) as Conditions;
}

export function withActions({ list }: ActionSet, mask: number): ActionSet {
  return { list: list.filter((action) => (maskOf([action]) & mask) !== 0), mask };
}

export function common<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): ReadonlySet<T> {
  return new Set([...a].filter((one) => b.has(one)));
}
