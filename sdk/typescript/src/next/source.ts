import type { AkakoError } from "@akako/sync/client";
import type { ClerkSession } from "./session";
import type { CurrentUser } from "./user";

/** What is known of the caller of a request. */
export type Caller =
  | { status: "known"; user: CurrentUser }
  /** No valid session, or the user is unknown or deleted. */
  | { status: "unauthorized" }
  /** The user, or who impersonates the user, is banned; or the impersonator is deleted. */
  | { status: "banned" }
  | { status: "unavailable"; error: AkakoError };

/** A session with a user. */
export type SignedIn = ClerkSession & { userId: string };

/** Where the roles of callers are read. It caches nothing: each request is a new question. */
export interface RolesSource {
  find: (session: SignedIn) => Promise<Caller>;
}
