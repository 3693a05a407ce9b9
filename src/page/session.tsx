/** Who is signed in, and how one can. */
import { createContext } from 'preact';
import { useCallback, useContext, useEffect, useState } from 'preact/hooks';
import { send } from './api.ts';

export interface Session {
  /** Undefined: nobody. */
  readonly user:
    | { readonly name: string; readonly kind: string; readonly groups: readonly string[] }
    | undefined;
  /** Other ways than a password, each with the address that begins it. */
  readonly providers: readonly { readonly name: string; readonly href: string }[];
}

export interface SessionState {
  /** Undefined until the server has said it. */
  readonly session: Session | undefined;
  readonly look: () => void;
  /** @throws {Problem} with the server's sentence. */
  readonly signIn: (user: string, password: string) => Promise<void>;
  readonly signOut: () => Promise<void>;
}

const SESSION = '/ui/session';

const NOBODY: SessionState = {
  session: undefined,
  look: () => undefined,
  signIn: async () => undefined,
  signOut: async () => undefined,
};
export const SessionOf = createContext<SessionState>(NOBODY);
export const useSession = (): SessionState => useContext(SessionOf);

export function useSessionState(): SessionState {
  const [session, setSession] = useState<Session>();
  const look = useCallback(() => {
    fetch(SESSION, { headers: { 'x-warden-page': '1' }, cache: 'no-store' })
      .then((response) => response.json() as Promise<Session>)
      .then(setSession)
      .catch(() => setSession({ user: undefined, providers: [] }));
  }, []);
  useEffect(look, [look]);
  return {
    session,
    look,
    async signIn(user, password) {
      setSession(await send<Session>('POST', SESSION, { user, password }));
    },
    async signOut() {
      await send('DELETE', SESSION);
      look();
    },
  };
}
