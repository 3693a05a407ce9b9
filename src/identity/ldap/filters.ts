/** Filters of searches, as objects: a value is never part of a text that is read again. */
import {
  AndFilter,
  EqualityFilter,
  ExtensibleFilter,
  type Filter,
  FilterParser,
  OrFilter,
  PresenceFilter,
} from 'ldapts';

/** One that every entry has. */
export function anyEntry(): Filter {
  return new PresenceFilter({ attribute: 'objectClass' });
}

export function equals(attribute: string, value: string): Filter {
  return new EqualityFilter({ attribute, value });
}

/** A match by a rule of the server's, by the rule's OID (RFC 4511 section 4.5.1.7.7). */
export function matches(attribute: string, rule: string, value: string): Filter {
  return new ExtensibleFilter({ matchType: attribute, rule, value });
}

/** @param filters at least one. */
export function anyOf(filters: readonly Filter[]): Filter {
  const [only] = filters;
  return only !== undefined && filters.length === 1 ? only : new OrFilter({ filters: [...filters] });
}

export function both(one: Filter, other: Filter | undefined): Filter {
  return other === undefined ? one : new AndFilter({ filters: [one, other] });
}

/** Reads a filter of the settings (RFC 4515). @returns undefined for one that cannot be read. */
export function readFilter(text: string): Filter | undefined {
  // The library takes what lacks its parentheses, and an empty list, for something.
  if (!/^\(.+\)$/s.test(text) || /\([&|!]\)|\(\s*\)/.test(text)) return undefined;
  // It reads escaped bytes one by one, which is right for ASCII alone.
  if (/\\[89a-f][0-9a-f]/i.test(text)) return undefined;
  try {
    return FilterParser.parseString(text);
  } catch {
    return undefined;
  }
}
