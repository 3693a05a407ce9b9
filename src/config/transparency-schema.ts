/** The block `transparency` of warden.yaml: how the tree of the record is signed, and who watches it. */
import { z } from 'zod';
import { isKeyName, parseVkey } from '../tlog/vkey.ts';
import { isAuthority, path } from './settings-values.ts';

const witnessKey = z.string().superRefine((text, context) => {
  const parsed = parseVkey(text, [0x04]);
  if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.reason });
});

/** A witness is elsewhere; what it says is signed, so plain http on this machine is for tests and tunnels. */
const address = z.string().refine(
  (text) => {
    const [, scheme, authority = '', place = ''] = /^(https?):\/\/([^/]+)(\/.*)?$/.exec(text) ?? [];
    const safe = scheme === 'https' || /^(?:127\.[0-9.]+|\[::1\]|localhost)(?::|$)/.test(authority);
    return safe && isAuthority(authority) && /^[\x21\x24-\x3e\x40-\x7e]*$/.test(place);
  },
  {
    error:
      'expected https://, a host in lower case, a port if it is not the usual one, and a path without ? and #; http:// on a loopback address only',
  },
);

export const transparencySchema = z.strictObject({
  origin: z
    .string()
    .max(255)
    .refine(isKeyName, {
      error: 'expected a name without blanks and plus signs, such as registry.corp/push-log',
    })
    .describe(
      'The name of the log, for ever: it stands in every checkpoint and proof. Best an address of yours without https://, such as registry.corp/push-log. To change it: warden log open-origin.',
    ),
  keyFile: path.describe('PEM: the Ed25519 key that signs checkpoints. `warden keys init` makes it.'),
  previousKeyFile: path
    .optional()
    .describe('PEM: the key before, while a key is being changed; both sign as long as it is given.'),
  lockFile: path
    .optional()
    .describe(
      'What was signed last. It must not be restored from a backup, so it lies outside of data. Default: data with .checkpoint.lock behind its name.',
    ),
  witnesses: z
    .array(
      z.strictObject({
        key: witnessKey.describe('Its public key, as it shows it: <name>+<8 digits>+<base64>.'),
        url: address.describe('Where it takes checkpoints, without /add-checkpoint.'),
        caFile: path
          .optional()
          .describe('PEM: certificates that its own is signed with, instead of those of the system.'),
      }),
    )
    .max(16)
    .default([])
    .describe('Who cosigns each checkpoint, at another owner.'),
  quorum: z
    .int()
    .min(1)
    .max(16)
    .default(1)
    .describe('Cosignatures that make a checkpoint a cosigned one. Pushes do not wait for them.'),
  witnessSeconds: z.int().min(1).max(3600).default(10).describe('Time between two rounds to the witnesses.'),
});

export type TransparencySettings = z.output<typeof transparencySchema>;

/** With all paths absolute. @param data the absolute data folder. */
export function transparencyAt(
  value: TransparencySettings,
  data: string,
  at: (path: string) => string,
): TransparencySettings & { readonly lockFile: string } {
  return {
    ...value,
    keyFile: at(value.keyFile),
    ...(value.previousKeyFile !== undefined && { previousKeyFile: at(value.previousKeyFile) }),
    lockFile: value.lockFile === undefined ? `${data}.checkpoint.lock` : at(value.lockFile),
    witnesses: value.witnesses.map((witness) => ({
      ...witness,
      ...(witness.caFile !== undefined && { caFile: at(witness.caFile) }),
    })),
  };
}
