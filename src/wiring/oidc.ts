/** Builds that log in with the id token of a listed issuer. */
import type { Login } from '../identity/login.ts';
import { createIssuerKeys } from '../identity/oidc/issuer-keys.ts';
import { keySourceOf } from '../identity/oidc/key-source.ts';
import { createTokenLogin } from '../identity/oidc/token-login.ts';
import { createVerify, type TrustedIssuer } from '../identity/oidc/verify.ts';
import type { Limit } from '../state/limits.ts';
import type { Part } from './part.ts';

/** For all that has to be asked of an issuer, together: a login waits no longer. */
const ISSUER_MS = 5_000;
/** Between two looks whether keys are to be renewed. */
const TICK_MS = 15_000;

export interface BuildLogins {
  /** The login of all: that of builds where there are issuers, else the other one. */
  readonly login: Login['login'];
  /** How many issuers could not be asked for their keys the last time. */
  readonly issuersUnreachable: () => number;
}

export function openBuildLogins(
  { settings, log, endings }: Part,
  { otherwise, byAddress }: { readonly otherwise: Login['login']; readonly byAddress: Limit },
): BuildLogins {
  if (settings.oidc.length === 0) return { login: otherwise, issuersUnreachable: () => 0 };
  const issuers = settings.oidc.map((issuer): TrustedIssuer => {
    const { name } = issuer;
    const keys = createIssuerKeys({
      source: keySourceOf(issuer, ISSUER_MS),
      now: () => performance.now(),
      onProblem: (why) =>
        log.error({ issuer: name, why }, 'the keys of an issuer cannot be had; the last good ones go on'),
      onRecovered: () => log.info({ issuer: name }, 'the keys of an issuer were read again'),
    });
    // Before the first build comes, so that it does not wait, and a wrong address is seen at the start.
    void keys.tick();
    const ticking = setInterval(() => void keys.tick(), TICK_MS).unref();
    endings.defer(() => clearInterval(ticking));
    return { settings: issuer, keys };
  });
  const login = createTokenLogin({
    users: new Set(settings.oidc.flatMap(({ users }) => users)),
    verify: createVerify({ issuers, now: Date.now }),
    byAddress,
    onRefused: (facts) => log.warn(facts, 'the token of a build is refused'),
    otherwise,
  });
  const issuersUnreachable = (): number => issuers.filter(({ keys }) => keys.failing()).length;
  return { login, issuersUnreachable };
}
