/** What a person has to know of an import: what was not carried, what was a hole, and what to look at. */
import { NAME } from '../identity/users-schema.ts';
import type { Conversion } from './convert.ts';
import type { DockerAuthFile, Entry } from './docker-auth-file.ts';
import { type Finding, quoted } from './finding.ts';
import { isWhole, type Told, type Withheld } from './first-match.ts';
import { hasPlaceholder, labelsIn } from './placeholders.ts';
import type { Regions } from './region.ts';
import { isOpenWorld, sectionFindings } from './section-findings.ts';
import { heldAt, literalsOf } from './try-pattern.ts';

export function findingsOf(file: DockerAuthFile, conversion: Conversion): readonly Finding[] {
  const entries = file.acl ?? [];
  const found = entries.flatMap((entry, index) =>
    entryFindings(entry, index, conversion, file).map((finding) => ({
      ...finding,
      line: entry.line,
      entry: entry.number,
    })),
  );
  return [...found, ...sectionFindings(file)].toSorted((a, b) => a.line - b.line);
}

type Said = Pick<Finding, 'kind' | 'text'>;

function entryFindings(
  entry: Entry,
  index: number,
  conversion: Conversion,
  file: DockerAuthFile,
): readonly Said[] {
  const { told, rules } = conversion;
  const both = [told.repository[index], told.catalog[index]].flatMap((one) =>
    one === undefined ? [] : [one],
  );
  const said = matchFindings(entry);
  if (said.length > 0) return [...said, ...actionFindings(entry)];
  const own = rules.filter((rule) => rule.entry === entry);
  const whole = both.every(isWhole);
  const grants = both.some(({ actions }) => actions.length > 0);
  said.push(...actionFindings(entry));
  if (!whole) said.push(...partFindings(entry, both));
  const open = both.some(({ narrow }) => narrow.strangers !== undefined);
  if (open && own.length > 0) {
    said.push({
      kind: 'look',
      text: 'its pattern of names is written out as the users and groups of this file; add those that come later',
    });
  }
  if (own.some(({ limitedBy }) => limitedBy !== undefined)) {
    const lines = [...new Set(own.flatMap(({ limitedBy }) => (limitedBy ? [limitedBy.line] : [])))];
    said.push({
      kind: 'look',
      text: `for the users of this file only, since the entry at line ${lines.join(', ')} would be asked first for a new name; add new users to the rule`,
    });
  }
  const fitsSomething = both.some(({ narrow, actions }) => narrow.regions.length > 0 && actions.length > 0);
  if (fitsSomething && own.length === 0) {
    said.push(withheldFinding(conversion.withheld.filter((one) => one.entry === entry)));
  } else if (whole && grants && !fitsSomething) {
    const lost = open && isOpenWorld(file);
    said.push(
      lost
        ? {
            kind: 'lost',
            text: 'it can be written out for the users of this file only, of whom it fits none; no rule was made',
          }
        : { kind: 'look', text: namesNobody(entry) },
    );
  }
  for (const text of [...Object.values(entry.patterns), ...entry.labels.values()]) {
    if (text !== undefined && heldAt(text) === 'one end' && own.length > 0)
      said.push({
        kind: 'look',
        text: `${text} is held at one end only: it is carried so, and fits all that begins or ends as it says`,
      });
  }
  said.push(...labelFindings(entry, conversion, file));
  return said;
}

/** Why an entry that grants something has no rule. */
function withheldFinding(withheld: readonly Withheld[]): Said {
  const lines = [...new Set(withheld.map(({ by }) => by.entry.line))].join(', ');
  const limited = withheld.some(({ why }) => why === 'limited');
  if (limited || withheld.some(({ by }) => isWidened(by)))
    return {
      kind: 'lost',
      text: `it cannot be told what the entry at line ${lines} leaves of it; no rule was made`,
    };
  return {
    kind: 'look',
    text: `never reached: the entry at line ${lines} takes all that it is about; no rule was made`,
  };
}

/** Whether an entry is taken to be about more than it was. */
function isWidened({ open, wide }: Told): boolean {
  return wide.unread !== undefined || differ(open, wide);
}

