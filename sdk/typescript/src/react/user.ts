import type { Profile, Role, RoleWindow } from "@akako/sync/client";

/** A role in a window of time, with the names of the LMS's schema. Times are text, as in JSON. */
export interface UserRole {
  id: string;
  role: Role;
  effectiveStartDate: string;
  effectiveEndDate: string | null;
  /** Whether the role is held now. */
  isActive: boolean;
}

/** The signed-in user, with the names of the LMS's schema. */
export interface AuthUser {
  /** `users.id` as text. */
  id: string;
  clerkId: string;
  email: string | null;
  firstName: string | null;
  lastName: string | null;
  username: string | null;
  imageUrl: string | null;
  /** Past, current and future assignments, latest start first. */
  userRoles: UserRole[];
}

/** A profile as a user of the LMS; `isHeld` decides about each window. */
export function toUser(profile: Profile, isHeld: (window: RoleWindow) => boolean): AuthUser {
  return {
    id: String(profile.id),
    clerkId: profile.clerk_id,
    email: profile.email,
    firstName: profile.first_name,
    lastName: profile.last_name,
    username: profile.username,
    imageUrl: profile.image_url,
    userRoles: profile.assignments.map((window) => ({
      id: String(window.id),
      role: window.role,
      effectiveStartDate: window.effective_start_date,
      effectiveEndDate: window.effective_end_date,
      isActive: isHeld(window),
    })),
  };
}
