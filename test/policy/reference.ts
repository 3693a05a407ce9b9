/**
 * Rules as people read them: everything is known, one action is asked, and a rule holds or not. It reads documents, and
 * shares no code with what it checks: ranges by another library, patterns by regular expressions, local time by the
 * formatting of dates.
 */
import ipaddr from 'ipaddr.js';
import { ANONYMOUS, type Subject } from '../../src/policy/facts.ts';
import type { BlockContent, PolicyDocument, RuleContent, WhoContent } from '../../src/policy/schema.ts';
import type { Known } from './random-policy.ts';

type Lists = Readonly<Record<string, readonly string[]>>;

/** True where the policy of these rules grants it. */
export function reads(document: PolicyDocument, question: Known): boolean {
  return (
    rulesAllow(document, question) &&
    (isWithinBounds(question) || rulesAllow(document, { ...question, subject: ANONYMOUS }))
  );
}

/** Whether what is asked is within the bounds of who asks, as people read them. */
export function isWithinBounds({ subject: { bounds }, actions, repository, tag, address }: Known): boolean {
  if (bounds === undefined) return true;
  const words = bounds.actions.flatMap((word) => (word === 'push' ? ['create', 'overwrite'] : [word]));
  return (
    actions.some((action) => words.includes(action)) &&
    bounds.repositories.some((glob) => fitsGlob(glob, repository, ANONYMOUS)) &&
    (tag === undefined || bounds.tags === undefined || bounds.tags.some((glob) => fitsTag(glob, tag))) &&
    (bounds.addresses?.includes(address) ?? true)
  );
}

function rulesAllow(document: PolicyDocument, question: Known): boolean {
  const rules = (document.rules ?? []).filter(({ enforce }) => enforce);
  const holding = rules.filter((rule) => holds(document, rule, question));
  return holding.some(({ allow }) => allow) && !holding.some(({ deny }) => deny);
}

function holds(document: PolicyDocument, rule: RuleContent, question: Known): boolean {
  const allows = rule.allow !== undefined;
  if (rule.bind && question.address !== question.tokenAddress) return false;
  if (!fits(document, { ...rule, actions: rule.allow ?? rule.deny }, question, allows)) return false;
  const blocks = Array.isArray(rule.unless) ? rule.unless : rule.unless ? [rule.unless] : [];
  return !blocks.some((block) => fits(document, block, question, !allows));
}

/** @param untagged what a list of tags says of a push that writes none. */
function fits(document: PolicyDocument, asked: BlockContent, question: Known, untagged: boolean): boolean {
  const { actions, repositories, who, from, tags, time, build, client } = asked;
  const { subject, address, repository, tag, certificates } = question;
  const sets = document.sets ?? {};
  const words = actions?.flatMap((word) => (word === 'push' ? ['create', 'overwrite'] : [word]));
  if (words && !question.actions.some((action) => words.includes(action))) return false;
  if (
    repositories &&
    !written(repositories, sets.repositories).some((glob) => fitsGlob(glob, repository, subject))
  )
    return false;
  if (who && !isWho(who, subject, certificates, sets)) return false;
  if (from && !isIn(document, from, address, certificates)) return false;
  if (tags && !(tag === undefined ? untagged : written(tags, sets.tags).some((glob) => fitsTag(glob, tag))))
    return false;
  if (time && !written(time, sets.times).some((window) => isWithin(window, question.time))) return false;
  if (build) {
    for (const [claim, globs] of Object.entries(build)) {
      const value = subject.build?.[claim as keyof typeof build];
      if (value === undefined || !globs?.some((glob) => new RegExp(`^${slashed(glob)}$`).test(value)))
        return false;
    }
  }
  return !client || client.some((test) => CLIENT_TABLE[test]?.includes(question.client ?? '') ?? false);
}

/** The entries of a list with those of the sets that it names. */
function written(list: readonly string[], sets: Lists | undefined): readonly string[] {
  return list.flatMap((text) =>
    text.startsWith('set:') ? written(sets?.[text.slice(4)] ?? [], sets) : [text],
  );
}

function isWho(
  { users, groups, kinds, methods, authenticated, approved, certificates }: WhoContent,
  { name, kind, groups: own, method, approved: has = false }: Subject,
  shown: readonly string[],
  sets: NonNullable<PolicyDocument['sets']>,
): boolean {
  if (users && !written(users, sets.users).includes(name)) return false;
  if (groups && !written(groups, sets.groups).some((group) => own.includes(group))) return false;
  if (kinds && !kinds.includes(kind)) return false;
  if (methods && !methods.some((one) => one === method)) return false;
  if (approved !== undefined && approved !== has) return false;
  if (certificates && !certificates.some((one) => shown.includes(one))) return false;
  return authenticated === undefined || authenticated === (name !== '');
}

