import type { AkakoError, Role } from "@akako/sync/client";
import type { AuthUser } from "./user";

/** What is known of the signed-in user. Only `ready` has roles. */
export type RolesState =
  | Without<"loading">
  | Without<"signed-out">
  /** Signed in at Clerk, but unknown or deleted in the database. */
  | Without<"unknown-user">
  | Without<"banned">
  | (Without<"unavailable"> & { error: AkakoError })
  | { status: "ready"; roles: Role[]; user: AuthUser };

interface Without<Status extends string> {
  status: Status;
  roles: Role[];
  user: null;
}

/** A state without roles. */
export function without<Status extends string>(status: Status): Without<Status> {
  // Frozen, as components share it.
  return { status, roles: Object.freeze([]) as never, user: null };
}

export const LOADING = without("loading");
export const SIGNED_OUT = without("signed-out");
