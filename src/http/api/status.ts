/** What needs somebody's eyes, as the API declares it. */
import { z } from 'zod';
import type { Operations } from './operation.ts';
import { moment, number } from './shared.ts';

/** What does not work as it should, and goes on with what it had. */
export const TROUBLES = [
  /** The registry does not answer. */
  'registry-away',
  /** The policy on disk is refused; the last good one is in force. */
  'policy-refused',
  /** The policy in force could not be kept for later questions; pushes are refused. */
  'policy-unkept',
  /** The users file is refused; its last good state is in force. */
  'users-refused',
  /** The directory of users did not answer. */
  'directory-silent',
  /** Keys of an issuer of id tokens could not be renewed. */
  'issuers-unreachable',
  /** The list of ended logins could not be read for too long; pushes are refused. */
  'revocations-stale',
  /** The authorities of clients' certificates on disk are refused; the last good ones are in force. */
  'authorities-refused',
  /** The tree of the record cannot be signed. */
  'signing-failed',
  /** A witness does not cosign the checkpoints. */
  'witness-silent',
  /** Pulls could not be counted for too long. */
  'pulls-uncounted',
] as const;
export type Trouble = (typeof TROUBLES)[number];

const entries = number.describe('records in it');
const sentence = z.string().describe('one sentence').exactOptional();

const status = z.strictObject({
  record: z.strictObject({
    writable: z.boolean(),
    why: sentence.describe('why it cannot be written'),
    entries: number.describe('of the log; absent while it cannot be read').exactOptional(),
    unsettled: number.describe('pushes whose outcome is not known yet'),
  }),
  disk: z.strictObject({
    freeBytes: number.exactOptional(),
    secondsLeft: number
      .describe(
        'until pushes are refused, at the rate of the last day; absent where the space does not shrink',
      )
      .exactOptional(),
    warning: sentence,
  }),
  tree: z
    .strictObject({
      entries: entries.describe('in the tree that was signed last'),
      signed: moment.exactOptional(),
      cosigned: z
        .strictObject({ entries, time: moment.exactOptional() })
        .describe('the tree that enough witnesses cosigned last; absent without witnesses')
        .exactOptional(),
    })
    .describe('absent where no tree is signed')
    .exactOptional(),
  forwarding: z
    .array(
      z.strictObject({
        destination: z.string(),
        behind: number
          .describe('records that it lacks; absent where another instance forwards to it')
          .exactOptional(),
        problem: sentence,
      }),
    )
    .readonly(),
  certificates: z
    .array(
      z.strictObject({
        use: z
          .enum(['tls', 'registry', 'revocation-lists'])
          .describe(
            "tls: shown to clients; registry: Warden's at the registry; revocation-lists: of clients' certificates",
          ),
        expires: moment,
      }),
    )
    .readonly(),
  robots: z.strictObject({
    days: number.describe('those that expire within so many days are counted'),
    expiring: number,
  }),
  troubles: z
    .array(z.enum(TROUBLES))
    .readonly()
    .describe('what does not work as it should, and goes on with what it had'),
});
export type Status = Readonly<z.output<typeof status>>;

export const statusOperations = {
  showStatus: {
    method: 'GET',
    path: '/api/v1/status',
    route: 'status',
    group: 'record',
    access: 'login',
    summary: "what needs somebody's eyes: the record, the signed tree, the forwarding, what ends soon",
    description: 'For those who may read the record of every repository.',
    answer: { status: 200, json: status },
    errors: ['POLICY_DENIED'],
  },
} as const satisfies Operations;
