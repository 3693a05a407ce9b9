/** Rights as a table for a terminal. */
import type { Answered } from '../policy/rights/answer.ts';
import {
  actionWords,
  circumstances,
  exceptionLines,
  repositoryWords,
  whoWords,
} from '../policy/rights/words.ts';
import { textTable } from './text-table.ts';

/** Who, where and when; a line of its own for each exception. */
export function rightsTable(
  answered: readonly Answered[],
  { columns, withWho }: { readonly columns: number | undefined; readonly withWho: boolean },
): readonly string[] {
  const rows = answered.flatMap(({ right, members }) => {
    const { rules, lessenedBy, when, bind, except } = right;
    const where = repositoryWords(when);
    const asked = [
      ...(withWho ? [whoWords(when)] : whoWords(when) === 'everyone' ? [] : [`as ${whoWords(when)}`]),
      ...(where === '' ? [] : [where]),
      ...circumstances(when, bind),
    ];
    const named = [...(members ?? [])].map(
      ([group, names]) => `${group}: ${names.length === 0 ? 'nobody in the users file' : names.join(', ')}`,
    );
    const lines = [
      asked.length === 0 ? 'always' : asked.join(', '),
      ...named,
      ...exceptionLines(except),
      ...(lessenedBy.length > 0 ? [`made narrower by ${lessenedBy.join(', ')}`] : []),
    ];
    return lines.map((line, at) =>
      at === 0 ? [rules.join(' '), actionWords(when.actions.list).join(' '), line] : ['', '', `  ${line}`],
    );
  });
  return textTable(
    ['RULES', 'MAY', withWho ? 'WHO, FROM WHERE, WHEN' : 'WHERE, FROM WHERE, WHEN'],
    rows,
    columns,
  );
}
