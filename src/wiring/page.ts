/** The page: its files, and the sessions of those who sign in to it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AppDeps } from '../http/app.ts';
import { readPageFiles } from '../http/page-files.ts';
import type { PageSessions } from '../http/page-login.ts';
import type { Login } from '../identity/login.ts';
import type { SignIn } from '../identity/sign-in/sign-in.ts';
import type { Revocations } from '../revocation/revocations.ts';
import type { Sessions } from '../token/sessions.ts';
import type { Logins } from './logins.ts';
import type { Part } from './part.ts';

const HOUR_MS = 3_600_000;

/** Beside the compiled program where it was installed, in dist where it runs from its sources. */
const FOLDERS = [['page'], ['..', 'dist', 'page']].map((parts) => join(import.meta.dirname, '..', ...parts));

export function openPage(
  { settings }: Part,
  parts: {
    readonly logins: Logins;
    readonly sessions: Sessions;
    readonly revocations: Pick<Revocations, 'revokesLogin'>;
    readonly signIn: SignIn | undefined;
  },
): AppDeps['page'] {
  if (!settings.page.enabled) return undefined;
  // The sources of the page lie where its files would: they hold no bundle.
  const folder = FOLDERS.find(
    (one) => existsSync(join(one, 'index.html')) && !existsSync(join(one, 'main.tsx')),
  );
  const sessions = pageSessions(`${settings.api.service}/page`, parts.logins.login, parts);
  const { publicUrl } = settings;
  const { signIn } = parts;
  const common = {
    ...{ ...parts.logins.deps, sessions },
    lastsMs: settings.page.sessionHours * HOUR_MS,
    bodyTimeoutMs: settings.clients.bodySeconds * 1000,
  };
  return {
    files: folder === undefined ? undefined : readPageFiles(folder),
    sessions,
    session: { ...common, signIn },
    signIn: signIn && { ...common, signIn, publicUrl },
  };
}

/** @param service of these sessions alone: the token of one is worth nothing at the token endpoint. */
function pageSessions(
  service: string,
  login: Login,
  {
    sessions,
    revocations,
    signIn,
  }: {
    readonly sessions: Sessions;
    readonly revocations: Pick<Revocations, 'revokesLogin'>;
    readonly signIn: Pick<SignIn, 'resume'> | undefined;
  },
): PageSessions {
  return {
    async start({ subject, credential, address, lastsMs, notAfter = Infinity }) {
      const started = await sessions.start({
        ...{ subject: subject.name, service, credential, address, clientId: 'page' },
        // Users and directories are asked again at each use. An issuer tells its groups once.
        groups: subject.method === 'oidc' ? subject.groups : undefined,
        notAfter: Math.min(notAfter, Date.now() + lastsMs),
      });
      return started.token;
    },
    async use(token, client) {
      const session = await sessions.use(token, service, client.address);
      if (session === undefined || session === 'elsewhere') return undefined;
      const { subject: name, via, startedAt: at, credential, groups } = session;
      if (revocations.revokesLogin({ subject: { name }, via, at })) return undefined;
      if (groups !== undefined) return signIn?.resume({ name, credential, groups });
      return login.resume({ name, credential });
    },
    async end(token) {
      const session = await sessions.find(token);
      if (session === undefined || session.service !== service) return undefined;
      await sessions.revoke(session.id);
      return session.subject;
    },
  };
}
