/** Records of every type in which every field that somebody could have written holds what breaks readers of it. */
import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { type PushRecord, RECORD_TYPES, recordSchema } from '../../src/provenance/record.ts';
import { sqliteLog } from '../../src/provenance/sqlite-log.ts';
import { uuidV7 } from '../../src/provenance/uuid.ts';
import { timestamp } from '../../src/store/clock.ts';
import { startLog } from '../provenance/a-log.ts';

/** A formula, markup, a template, sequences for terminals, what turns text round or hides it, and ends of lines. */
export const HOSTILE = [
  '=HYPERLINK("http://evil.example/";"x")',
  `"><img src=x onerror="document.title='broken'"><svg/onload=document.title='broken'>`,
  `<script>document.title='broken'</script>{{7*7}}`,
  '\u001b]0;broken\u0007\u001b[31m\u009b2J\u202e\u2066\u200b\u0000',
  '\r\n+1;@SUM(1);-2',
].join('');

export const DIGEST = `sha256:${'ab'.repeat(32)}`;

interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly innerType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly values?: readonly unknown[];
  readonly entries?: Readonly<Record<string, unknown>>;
}

/** Fields that hold nothing but what their name says, whatever their schema lets pass. */
const PLAIN: Readonly<Record<string, unknown>> = {
  ...{
    ip: '127.0.0.9',
    repo: 'team/app',
    network: '127.0.0.0/24',
    url: "javascript:document.title='broken'",
  },
  kind: 'person',
};

/** What fits a schema, with as much of the hostile text as it lets pass. */
function hostileValue(schema: z.ZodType, name: string, number: number): unknown {
  const fits = (value: unknown): boolean => schema.safeParse(value).success;
  if (name in PLAIN && fits(PLAIN[name])) return PLAIN[name];
  const { type, shape, innerType, element, options, values, entries } = schema.def as Definition; // what the kinds of schema have, of which zod has a type each
  if (shape) {
    const members = Object.entries(shape).map(([key, member]) => [key, hostileValue(member, key, number)]);
    return Object.fromEntries(members.filter(([, value]) => value !== undefined)) as object;
  }
  if (innerType) return hostileValue(innerType, name, number);
  if (element) return [hostileValue(element, name, number)];
  if (options?.[0]) return hostileValue(options[0], name, number);
  if (values) return values[0];
  if (entries) return Object.values(entries)[0];
  if (type === 'record') return { [HOSTILE]: HOSTILE, constructor: HOSTILE };
  const candidates = [
    ...[HOSTILE, DIGEST, timestamp(Date.now() - 60_000 + number)],
    ...[uuidV7(Date.now(), randomBytes(10)), 1, 200],
  ];
  const found = candidates.find(fits);
  if (found === undefined) throw new Error(`nothing fits ${name} (${type})`);
  return found;
}

/** One of each type. */
export function hostileRecords(): readonly PushRecord[] {
  return recordSchema.options.map((schema, number) => recordSchema.parse(hostileValue(schema, '', number)));
}

/** Adds them to a log that nobody writes meanwhile. */
export async function addHostileRecords(folder: string): Promise<void> {
  const thread = await startLog(folder);
  const store = sqliteLog(thread);
  const records = hostileRecords();
  if (records.length !== RECORD_TYPES.length) throw new Error('a type of record is left out');
  // A second push, so that there is one to compare the first with.
  const pushed = records.filter(({ type }) => type === 'push.accepted');
  for (const record of [
    ...pushed.map((one) => ({ ...one, id: uuidV7(Date.now(), randomBytes(10)) })),
    ...records,
  ])
    await store.append(record);
  await thread.close();
}
