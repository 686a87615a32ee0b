import type { AkakoError, Role } from "@akako/sync/client";
import { isMet, requirement, type Requirement } from "./requirement";
import { denial, denied, type DeniedStatus } from "./responses";
import type { GetSession } from "./session";
import type { Caller, RolesSource } from "./source";
import type { CurrentUser } from "./user";

export interface GuardOptions {
  /** Clerk's `auth`, of `@clerk/nextjs/server`. */
  auth: GetSession;
  /** Where roles are read: `apiSource` or `databaseSource`. */
  source: RolesSource;
  /**
   * Called by `requireRole` before it throws, to interrupt with the framework's own means: `unauthorized()` and
   * `forbidden()` of `next/navigation`.
   */
  onDenied?: ((status: DeniedStatus) => void) | undefined;
}

export interface RoleGuardOptions {
  /** At least one; an empty list is an error. */
  roles: readonly Role[];
  /** Whether all of them are needed. Default: one is enough. */
  requireAll?: boolean;
}

export type RequiredRoles = { anyOf: readonly [Role, ...Role[]] } | { allOf: readonly [Role, ...Role[]] };

export interface Guard {
  /**
   * The signed-in user with the roles held now; null without a session, and for unknown, deleted and banned users.
   * Throws AkakoError with the code `unavailable` if the roles cannot be read.
   */
  getCurrentUser: () => Promise<CurrentUser | null>;
  /** A route handler that runs only for callers who hold the roles. Others get 401, 403 or 503. */
  withRoleGuard: <Arguments extends unknown[], Result extends Response>(
    handler: (...args: Arguments) => Result | Promise<Result>,
    options: RoleGuardOptions,
  ) => (...args: Arguments) => Promise<Result | Response>;
  /**
   * The signed-in user, if one of the roles is held, or with `{ allOf: [...] }` all: for server components and actions.
   * Throws AkakoError with the code `unauthorized`, `forbidden` or `unavailable`.
   */
  requireRole: (...roles: readonly [Role, ...Role[]] | readonly [RequiredRoles]) => Promise<CurrentUser>;
}

/** Guards resources by the roles held now. It keeps nothing from one call to the next. */
export function createGuard({ auth, source, onDenied }: GuardOptions): Guard {
  const find = async (): Promise<Caller> => {
    const session = await auth();
    const { userId } = session;
    return userId ? source.find({ ...session, userId }) : { status: "unauthorized" };
  };
  return {
    async getCurrentUser() {
      const caller = await find();
      if (caller.status === "unavailable") throw denied(503, caller.error);
      return caller.status === "known" ? caller.user : null;
    },
    withRoleGuard(handler, { roles, requireAll = false }) {
      const required = requirement(roles, requireAll);
      return async (...args) => {
        const { user, status } = decide(await find(), required);
        return user ? handler(...args) : denial(status);
      };
    },
    async requireRole(...roles) {
      const { user, status, cause } = decide(await find(), parse(roles));
      if (user) return user;
      onDenied?.(status);
      throw denied(status, cause);
    },
  };
}

type Decision =
  | { user: CurrentUser; status?: never; cause?: never }
  | { user?: never; status: DeniedStatus; cause?: AkakoError };

function decide(caller: Caller, required: Requirement): Decision {
  switch (caller.status) {
    case "known":
      return isMet(required, caller.user.roles) ? { user: caller.user } : { status: 403 };
    case "unauthorized":
      return { status: 401 };
    case "banned":
      return { status: 403 };
    case "unavailable":
      return { status: 503, cause: caller.error };
  }
}

function parse(roles: readonly Role[] | readonly [RequiredRoles]): Requirement {
  const [first] = roles;
  if (typeof first !== "object") return requirement(roles as readonly Role[], false);
  return "allOf" in first ? requirement(first.allOf, true) : requirement(first.anyOf, false);
}
