/** The vectors of docs/provenance-format.md, made by the code. Keys: RFC 8032 section 7.1, tests 1 and 2, published there. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { toBase64 } from '../../src/tlog/base64.ts';
import { encodeBundle } from '../../src/tlog/bundle.ts';
import { formatCheckpoint } from '../../src/tlog/checkpoint.ts';
import { createCompactRange } from '../../src/tlog/compact-range.ts';
import { leafHash } from '../../src/tlog/hashing.ts';
import { consistencyNodes, hashesOf, inclusionNodes, type Node } from '../../src/tlog/nodes.ts';
import { cosignText, formatNote, signText } from '../../src/tlog/note.ts';
import { formatProofFile } from '../../src/tlog/proof-file.ts';
import { nodeInTile, placeOfNode } from '../../src/tlog/tile.ts';
import { formatVkey, verifierKey } from '../../src/tlog/vkey.ts';
import { formatAddCheckpoint, originHash } from '../../src/tlog/witness-message.ts';

const SEEDS = [
  '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
  '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
] as const;
const TIME = 1_700_000_000;

function privateKeyOf(seed: string): KeyObject {
  const der = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex');
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Title and text of each, in the order of the page. */
export function formatVectors(): readonly (readonly [string, string])[] {
  const [logPrivate, witnessPrivate] = SEEDS.map(privateKeyOf) as [KeyObject, KeyObject];
  const log = verifierKey('registry.example/push-log', 0x01, createPublicKey(logPrivate));
  const witness = verifierKey('witness.example/w1', 0x04, createPublicKey(witnessPrivate));
  const entries = ['{"n":0}', '{"n":1}', '{"n":2}'].map((text) => Buffer.from(text));
  const leaves = entries.map(leafHash);
  const tile = Buffer.concat(leaves);
  const rootAt = (size: number): Uint8Array => {
    const range = createCompactRange();
    for (const leaf of leaves.slice(0, size)) range.append(leaf);
    return range.root();
  };
  const node = (wanted: Node): Uint8Array => nodeInTile(tile, placeOfNode(wanted, 3));
  const noteAt = (size: number): { text: string; note: string; cosigned: string } => {
    const text = formatCheckpoint({ origin: log.name, size, root: rootAt(size) });
    const signature = signText(log, logPrivate, text);
    const cosignature = cosignText(witness, witnessPrivate, text, TIME);
    return {
      text,
      note: formatNote({ text, signatures: [signature] }),
      cosigned: formatNote({ text, signatures: [signature, cosignature] }),
    };
  };
  const three = noteAt(3);
  const inclusion = hashesOf(inclusionNodes(1, 3), node);
  const consistency = hashesOf(consistencyNodes(2, 3), node);
  return [
    ['Seeds of the log and of the witness', SEEDS.join('\n')],
    ['Their lines', `${formatVkey(log)}\n${formatVkey(witness)}`],
    ['Entries', entries.map((entry) => entry.toString()).join('\n')],
    ['Leaf hashes', leaves.map(hex).join('\n')],
    ['Roots of the trees of 0 to 3 entries', [0, 1, 2, 3].map((size) => hex(rootAt(size))).join('\n')],
    ['The file `tile/entries/000.p/3`', hex(encodeBundle(entries))],
    ['The file `tile/0/000.p/3`', hex(tile)],
    ['Inclusion of entry 1 in the tree of 3', inclusion.map(hex).join('\n')],
    ['Consistency from 2 to 3', consistency.map(hex).join('\n')],
    ['Checkpoint of 3', three.note.trimEnd()],
    [`The same, cosigned at ${TIME}`, three.cosigned.trimEnd()],
    [
      'Proof file of entry 1',
      formatProofFile({ index: 1, proof: inclusion, checkpoint: three.note }).trimEnd(),
    ],
    [
      'What the witness is sent after it has seen 2',
      formatAddCheckpoint({ old: 2, proof: consistency, checkpoint: three.note }).trimEnd(),
    ],
    ['The log at the witness', `${originHash(log.name)}/checkpoint`],
    ['The root of 3 in base64', toBase64(rootAt(3))],
  ];
}
