/** Who is signed in, and how one can. */
import { createContext } from 'preact';
import { useCallback, useContext, useEffect, useState } from 'preact/hooks';
import { getAt, type Problem, send } from './api.ts';
import { problemOf } from './use-answer.ts';

export interface Session {
  /** Undefined: nobody. */
  readonly user:
    | { readonly name: string; readonly kind: string; readonly groups: readonly string[] }
    | undefined;
  /** Other ways than a password, each with the address that begins it when it is posted to. */
  readonly providers: readonly { readonly name: string; readonly href: string }[];
}

export interface SessionState {
  /** Undefined until the server has said it. */
  readonly session: Session | undefined;
  /** Why the server has not said it, or has not signed out whom it should. */
  readonly problem: Problem | undefined;
  readonly look: () => void;
  /** @throws {Problem} with the server's sentence. */
  readonly signIn: (user: string, password: string) => Promise<void>;
  /** Leaves the page for the issuer. @throws {Problem} with the server's sentence. */
  readonly signInWith: (href: string) => Promise<void>;
  /** Never rejects: `problem` says that one is still signed in. */
  readonly signOut: () => Promise<void>;
}

const SESSION = '/ui/session';

const NOBODY: SessionState = {
  session: undefined,
  problem: undefined,
  look: () => undefined,
  signIn: async () => undefined,
  signInWith: async () => undefined,
  signOut: async () => undefined,
};
export const SessionOf = createContext<SessionState>(NOBODY);
export const useSession = (): SessionState => useContext(SessionOf);

export function useSessionState(): SessionState {
  const [session, setSession] = useState<Session>();
  const [problem, setProblem] = useState<Problem>();
  const look = useCallback(() => {
    setProblem(undefined);
    getAt<Session>(SESSION).then(setSession, (error: unknown) => {
      // A form to sign in would say that one is signed out, and would not name the other ways.
      setSession(undefined);
      setProblem(problemOf(error));
    });
  }, []);
  useEffect(look, [look]);
  return {
    session,
    problem,
    look,
    async signIn(user, password) {
      setSession(await send<Session>('POST', SESSION, { user, password }));
    },
    async signInWith(href) {
      const returnTo = location.pathname + withoutRefusal(location.search);
      const { address } = await send<{ address: string }>('POST', href, { returnTo });
      leaveFor(address);
    },
    async signOut() {
      setProblem(undefined);
      try {
        const left = await send<{ address: string } | undefined>('DELETE', SESSION);
        // At once: whoever comes back from the issuer by the browser's own button finds nothing of what was shown.
        setSession((last) => ({ user: undefined, providers: last?.providers ?? [] }));
        if (left) leaveFor(left.address);
      } catch (error) {
        setProblem(problemOf(error));
      }
    },
  };
}

/** Only ever an address of the web, whatever the server was told to say. */
function leaveFor(address: string): void {
  if (/^https?:/.test(address)) location.assign(address);
}

/** How the server says why nobody was signed in: words of its own, no text of anybody. */
const REFUSALS = ['elsewhere', 'refused', 'declined', 'unavailable', 'limited'] as const;

export interface Refusal {
  readonly why: (typeof REFUSALS)[number];
  /** By which operators find it in the log; '' where it is none. */
  readonly request: string;
}

export function refusalIn(query: URLSearchParams): Refusal | undefined {
  const why = REFUSALS.find((one) => one === query.get('signIn'));
  const request = query.get('request') ?? '';
  return why && { why, request: /^[A-Za-z0-9-]{1,64}$/.test(request) ? request : '' };
}

function withoutRefusal(search: string): string {
  const query = new URLSearchParams(search);
  query.delete('signIn');
  query.delete('request');
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}
