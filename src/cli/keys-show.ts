/** `warden keys show` and `warden keys jwks`: what the keys are; nothing that is secret. */
import type { Settings } from '../config/settings.ts';
import { describeProblem } from '../config/yaml.ts';
import { formatVkey, verifierKey } from '../tlog/vkey.ts';
import { jwksOf } from '../token/jwks.ts';
import { believedKeys, believedUntil, type KeyRing, type RingKey, signerOf } from '../token/key-ring.ts';
import { loadKeyRing } from '../token/key-ring-files.ts';
import { loadNoteKey } from '../token/note-key.ts';
import { loadUpstreamKey } from '../token/upstream-key.ts';
import type { Io } from './io.ts';
import { describeKey, type Stopped } from './keys-files.ts';

function load(io: Io, { tokens, registry, transparency }: Settings) {
  const parts = {
    ring: loadKeyRing(tokens.keyFile, tokens.algorithm),
    upstream: loadUpstreamKey({ ...registry, now: Date.now() }),
    log: transparency && loadNoteKey(transparency.keyFile),
  };
  for (const part of Object.values(parts)) {
    if (part?.ok) for (const warning of part.warnings) io.err(`${describeProblem(warning)} (warning)`);
  }
  return parts;
}

/** What the files hold. */
export function showKeys(io: Io, settings: Settings): Stopped {
  const { registry, transparency } = settings;
  const { ring, upstream, log } = load(io, settings);
  const problems = [ring, upstream, log].flatMap((part) =>
    part === undefined || part.ok ? [] : part.problems,
  );
  if (problems.length > 0 || !ring.ok || !upstream.ok) return problems;
  const now = Date.now();
  for (const one of ring.ring) {
    io.out(`clients' tokens: ${describeKey(one.key)}, ${one.file}${stateOf(ring.ring, one, now)}`);
  }
  const { key, expiresAt, authorities } = upstream.upstream;
  const until = new Date(expiresAt).toISOString();
  io.out(`registry's tokens: ${describeKey(key)}, ${registry.keyFile}`);
  io.out(
    authorities === undefined
      ? `  certificate until ${until}, ${registry.certificateFile}`
      : `  certificate until ${until}, of the CA in ${registry.certificateFile}`,
  );
  if (transparency !== undefined && log?.ok) {
    io.out(
      `checkpoints of the log: Ed25519, ${transparency.keyFile}; whoever verifies them needs this line:`,
    );
    io.out(`  ${formatVkey(verifierKey(transparency.origin, 0x01, log.key.publicKey))}`);
  }
  io.out('');
  io.out("The registry's settings for it (the file must be readable for the registry):");
  io.out('');
  for (const line of registrySettings(settings)) io.out(line);
  return [];
}

/** Nothing for the one that signs, which is most often the only one. */
function stateOf(ring: KeyRing, one: RingKey, now: number): string {
  if (one === signerOf(ring, now)) return '';
  const at = (time: number): string => new Date(time).toISOString();
  if (one.signsFrom > now) return `; signs from ${at(one.signsFrom)}`;
  const until = believedUntil(ring, one);
  return until > now ? `; signs no more, tokens of it are good until ${at(until)}` : '; signs no more';
}

/** JSON texts are YAML texts, whatever stands in them. */
function registrySettings({ publicUrl, registry }: Settings): readonly string[] {
  const trust =
    registry.keyHeader === 'kid'
      ? '    jwks: …  # the file with what `warden keys jwks --registry` prints'
      : `    rootcertbundle: ${JSON.stringify(registry.certificateFile)}`;
  return [
    'auth:',
    '  token:',
    `    realm: ${JSON.stringify(`${publicUrl}/token`)}`,
    `    service: ${JSON.stringify(registry.service)}`,
    `    issuer: ${JSON.stringify(registry.issuer)}`,
    trust,
  ];
}

/** The public keys: of clients' tokens, or of the one that the registry is to trust. */
export function printJwks(io: Io, settings: Settings, ofRegistry: boolean): Stopped {
  const { ring, upstream } = load(io, settings);
  const part = ofRegistry ? upstream : ring;
  if (!part.ok) return part.problems;
  const keys = 'ring' in part ? believedKeys(part.ring, Date.now()) : [part.upstream.key];
  io.out(JSON.stringify(jwksOf(keys), undefined, 2));
  return [];
}
