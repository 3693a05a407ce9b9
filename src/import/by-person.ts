/** What an entry is to each user of the file, where its placeholders cannot be said by variables. */
import type { Entry } from './docker-auth-file.ts';
import type { People, Person } from './people.ts';
import { asksRequest, filledIn, labelsIn } from './placeholders.ts';
import { EVERYTHING, type Found, fromOf, type Reach, type Region } from './region.ts';
import { askedNames, personFits, type Side, sideOf } from './who.ts';

/** Rules for more different lists of repositories are no longer read by a person. */
const LISTS = 100;

/** The repositories for whoever has not logged in, whose name is empty. */
export function anonymousList(
  entry: Entry,
  people: People,
  side: Side,
  reach: Reach,
): readonly string[] | string {
  if (people.anonymous === undefined) return [];
  return listFor(entry, { name: '', labels: people.anonymous }, side, reach);
}

function listFor(entry: Entry, person: Person, side: Side, reach: Reach): readonly string[] | string {
  const { patterns } = entry;
  const fit = personFits(entry, person, side);
  if (fit === false) return [];
  if (fit === undefined) return 'its account or its labels cannot be read';
  if (patterns.name === undefined) return EVERYTHING;
  if (asksRequest(patterns.name)) return 'its name uses a placeholder for the request itself';
  const texts = filledIn(patterns.name, patterns, person.name, person.labels, sideOf(side).quoting);
  if (texts === undefined) return 'its name has too many combinations of labels';
  const lists: string[] = [];
  for (const text of texts) {
    const list = reach(text);
    if (typeof list === 'string') return list;
    lists.push(...list);
  }
  return [...new Set(lists)].sort();
}

/** For each user of the file what the entry is to that user; users for whom it is the same stand together. */
export function byPerson(entry: Entry, people: People, side: Side, reach: Reach): Found | string {
  const from = fromOf(entry);
  const names = askedNames(entry);
  const persons = names?.map(
    (name) =>
      people.known.find((one) => one.name === name) ?? { name, labels: new Map<string, readonly string[]>() },
  );
  const byList = new Map<string, { readonly repositories: readonly string[]; readonly users: string[] }>();
  for (const person of persons ?? people.known) {
    const repositories = listFor(entry, person, side, reach);
    if (typeof repositories === 'string') return repositories;
    if (repositories.length === 0) continue;
    const key = repositories.join(' ');
    const before = byList.get(key);
    if (before) before.users.push(person.name);
    else byList.set(key, { repositories, users: [person.name] });
  }
  if (byList.size > LISTS) return `it stands for more than ${LISTS} different lists of repositories`;
  const own = anonymousList(entry, people, side, reach);
  if (typeof own === 'string') return own;
  const regions: Region[] = [...byList.values()].map(({ repositories, users }) => ({
    who: { users },
    repositories,
    from,
  }));
  if (own.length > 0) regions.push({ who: { authenticated: false }, repositories: own, from });
  const open =
    persons === undefined || entry.labels.size > 0 || labelsIn(entry.patterns.name ?? '').length > 0;
  const strangers = open ? { who: { authenticated: true }, repositories: EVERYTHING, from } : undefined;
  return { regions, strangers };
}
