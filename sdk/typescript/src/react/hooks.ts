import type { AkakoClient, Role } from "@akako/sync/client";
import { useSyncExternalStore } from "react";
import type { ClerkAuth } from "./clerk-auth";
import { useAkako, type RolesSource } from "./provider";
import { LOADING, type RolesState } from "./state";
import type { AuthUser } from "./user";

export type Roles = RolesState & {
  /** Read the roles again. */
  refetch: () => Promise<void>;
};

/** The state of the signed-in user. Only with the status `ready` there are roles. */
export function useRoles(): Roles {
  const { source } = useAkako();
  return { ...useRolesState(source), refetch: source.refetch };
}

/** Clerk's `useAuth`, and the user with the roles held now. */
export type Auth<Clerk extends ClerkAuth = ClerkAuth> = Clerk & {
  user: AuthUser | null;
  roles: Role[];
  isLoading: boolean;
  /** Signed in, and a known user who is not banned. */
  isAuthenticated: boolean;
};

/** Clerk's `useAuth`, and the user with the roles held now. Name the type of Clerk's result for its other fields. */
export function useAuth<Clerk extends ClerkAuth = ClerkAuth>(): Auth<Clerk> {
  const { clerk, source } = useAkako();
  const { status, user, roles } = useRolesState(source);
  return {
    ...(clerk as Clerk),
    user,
    roles,
    isLoading: status === "loading",
    isAuthenticated: status === "ready",
  };
}

/** The client of the API, which sends the session token of the signed-in user. */
export function useAkakoClient(): AkakoClient {
  return useAkako().client;
}

/** On the server, and until the page is hydrated, the state is `loading`: HTML never depends on roles. */
function useRolesState(source: RolesSource): RolesState {
  return useSyncExternalStore(source.subscribe, source.getState, () => LOADING);
}
