/**
 * The bounds of a robot or a grant: what its rights are cut down to, whatever the rules say of its name and groups.
 *
 * Outside its bounds such a caller is nobody in particular: it may do what it may do without a login too, as long as the
 * rules also let it by its own name. So a build that has logged in with a grant for one repository still pulls its base
 * images, and dropping the credentials would never gain anything.
 */
import { actionSet } from './actions.ts';
import { parseRange } from './address.ts';
import type { Conditions } from './conditions.ts';
import type { Bounds, Decision } from './facts.ts';
import { parseRepositoryGlob, parseTagGlob } from './glob.ts';
import { placeSet } from './place-set.ts';
import type { Seen } from './seen.ts';
import { and, type Truth } from './truth.ts';
import { weighFact } from './weigh.ts';

const PARTS = ['actions', 'repositories', 'tags', 'from'] as const;

/** What the text of bounds means; undefined where it means nothing, which nothing is within. */
const meanings = new WeakMap<Bounds, Conditions | undefined>();

/** Whether what is asked is within the bounds. Text that cannot be read is a bound that nothing is within. */
export function weighBounds(bounds: Bounds, seen: Seen): Truth {
  const asked = meaningOf(bounds);
  return asked === undefined ? false : and(PARTS.map((fact) => weighFact(fact, asked, seen)));
}

/** One sentence where the bounds cannot be: patterns that cannot be read, variables, no action. */
export function faultOfBounds({
  repositories,
  actions,
  tags = [],
  addresses = [],
}: Bounds): string | undefined {
  if (repositories.length === 0) return 'expected at least one repository';
  if (actions.length === 0) return 'expected at least one action';
  for (const text of repositories) {
    const parsed = parseRepositoryGlob(text);
    if (!parsed.ok) return parsed.reason;
    if (parsed.glob.variable) return `${JSON.stringify(text)}: bounds name repositories without variables`;
  }
  for (const text of tags) {
    const parsed = parseTagGlob(text);
    if (!parsed.ok) return parsed.reason;
  }
  const bad = addresses.find((text) => !parseRange(text).ok);
  return bad === undefined ? undefined : `${JSON.stringify(bad)} is no address`;
}

function meaningOf(bounds: Bounds): Conditions | undefined {
  if (!meanings.has(bounds)) meanings.set(bounds, read(bounds));
  return meanings.get(bounds);
}

function read(bounds: Bounds): Conditions | undefined {
  if (faultOfBounds(bounds) !== undefined) return undefined;
  const { repositories, actions, tags, addresses } = bounds;
  const entries = (addresses ?? []).flatMap((text) => {
    const parsed = parseRange(text);
    return parsed.ok ? [{ text, ranges: [parsed.range] }] : [];
  });
  const globs = (texts: readonly string[]) =>
    texts.map(parseTagGlob).flatMap((parsed) => (parsed.ok ? [parsed.glob] : []));
  return {
    actions: actionSet(actions),
    repositories: repositories.map(parseRepositoryGlob).flatMap((parsed) => (parsed.ok ? [parsed.glob] : [])),
    // As in an allow: the parts of an image go by digest.
    tags: tags && { globs: globs(tags), untagged: true },
    from: addresses && { entries, places: placeSet(entries.flatMap(({ ranges }) => ranges)) },
  };
}

/**
 * The decision on a caller with bounds. Pure.
 *
 * @param own what the rules say of the caller by itself.
 * @param nobody what they say of somebody without a login who asks the same.
 */
export function limited(own: Decision, seen: Seen, nobody: () => Decision): Decision {
  const { bounds } = seen.subject;
  if (bounds === undefined || own.verdict === 'refused') return own;
  const within = weighBounds(bounds, seen);
  if (within === true) return own;
  const { verdict } = nobody();
  if (verdict === 'granted') return own;
  if (within !== false || verdict === 'possible') return { ...own, verdict: 'possible' };
  const { observed, host, hostCertified } = own;
  const message = sentenceOf(bounds, seen);
  return {
    verdict,
    rules: [],
    message,
    nearest: undefined,
    observed,
    host,
    ...(hostCertified && { hostCertified }),
    bounded: true,
  };
}

/** Of long lists the first say what is meant. */
const NAMED = 3;

/** Addresses are not named: they would tell a thief where to go. */
function sentenceOf({ repositories, actions, tags, addresses }: Bounds, { subject }: Seen): string {
  const what = subject.method === 'grant' ? 'grant' : 'robot';
  const tagged = tags === undefined ? '' : `, tags ${listOf(tags)}`;
  const placed = addresses === undefined ? '' : ', from its host';
  return `This ${what} is for ${listOf(actions)} of ${listOf(repositories)}${tagged}${placed}.`;
}

function listOf(words: readonly string[]): string {
  const more = words.length - NAMED;
  return more > 0 ? `${words.slice(0, NAMED).join(', ')} and ${more} more` : words.join(', ');
}
