/** The signed tree of the record, as the API declares it. */
import { z } from 'zod';
import { parameter, required } from '../../audit/parameters.ts';
import { parseSize } from '../../tlog/sizes.ts';
import type { Operations } from './operation.ts';

const log = { group: 'log', access: 'login', route: 'log', method: 'GET' } as const;
const unknown = ['LOG_PART_UNKNOWN', 'POLICY_DENIED'] as const;
const text = (what: string) => ({ status: 200, other: { 'text/plain': what } }) as const;
const size = (what: string) => required(what, 'the size of a tree', parseSize);

export const logOperations = {
  readCheckpoint: {
    ...log,
    path: '/api/v1/log/checkpoint',
    summary: 'the newest signed checkpoint',
    answer: text('a signed note, C2SP tlog-checkpoint'),
    errors: unknown,
  },
  readCosignedCheckpoint: {
    ...log,
    path: '/api/v1/log/checkpoint.cosigned',
    summary: 'the newest checkpoint that the witnesses have cosigned',
    answer: text('a signed note with cosignatures'),
    errors: unknown,
  },
  readLogKeys: {
    ...log,
    path: '/api/v1/log/keys',
    summary: 'the verifier keys of the log and of its witnesses',
    description: 'Keep them, or have them a second way: keys from the server that they check prove nothing.',
    answer: text('a verifier key a line'),
    errors: unknown,
  },
  readProof: {
    ...log,
    path: '/api/v1/log/proof',
    summary: 'that a record is in the signed tree',
    description: 'By index or by id, one of them.',
    query: z.strictObject({
      index: parameter('of the record', 'a number', parseSize),
      id: parameter(
        'of a record that the asker may see',
        'the id of a record',
        (value) => value || undefined,
      ),
    }),
    answer: text('C2SP tlog-proof'),
    errors: [...unknown, 'FILTER_MALFORMED'],
  },
  readConsistency: {
    ...log,
    path: '/api/v1/log/consistency',
    summary: 'that a later tree holds an earlier one unaltered',
    query: z.strictObject({ from: size('of the earlier tree'), to: size('of the later tree') }),
    answer: text('a hash a line, in base64'),
    errors: [...unknown, 'FILTER_MALFORMED'],
  },
  readTile: {
    ...log,
    path: '/api/v1/log/tile/{level}/{index}',
    pattern: /^\/api\/v1\/log\/[A-Za-z0-9/._]+$/,
    parts: {
      level: '0 to 63, or `entries` for the records themselves',
      index: 'as C2SP tlog-tiles writes it, with its slashes: `x001/234`, `000.p/17`',
    },
    summary: 'hashes of the tree, or a bundle of records',
    description:
      'Hashes are for whoever may read the record of any repository, bundles for those who may read of every one. Compressed with gzip where the request says so.',
    answer: { status: 200, other: { 'application/octet-stream': 'the tile' } },
    errors: unknown,
  },
} as const satisfies Operations;