function isIn(
  document: PolicyDocument,
  list: readonly string[],
  address: string,
  shown: readonly string[],
): boolean {
  const parsed = ipaddr.parse(address);
  return list.some((text) => {
    const network = document.networks?.[text];
    if (network) return isIn(document, network, address, shown);
    const host = document.hosts?.[text];
    if (host) {
      const { addresses, certificate } = host;
      return (
        (addresses === undefined || isIn(document, addresses, address, shown)) &&
        (certificate === undefined || shown.includes(certificate))
      );
    }
    if (text.startsWith('certificate:')) {
      const labels = text.slice('certificate:'.length).replaceAll('.', '[.]').replaceAll('*', '[^.]*');
      return shown.some((name) => new RegExp(`^${labels}$`).test(name));
    }
    const [base, bits] = text.includes('/') ? ipaddr.parseCIDR(text) : [ipaddr.parse(text), undefined];
    if (base.kind() !== parsed.kind()) return false;
    return parsed.match(base, bits ?? (parsed.kind() === 'ipv4' ? 32 : 128));
  });
}

function fitsGlob(glob: string, repository: string, { name, groups, build }: Subject): boolean {
  const never = '(?!)';
  const branch = build?.branch;
  const sources = (groups.length > 0 ? groups : [never]).map((group) =>
    slashed(glob)
      .replaceAll('{user}', name === '' ? never : name)
      .replaceAll('{group}', group)
      .replaceAll('{build.project}', build?.project ?? never)
      // A value of several components stands for none, but for the project.
      .replaceAll('{build.branch}', branch === undefined || branch.includes('/') ? never : branch),
  );
  return sources.some((source) => new RegExp(`^(?:${source})$`).test(repository));
}

/** Stars that stop at slashes, and ** between them, as a regular expression. */
function slashed(glob: string): string {
  if (glob === '**') return '.+';
  return glob
    .replace(/\/\*\*$/, '/#below#')
    .replaceAll('**/', '#above#')
    .replaceAll('*', '[^/]*')
    .replaceAll('#below#', '.+')
    .replaceAll('#above#', '(?:[^/]+/)*');
}

function fitsTag(glob: string, tag: string): boolean {
  return new RegExp(`^${glob.replaceAll('*', '.*')}$`).test(tag);
}

/** By the text that a clock there would show. */
function isWithin(window: string, time: number): boolean {
  const zone = window.slice(window.lastIndexOf(' ') + 1);
  const local = new Date(time).toLocaleString('sv-SE', { timeZone: zone }).slice(0, 16);
  const once = /^(\S+ \S+) to (\S+ \S+) /.exec(window);
  if (once) return (once[1] ?? '') <= local && local < (once[2] ?? '');
  const [, days = '', start = '', end = ''] = /^(\S+) (\S+)-(\S+) /.exec(window) ?? [];
  const weekday = (ms: number): string =>
    new Date(ms).toLocaleString('en-US', { timeZone: zone, weekday: 'short' });
  const listed =
    { 'Mon-Fri': 'Mon Tue Wed Thu Fri', 'Sat,Sun': 'Sat Sun' }[days] ?? 'Mon Tue Wed Thu Fri Sat Sun';
  const clock = local.slice(11);
  if (start < end) return listed.includes(weekday(time)) && start <= clock && clock < end;
  return (
    (listed.includes(weekday(time)) && start <= clock) ||
    (listed.includes(weekday(time - 86_400_000)) && clock < end)
  );
}

/** Which of the agents of random-policy.ts each test accepts, by hand. */
const CLIENT_TABLE: Lists = {
  docker: ['docker/20.10.24+dfsg1 go/go1.19.8 (linux)', 'docker/19.3.5'],
  'docker < 20.10': ['docker/19.3.5'],
  'docker >= 20.10.24': ['docker/20.10.24+dfsg1 go/go1.19.8 (linux)'],
  'skopeo = 1.9': ['skopeo/1.9.3'],
  go: ['docker/20.10.24+dfsg1 go/go1.19.8 (linux)'],
  curl: ['curl (docker/1.0)'],
};