/** Keys of `match` that held nobody back. */
function matchFindings({ unknownMatch, emptyMatch }: Entry): Said[] {
  const unknown = unknownMatch.map((key): Said => {
    const [, word] = /^([a-z]+):/.exec(key) ?? [];
    const hint = word === undefined ? '' : `; a blank is missing behind ${word}:`;
    return {
      kind: 'hole',
      text: `docker_auth passes over the unknown key ${quoted(key)}${hint}, so that the entry fitted whoever the rest of it fits. Nothing is granted by it; say what was meant in a rule`,
    };
  });
  const empty = emptyMatch.map(
    (key): Said => ({
      kind: 'hole',
      text: `${key} has no value, so that it held nobody back. Nothing is granted by the entry; say what was meant in a rule`,
    }),
  );
  return [...unknown, ...empty];
}

function actionFindings({ actions, unknownKeys }: Entry): Said[] {
  const said: Said[] = unknownKeys.map((key) => ({
    kind: 'look',
    text: `docker_auth passes over the unknown key ${quoted(key)}, and so does the import`,
  }));
  if (actions === undefined)
    said.push({
      kind: 'look',
      text: 'it has no actions, so that docker_auth breaks off; here it grants nothing',
    });
  const foreign = (actions ?? []).filter((action) => !['pull', 'push', 'delete', '*'].includes(action));
  if (foreign.length > 0)
    said.push({ kind: 'look', text: `no client asks for ${foreign.map(quoted).join(', ')}; left out` });
  if (actions !== undefined && actions.length > 1 && actions.includes('*')) {
    said.push({
      kind: 'hole',
      text: 'a * beside other actions gave a token for everything to whoever asked for *; the other actions are carried, and the list of repositories',
    });
  }
  return said;
}

/** Why an entry is not carried whole. */
function partFindings({ patterns, labels }: Entry, both: readonly Told[]): Said[] {
  const unread = both
    .flatMap(({ narrow, wide }) => [narrow.unread, wide.unread])
    .find((reason) => reason !== undefined);
  if (unread !== undefined) {
    return [
      {
        kind: 'lost',
        text: `not carried, since ${unread}. What it may fit is also kept from the entries below it`,
      },
    ];
  }
  const said: Said[] = [];
  if (both.some(({ closed, wide }) => differ(closed, wide))) {
    const open = [...Object.values(patterns), ...labels.values()].filter(
      (text) => text !== undefined && heldAt(text) === 'nowhere',
    );
    for (const text of open) {
      said.push({
        kind: 'hole',
        text: `${text} is held by no ^ and $ and also fitted longer names; it is carried as if it had both, and the rest is refused`,
      });
    }
    if (open.length === 0) {
      said.push({
        kind: 'hole',
        text: 'what its placeholders put into an expression was read as part of the expression; it is carried as plain text',
      });
    }
  }
  if (both.some(({ narrow, closed, open, wide }) => differ(narrow, closed) || differ(open, wide))) {
    const name = patterns.name ?? patterns.account ?? '';
    said.push({
      kind: 'lost',
      text: `${name} has no equal among the patterns here; what surely fits is carried, and the rest is refused, also to the entries below it`,
    });
  }
  return said;
}

function differ(a: Regions, b: Regions): boolean {
  return JSON.stringify(a.regions) !== JSON.stringify(b.regions);
}

function namesNobody({ patterns: { account, name }, from }: Entry): string {
  const strange = (account === undefined ? undefined : literalsOf(account))?.find(
    (one) => one !== '' && !NAME.test(one),
  );
  if (strange !== undefined && !hasPlaceholder(account))
    return `${quoted(strange)} cannot be the name of a user here (lower case, at most 64 of a-z 0-9 . _ @ -); no rule was made`;
  if (from === 'never') return 'no address is in its range; no rule was made';
  return `it fits no user of this file${name === undefined ? '' : ', or no name that a repository can have'}; no rule was made`;
}

/** Values of labels were patterns where a placeholder put them. */
function labelFindings(entry: Entry, { people }: Conversion, { users = [] }: DockerAuthFile): Said[] {
  const named = [...new Set(Object.values(entry.patterns).flatMap((text) => labelsIn(text ?? '')))];
  return named.flatMap((label): Said[] => {
    const values = people.valuesOf(label).filter((value) => /[*?[\]\\+(|^$]/.test(value));
    if (values.length === 0) return [];
    const whose = users.filter(({ labels }) => labels.get(label)?.some((value) => values.includes(value)));
    return [
      {
        kind: 'hole',
        text: `${values.map(quoted).join(', ')} of ${whose.map(({ name }) => name || '(anonymous)').join(', ')} was used as a pattern by \${labels:${label}}: whoever sets a label could open everything. Here it is written out in the rule, and groups are literal`,
      },
    ];
  });
}
