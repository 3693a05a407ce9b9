/** One text for each meaning of conditions: names of networks and sets, and the order of lists, do not show in it. */
import { type Conditions, FACTS, type Fact } from '../conditions.ts';
import { keyOfPlaces } from '../place-set.ts';

/** Equal for conditions that say the same with the same words; others may still mean the same. */
export function keyOf(conditions: Conditions): string {
  return FACTS.flatMap((fact) =>
    conditions[fact] === undefined ? [] : `${fact}=${keyOfFact(conditions, fact)}`,
  ).join(' ');
}

export function keyOfFact(conditions: Conditions, fact: Fact): string {
  const { actions, repositories, build, from, tags, time, client, authenticated, approved } = conditions;
  switch (fact) {
    case 'actions':
      return String(actions?.mask);
    case 'repositories':
      return listed(repositories?.map(({ text }) => text));
    case 'authenticated':
      return String(authenticated);
    case 'approved':
      return String(approved);
    case 'build':
      return listed(
        [...(build ?? [])].map(([claim, globs]) => claim + listed(globs.map(({ text }) => text))),
      );
    case 'from':
      return from === undefined ? '' : keyOfPlaces(from.places);
    case 'tags':
      return `${tags?.untagged} ${listed(tags?.globs.map(({ text }) => text))}`;
    case 'time':
      return listed(time?.map(({ text }) => text));
    case 'client':
      return listed(client?.map(({ text }) => text));
    default:
      return listed([...(conditions[fact] ?? [])]);
  }
}

function listed(texts: readonly string[] = []): string {
  return JSON.stringify([...new Set(texts)].sort());
}
