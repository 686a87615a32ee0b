import type { Role } from "@akako/sync/client";
import type { ReactNode } from "react";
import { useRoles, type Roles } from "./hooks";

type AtLeastOne = readonly [Role, ...Role[]];
type Required = { anyOf: AtLeastOne; allOf?: never } | { allOf: AtLeastOne; anyOf?: never };

export type RequireRoleProps = Required & {
  /** Shown without the roles: to users without them, signed out, or if the roles are unknown. Default: nothing. */
  fallback?: ReactNode | ((state: Roles) => ReactNode);
  /** Shown until the roles are known. Default: nothing. */
  loading?: ReactNode;
  children?: ReactNode;
};

/**
 * Shows its children while the user holds one, or all, of the roles. It only decides what is shown: the server has to
 * check each request.
 */
export function RequireRole({ anyOf, allOf, fallback = null, loading = null, children }: RequireRoleProps): ReactNode {
  const state = useRoles();
  const required: readonly Role[] = anyOf ?? allOf ?? [];
  if (required.length === 0) throw new TypeError("RequireRole needs at least one role.");
  if (state.status === "loading") return loading;
  const isHeld = (role: Role): boolean => state.roles.some((held) => held === role);
  if (anyOf ? anyOf.some(isHeld) : required.every(isHeld)) return children;
  return typeof fallback === "function" ? fallback(state) : fallback;
}
