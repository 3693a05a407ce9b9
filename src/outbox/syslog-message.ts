/**
 * A record as a message of syslog. Pure.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5424
 * @see https://www.rfc-editor.org/rfc/rfc6587 section 3.4.1, octet counting
 */
import type { Outgoing } from './destination.ts';

/** RFC 5424 section 6.2.1: what an operator may want to look at, and all else. */
const NOTICE = 5;
const WARNING = 4;
const WARNED = /refused|failed|aborted|drift|missing|revoked/;

/** `sequenceId` of the structured data `meta` goes from 1 to here, and begins again (section 7.3.1). */
const SEQUENCE_END = 2_147_483_647;

const HOST_LIMIT = 255;
const TYPE_LIMIT = 32;

export interface SyslogOptions {
  /** Number of the facility: 13 is log audit. */
  readonly facility: number;
  /** Bytes of a message. RFC 5425 has receivers take 8192. */
  readonly limit: number;
}

/** A whole frame, its length in front. */
export function syslogFrame({ index, sequence, leaf, facts }: Outgoing, options: SyslogOptions): Buffer {
  const severity = WARNED.test(facts.type) ? WARNING : NOTICE;
  const host = word(facts.proxy.instance, HOST_LIMIT);
  const number = (sequence % SEQUENCE_END) + 1;
  const head =
    `<${options.facility * 8 + severity}>1 ${facts.time} ${host} registry-warden - ${word(facts.type, TYPE_LIMIT)} ` +
    `[meta sequenceId="${number}"] `;
  const message = Buffer.from(head + cutTo(index, leaf, options.limit - head.length), 'ascii');
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

/** What clients say of themselves, the longest first to go. */
const DISPENSABLE = ['labels', 'meta', 'image', 'base', 'attest', 'mounted', 'truncated'] as const;

/**
 * Who, what, when and from where stays in every message, so that nobody keeps a name out of it by being long-winded: here
 * as short as it can be.
 */
const KEPT = {
  subject: ['repo', 'digest'],
  tag: ['name'],
  actor: ['sub', 'kind', 'method', 'evidence'],
  peer: ['ip', 'host'],
} as const;
/** In characters, of each text: the first with which the message fits. Names that a registry takes are whole with 255. */
const TEXT_LIMITS = [255, 60, 16] as const;

/** The leaf with its index, in ASCII: a receiver need not guess an encoding. Cut where it does not fit, which `cut` then says. */
function cutTo(index: number, leaf: string, room: number): string {
  const whole = ascii(`{"index":${index},${leaf.slice(1)}`);
  if (whole.length <= room) return whole;
  const facts: Record<string, unknown> = { index, cut: true, ...(JSON.parse(leaf) as object) };
  for (const key of DISPENSABLE) {
    delete facts[key];
    const text = ascii(JSON.stringify(facts));
    if (text.length <= room) return text;
  }
  let text = '';
  for (const limit of TEXT_LIMITS) {
    text = ascii(JSON.stringify(kept(facts, limit)));
    if (text.length <= room) break;
  }
  return text;
}

function kept(facts: Readonly<Record<string, unknown>>, limit: number): Readonly<Record<string, unknown>> {
  const cut = (value: unknown): unknown => (typeof value === 'string' ? value.slice(0, limit) : value);
  const { index, id, type, time, reason } = facts;
  const parts = Object.entries(KEPT).flatMap(([name, keys]) => {
    const part = facts[name] as Readonly<Record<string, unknown>> | undefined;
    return part === undefined
      ? []
      : [[name, Object.fromEntries(keys.map((key) => [key, cut(part[key])]))] as const];
  });
  return { index, cut: true, id, type, time, reason: cut(reason), ...Object.fromEntries(parts) };
}

/** JSON keeps its meaning when characters are written by their number. DEL is one that terminals act on. */
function ascii(json: string): string {
  return json.replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A word of the head: printable ASCII without blanks. */
function word(text: string, limit: number): string {
  return text.replace(/[^\x21-\x7e]/g, '?').slice(0, limit) || '-';
}
