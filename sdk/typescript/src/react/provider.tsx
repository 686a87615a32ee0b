import { createClient, type AkakoClient } from "@akako/sync/client";
import { createContext, useContext, useEffect, useMemo, useRef, type ReactNode } from "react";
import type { ClerkAuth } from "./clerk-auth";
import { RolesStore } from "./roles-store";
import { LOADING, SIGNED_OUT, type RolesState } from "./state";

export interface AkakoProviderProps {
  /** Clerk's `useAuth`, of `@clerk/react` or `@clerk/nextjs`. */
  useAuth: () => ClerkAuth;
  /** Origin of the API. Default: the page's own. */
  baseUrl?: string | undefined;
  /** Milliseconds between readings of the roles, which show what was changed meanwhile. Default: 60,000; 0 disables them. A failed reading is repeated after 10 s at the latest. */
  refetchInterval?: number | undefined;
  /** Milliseconds for which an answer counts if no newer one arrives. Default: 300,000. */
  maxAge?: number | undefined;
  /** Sends requests. Default: the global `fetch`. */
  fetch?: ((request: Request) => Promise<Response>) | undefined;
  children?: ReactNode;
}

/** What hooks read the state from. */
export interface RolesSource {
  subscribe: (listener: () => void) => () => void;
  getState: () => RolesState;
  refetch: () => Promise<void>;
}

interface Context {
  clerk: ClerkAuth;
  client: AkakoClient;
  source: RolesSource;
}

const AkakoContext = createContext<Context | null>(null);

/** Gives the components below it the signed-in user and the roles held now. Put it inside Clerk's provider. */
export function AkakoProvider(props: AkakoProviderProps): ReactNode {
  const { useAuth, baseUrl, fetch, refetchInterval = 60_000, maxAge = 300_000, children } = props;
  const clerk = useAuth();
  const latest = useRef({ clerk, fetch });
  useEffect(() => {
    latest.current = { clerk, fetch };
  });
  const options = useMemo(
    () => ({
      baseUrl,
      getToken: (asked?: { skipCache?: boolean }) => latest.current.clerk.getToken(asked),
      fetch: (request: Request) => (latest.current.fetch ?? globalThis.fetch)(request),
    }),
    [baseUrl],
  );
  const { isLoaded, isSignedIn, userId, sessionId } = clerk;
  // A store belongs to one session, so nothing of a user is left when another one signs in.
  const store = useMemo(
    () => (isLoaded && isSignedIn && userId ? new RolesStore({ ...options, userId, refetchInterval, maxAge }) : null),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [options, isLoaded, isSignedIn, userId, sessionId, refetchInterval, maxAge],
  );
  useEffect(() => store?.start(), [store]);
  const client = useMemo(() => createClient(options), [options]);
  const source = store ?? (isLoaded ? ALWAYS_SIGNED_OUT : ALWAYS_LOADING);
  const value = useMemo(() => ({ clerk, client, source }), [clerk, client, source]);
  return <AkakoContext.Provider value={value}>{children}</AkakoContext.Provider>;
}

export function useAkako(): Context {
  const context = useContext(AkakoContext);
  if (!context) throw new Error("There is no AkakoProvider above this component.");
  return context;
}

function always(state: RolesState): RolesSource {
  return { subscribe: () => () => undefined, getState: () => state, refetch: () => Promise.resolve() };
}

const ALWAYS_LOADING = always(LOADING);
const ALWAYS_SIGNED_OUT = always(SIGNED_OUT);
