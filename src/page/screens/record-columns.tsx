/** The columns of every list of records. */
import { hrefOf } from '../location.ts';
import { Happened } from '../parts/happened.tsx';
import type { Column, TableProps } from '../parts/table.tsx';
import { Digest, Time, User } from '../parts/values.tsx';
import { bestBase, buildName, type RecordItem } from '../records.ts';

/** Where a row of it leads. */
export const LEADS: NonNullable<TableProps<RecordItem>['leads']> = {
  word: 'column.index',
  to: ({ index }) => ({ href: hrefOf(`record/${index}`), text: String(index) }),
};

export const RECORD_COLUMNS: readonly Column<RecordItem>[] = [
  { word: 'column.time', cell: ({ time }) => <Time at={time} /> },
  { word: 'column.what', cell: (record) => <Happened record={record} /> },
  { word: 'column.repository', cell: ({ subject }) => subject?.repo },
  { word: 'column.tag', cell: ({ tag }) => tag?.name },
  { word: 'column.digest', cell: ({ subject }) => subject?.digest && <Digest value={subject.digest} /> },
  { word: 'column.user', cell: ({ actor }) => <User name={actor?.sub} /> },
  { word: 'column.kind', cell: ({ actor }) => actor?.kind, extra: true },
  { word: 'column.method', cell: ({ actor }) => actor?.method, extra: true },
  { word: 'column.host', cell: ({ peer }) => peer?.host ?? peer?.ip },
  { word: 'column.address', cell: ({ peer }) => peer?.ip, extra: true },
  { word: 'column.client', cell: ({ peer }) => peer?.ua, extra: true },
  { word: 'column.build', cell: ({ build }) => buildName(build) },
  { word: 'column.commit', cell: ({ source }) => source?.commit, extra: true },
  {
    word: 'column.base',
    cell: (record) => {
      const base = bestBase(record);
      return base && (base.name ?? <Digest value={base.digest ?? ''} />);
    },
    extra: true,
  },
  { word: 'column.reason', cell: ({ reason }) => reason },
  { word: 'column.rule', cell: ({ policy }) => policy?.rules?.join(', '), extra: true },
  { word: 'column.count', cell: ({ count }) => count, extra: true },
  { word: 'column.type', cell: ({ type }) => type, extra: true },
];
