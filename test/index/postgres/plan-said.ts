/** What PostgreSQL says of statements: which of their scans go through a table, and how many rows they looked at. */

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly Node[];
}

/** Nodes that hand on a row only when they have all. */
const BLOCKING = /^(?:Sort|Hash|Materialize|Aggregate|WindowAgg|SetOp)$/;
/** One row; one row an hour. */
const SMALL: readonly string[] = ['progress', 'span'];
/** The places of every record. */
const EVERYTHING = /\((?:\w+\.)?idx (?:>= '0'::bigint|< '9007199254740991'::bigint)\)/g;

export function startPlans() {
  let through: { readonly sql: string; readonly scan: string }[] = [];
  let looked: { readonly sql: string; readonly rows: number }[] = [];

  return {
    /** @param said of EXPLAIN (ANALYZE, FORMAT JSON). */
    add(sql: string, said: unknown): void {
      const [{ Plan }] = said as readonly [{ readonly Plan: Node }];
      let rows = 0;
      /** @param bounded whoever takes the rows stops after some. */
      function visit(node: Node, bounded: boolean): void {
        const { 'Node Type': type, 'Relation Name': table, 'Index Cond': cond, Plans = [] } = node;
        if (table !== undefined && !SMALL.includes(table)) {
          const removed =
            (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
          rows += (node['Actual Rows'] + removed) * node['Actual Loops'];
          const some = cond !== undefined && /[<=>]/.test(cond.replaceAll(EVERYTHING, ''));
          const whole = /^Index/.test(type) ? !some && !bounded : true;
          if (whole) through.push({ sql, scan: `${type} on ${table}: ${cond ?? 'no condition'}` });
        }
        for (const part of Plans) visit(part, type === 'Limit' || (bounded && !BLOCKING.test(type)));
      }
      visit(Plan, false);
      looked.push({ sql, rows });
    },
    through: () => through,
    looked: () => looked,
    clear(): void {
      through = [];
      looked = [];
    },
  };
}
