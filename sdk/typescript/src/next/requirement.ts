import { isRole, type Role } from "@akako/sync/client";

/** Roles of which a caller needs one, or all. */
export interface Requirement {
  roles: readonly Role[];
  all: boolean;
}

/** Throws TypeError for an empty list, which would admit every user, and for what is not a role. */
export function requirement(roles: readonly Role[], all: boolean): Requirement {
  if (!Array.isArray(roles) || roles.length === 0) throw new TypeError("List at least one role.");
  const unknown = (roles as readonly unknown[]).find((role) => !isRole(role));
  if (unknown !== undefined) throw new TypeError(`${String(unknown)} is not a role.`);
  return { roles: [...roles], all };
}

export function isMet({ roles, all }: Requirement, held: readonly Role[]): boolean {
  const isHeld = (role: Role): boolean => held.includes(role);
  return all ? roles.every(isHeld) : roles.some(isHeld);
}
