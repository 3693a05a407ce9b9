/** A configuration of docker_auth as rules and users of Warden, with what there is to say of it. Pure. */
import type { RuleAction } from '../policy/actions.ts';
import type { DockerAuthFile, Entry } from './docker-auth-file.ts';
import { type DraftRule, rulesOf, type Told, type Withheld } from './first-match.ts';
import { createPeople, type People } from './people.ts';
import type { Target } from './region.ts';
import { regionsOf } from './regions.ts';

export interface ImportOptions {
  /** The service that the registry is configured with (auth.token.service); undefined where it is not known. */
  readonly service: string | undefined;
}

export interface Conversion {
  readonly people: People;
  readonly told: { readonly [T in Target]: readonly Told[] };
  /** In the order of the entries. */
  readonly rules: readonly DraftRule[];
  readonly withheld: readonly Withheld[];
}

const REPOSITORY_ACTIONS = ['pull', 'push', 'delete'] as const;

export function convert({ users = [], acl = [] }: DockerAuthFile, { service }: ImportOptions): Conversion {
  const people = createPeople(users, acl);
  const tell = (target: Target): readonly Told[] =>
    acl.map((entry) => {
      // Where docker_auth's answer is not clear, nothing is granted, and all that it may have been about is taken.
      const clear = entry.unknownMatch.length === 0 && entry.emptyMatch.length === 0;
      const wide = regionsOf(entry, people, service, target, 'wide');
      const narrow = regionsOf(entry, people, service, target, 'narrow');
      return {
        entry,
        wide,
        closed: regionsOf(entry, people, service, target, 'closed'),
        open: regionsOf(entry, people, service, target, 'open'),
        narrow: clear ? narrow : { ...narrow, regions: [] },
        actions: actionsOf(entry, target),
      };
    });
  const told = { repository: tell('repository'), catalog: tell('catalog') };
  const made = [
    rulesOf(told.repository, 'repository', people.known),
    rulesOf(told.catalog, 'catalog', people.known),
  ];
  return {
    people,
    told,
    rules: gathered(made.flatMap(({ rules }) => rules)),
    withheld: made.flatMap(({ withheld }) => withheld),
  };
}

/** What an entry grants of what is asked for. A lone * is everything; among others it is a right of its own. */
function actionsOf({ actions = [] }: Entry, target: Target): readonly RuleAction[] {
  if (target === 'catalog') return actions.includes('*') ? ['list'] : [];
  if (actions.length === 1 && actions[0] === '*') return REPOSITORY_ACTIONS;
  return REPOSITORY_ACTIONS.filter((action) => actions.includes(action));
}

/** One rule where those for repositories and for their list say the same. */
function gathered(drafts: readonly DraftRule[]): readonly DraftRule[] {
  const rules: DraftRule[] = [];
  for (const draft of drafts) {
    const same = rules.findIndex((rule) => rule.entry === draft.entry && key(rule) === key(draft));
    const found = rules[same];
    if (found === undefined) rules.push(draft);
    else rules[same] = { ...found, allow: [...found.allow, ...draft.allow] };
  }
  return rules.toSorted((a, b) => a.entry.number - b.entry.number);
}

function key({ region, unless }: DraftRule): string {
  return JSON.stringify([region, unless]);
}
