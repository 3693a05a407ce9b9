/**
 * The facts that records are made of, as several types of record have them.
 *
 * A fact that is not known, or does not apply, is absent: never null, never empty to mean unknown.
 */
import { z } from 'zod';

export const EVIDENCE = ['observed', 'verified', 'looked-up', 'claimed'] as const;
export const evidence = z.enum(EVIDENCE);

export const text = z.string().min(1);
export const count = z.int().min(0);
/** The grammar of the image specification; which algorithms are accepted is the protocol's business. */
export const digest = z.string().regex(/^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[A-Za-z0-9=_-]{32,}$/);
export const time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
export const id = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);

/** What every record has besides its type and its id. */
export const everyRecord = {
  v: z.literal(1),
  time,
  proxy: z.strictObject({ instance: text, version: text }),
} as const;

/**
 * Of records that stand for several like events, and then hold only what was so for each of them. `network` stands for
 * the addresses where these are many of one IPv6 network.
 */
export const grouped = { count: z.int().min(1), since: time, until: time, network: text.optional() } as const;

/**
 * Absent for a push by digest. `from` is what the registry had under the tag just before, absent when it had none;
 * `prev` the index of the record before this one about the same tag.
 */
export const tag = z.strictObject({ name: text, from: digest.optional(), prev: count.optional() });

/** `sub` is '' for the anonymous one. `claimed` stands at a login that failed: the name was only typed. */
export const actor = z.strictObject({
  sub: z.string(),
  kind: z.enum(['anonymous', 'person', 'robot', 'build']),
  method: text,
  issuer: text.optional(),
  /** The id of the client's token, which joins the records of one login. */
  jti: text.optional(),
  /** The groups that the decision used. */
  groups: z.array(z.string()).optional(),
  evidence,
});

/** From where. `ip` is the client by the listed proxies, `socket` the peer of the connection, `forwarded` the chain as received. */
export const peer = z.strictObject({
  ip: text,
  socket: text.optional(),
  forwarded: z.array(z.string()).optional(),
  host: text.optional(),
  hostBy: z.enum(['mtls', 'allowlist']).optional(),
  /** Of the client's certificate: its DNS names, and SHA-256 of its DER form. `version` is absent where a proxy ended the connection. */
  tls: z
    .strictObject({ version: text.optional(), certSha256: text.optional(), names: z.array(text).optional() })
    .optional(),
  /** Claimed, at most 512 characters. */
  ua: z.string().optional(),
});

/** The place where the token was fetched, and what it was good for at most: `type:name:actions`, the first of them. */
export const token = z.strictObject({ ip: text, scopes: z.array(text).optional() });

export const policy = z.strictObject({
  rules: z.array(z.string()),
  /** Over the effective policy. */
  digest: text.optional(),
  /** The id that the refused person was shown. */
  decision: text.optional(),
});

export const backend = z.strictObject({
  /** The registry's HTTP status. */
  status: z.int().min(100).max(599),
  instance: text.optional(),
  ms: count.optional(),
});

/** What recovery saw at the registry, and when. `tag` is the digest found under the tag, absent when there was no tag. */
export const recovered = z.strictObject({
  at: time,
  saw: z.enum(['tag', 'digest', 'blob', 'manifest-only', 'absent']),
  tag: digest.optional(),
});

/** How an intent ended: what the registry answered, or what was seen later. */
export const ending = { backend: backend.optional(), recovered: recovered.optional() } as const;

/** The claims that were cut or left out to keep the record small. */
export const truncated = z.array(text).optional();

/** A record is never changed once it is made. */
export type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

export type Evidence = (typeof EVIDENCE)[number];
export type Actor = Frozen<z.infer<typeof actor>>;
export type Peer = Frozen<z.infer<typeof peer>>;
