/** What an import says of itself. */
import type { Problem } from '../policy/problem.ts';
import type { Conversion } from './convert.ts';
import type { DockerAuthFile } from './docker-auth-file.ts';
import type { Finding, FindingKind } from './finding.ts';
import { isWhole } from './first-match.ts';
import { isOpenWorld } from './section-findings.ts';

export interface Report {
  readonly counts: {
    readonly users: { readonly found: number; readonly carried: number };
    /** `whole`: with the same answers in every case. */
    readonly entries: { readonly found: number; readonly whole: number };
    readonly rules: number;
  };
  readonly findings: readonly Finding[];
  /** What `warden check` will say of the policy. */
  readonly warnings: readonly Problem[];
  /** How labels became groups, a sentence each. */
  readonly groups: readonly string[];
}

export function reportOf(made: {
  readonly file: DockerAuthFile;
  readonly conversion: Conversion;
  readonly findings: readonly Finding[];
  readonly users: number;
  readonly warnings: readonly Problem[];
}): Report {
  const { file, conversion, findings, users, warnings } = made;
  const { repository, catalog } = conversion.told;
  const holes = new Set(
    findings.flatMap(({ entry, kind }) => (kind === 'look' || entry === undefined ? [] : [entry])),
  );
  const whole = repository.filter((told, index) => {
    const other = catalog[index];
    return isWhole(told) && (other === undefined || isWhole(other)) && !holes.has(told.entry.number);
  });
  return {
    counts: {
      users: { found: file.users?.filter(({ name }) => name !== '').length ?? 0, carried: users },
      entries: { found: repository.length, whole: whole.length },
      rules: conversion.rules.length,
    },
    findings: [...findings].sort((a, b) => a.line - b.line),
    warnings,
    groups: groupSentences(file, conversion),
  };
}

function groupSentences(file: DockerAuthFile, { people }: Conversion): readonly string[] {
  const sentences = [...people.groups].map(([label, values]) => {
    const names = [...values].map(([value, group]) => (value === group ? group : `${value} as ${group}`));
    const how = label === people.plainLabel ? ', under their own names' : '';
    return `values of the label ${label} are groups${how}: ${names.join(', ')}`;
  });
  if (sentences.length > 0 && isOpenWorld(file))
    sentences.push('labels that came from a directory or a provider have to be groups under the same names');
  return sentences;
}

const TITLES: readonly (readonly [FindingKind, string])[] = [
  ['lost', 'Not carried: what it allowed is refused'],
  ['hole', 'Holes, and what becomes of them'],
  ['look', 'Look at'],
];

/** The lines of a report. @param name of the file that was read. */
export function reportLines({ counts, findings, warnings, groups }: Report, name: string): readonly string[] {
  const { users, entries, rules } = counts;
  const lines = [
    `${name}: ${users.carried} of ${users.found} users carried; ${entries.whole} of ${entries.found} entries carried whole, in ${rules} rules`,
  ];
  for (const [kind, title] of TITLES) {
    const own = findings.filter((finding) => finding.kind === kind);
    if (own.length === 0) continue;
    lines.push('', `${title} (${own.length}):`);
    for (const { line, entry, text } of own)
      lines.push(`  ${name}:${line} ${entry === undefined ? '' : `entry ${entry}: `}${printable(text)}`);
  }
  if (groups.length > 0) lines.push('', 'Groups:', ...groups.map((sentence) => `  ${printable(sentence)}`));
  if (warnings.length > 0) {
    lines.push('', `The policy works; \`warden check\` will remark (${warnings.length}):`);
    for (const { file, line, message } of warnings) lines.push(`  ${file}:${line} ${message}`);
  }
  return lines;
}

/** Texts of the file may hold anything; a terminal must not obey them. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?');
}
