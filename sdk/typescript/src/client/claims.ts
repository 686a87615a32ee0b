import type { components } from "./schema";

export type Role = components["schemas"]["Role"];

const ROLES: Record<Role, true> = { LEARNER: true, MENTOR: true, ADMIN: true };

/** Whether a value is the name of a role. */
export function isRole(value: unknown): value is Role {
  return typeof value === "string" && Object.hasOwn(ROLES, value);
}

/**
 * The roles in the claims of a session token, **for menus only**: a token may carry claims that are outdated, so never
 * admit anyone by them. Reads the claims `roles` and `roles_until` (seconds since 1970), from which on there are none.
 */
export function rolesForMenus(claims: unknown, now: number = Date.now()): Role[] {
  const { roles, roles_until: until = null } = (claims ?? {}) as { roles?: unknown; roles_until?: unknown };
  const isCurrent = until === null || (typeof until === "number" && now < until * 1000);
  return isCurrent && Array.isArray(roles) ? roles.filter(isRole) : [];
}
