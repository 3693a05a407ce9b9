/** What is wrong with settings that are each right: combinations that are dangerous, or cannot work. */
import { contains, parseRange, requireRange } from '../policy/address.ts';
import { type Path, pathText } from '../policy/problem.ts';
import { judgeClientCertificates } from './client-certificates-judgement.ts';
import { judgeForward } from './forward-judgement.ts';
import { judgeLdap } from './ldap-judgement.ts';
import { judgeOffload } from './offload-judgement.ts';
import { judgeOidc } from './oidc-judgement.ts';
import type { Settings } from './settings-schema.ts';
import { judgeSignIn } from './sign-in-judgement.ts';
import { judgeTransparency } from './transparency-judgement.ts';
import type { PositionOf, Problem } from './yaml.ts';

export interface Judgement {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** Ranges of trusted proxies with fewer fixed bits than this hold more machines than anyone runs proxies. */
const NARROW = { 4: 16, 6: 48 } as const;

/** `settings` are complete; `positionOf` knows the file, in which keys with defaults may be missing. */
export function judgeSettings(settings: Settings, file: string, positionOf: PositionOf): Judgement {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const say = (list: Problem[], path: Path, sentence: string) =>
    list.push({ file, ...positionOf(path), message: `${pathText(path)}: ${sentence}` });

  const { publicUrl, alternateUrls, listen, operations, registry, tokens, service, api, sessions } = settings;
  const proxied = settings.trustedProxies.length > 0;

  const own = [publicUrl, ...alternateUrls].map(endpointOf);
  if (own.includes(endpointOf(registry.url)) || isListener(listen, registry.url)) {
    say(
      problems,
      ['registry', 'url'],
      'this is where Warden itself is reached; expected the registry behind it',
    );
  }
  if (tokens.keyFile === registry.keyFile) {
    say(
      problems,
      ['tokens', 'keyFile'],
      'the same key as registry.keyFile; a client could go to the registry with its own token; make two keys',
    );
  }
  if (new Set([service, registry.service, api.service]).size < 3) {
    say(
      problems,
      ['service'],
      'service, registry.service and api.service are three audiences and must differ',
    );
  }
  if (publicUrl.startsWith('https:') && !listen.tls && !proxied) {
    say(
      problems,
      ['publicUrl'],
      'is https, but there is neither listen.tls nor a proxy in trustedProxies: through a proxy that is not listed, ' +
        'every client has the address of the proxy',
    );
  }
  if (publicUrl.startsWith('http:') && listen.tls) {
    say(
      problems,
      ['publicUrl'],
      'is http, but listen.tls is set; clients would be sent to an address that does not answer',
    );
  }
  if (sessions.idleDays > sessions.absoluteDays) {
    say(
      problems,
      ['sessions', 'idleDays'],
      `more than absoluteDays (${sessions.absoluteDays}), which ends a session first`,
    );
  }
  if (operations.port !== 0 && operations.port === listen.port && overlap(operations.host, listen.host)) {
    say(problems, ['operations', 'port'], 'the same address and port as listen');
  }
  judgeClientCertificates(settings, (path, sentence) => say(problems, path, sentence));
  judgeOffload(settings, (path, sentence) => say(problems, path, sentence));
  judgeForward(settings.forward, (path, sentence) => say(problems, path, sentence));
  judgeOidc(settings.oidc, (path, sentence) => say(problems, path, sentence));
  judgeSignIn(settings, (path, sentence) => say(problems, path, sentence));
  judgeLdap(settings, (path, sentence) => say(problems, path, sentence));
  judgeTransparency(settings, (path, sentence) => say(problems, path, sentence));

  const open = !isLoopback(listen.host);
  if (settings.allowCredentialsOverHttp) {
    say(
      warnings,
      ['allowCredentialsOverHttp'],
      'passwords may cross the network where everyone on the way reads them',
    );
  } else if (open && !listen.tls && !proxied) {
    say(
      warnings,
      ['listen'],
      'logins from other machines will be refused: there is no TLS here and no proxy in trustedProxies that has it',
    );
  }
  if (registry.url.startsWith('http:') && !isLoopback(hostOf(registry.url))) {
    say(
      warnings,
      ['registry', 'url'],
      'plain HTTP to another machine: whoever is on the way can read and change images',
    );
  }
  if (!isLoopback(operations.host)) {
    say(warnings, ['operations', 'host'], 'other machines can read metrics and health; there is no login');
  }
  for (const [index, text] of settings.trustedProxies.entries()) {
    const parsed = parseRange(text);
    if (!parsed.ok || parsed.range.bits >= NARROW[parsed.range.family]) continue;
    say(
      warnings,
      ['trustedProxies', index],
      `every machine in ${text} can claim any address; list the proxies alone`,
    );
  }
  return { problems, warnings };
}

/** `host:port` with the port always there, so that two spellings of one place are equal. */
function endpointOf(url: string): string {
  const { protocol, port } = new URL(url);
  return `${hostOf(url)}:${port || (protocol === 'https:' ? '443' : '80')}`;
}

function hostOf(url: string): string {
  const { hostname } = new URL(url);
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function isListener(listen: Settings['listen'], url: string): boolean {
  const host = hostOf(url) === 'localhost' ? '127.0.0.1' : hostOf(url);
  const here = host === listen.host || (isUnspecified(listen.host) && isLoopback(host));
  return here && endpointOf(url).endsWith(`:${listen.port}`);
}

function overlap(a: string, b: string): boolean {
  return a === b || isUnspecified(a) || isUnspecified(b);
}

function isUnspecified(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

const LOOPBACK = [requireRange('127.0.0.0/8'), requireRange('::1')];

function isLoopback(host: string): boolean {
  const parsed = parseRange(host);
  return host === 'localhost' || (parsed.ok && LOOPBACK.some((range) => contains(range, parsed.range)));
}
