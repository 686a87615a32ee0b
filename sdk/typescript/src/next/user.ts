import type { Role } from "@akako/sync/client";

/** A role in a window of time, with the names of the LMS's schema. */
export interface UserRole {
  id: string;
  role: Role;
  effectiveStartDate: Date;
  effectiveEndDate: Date | null;
  /** Whether the role is held now. */
  isActive: boolean;
}

/** The signed-in user, with the names of the LMS's schema. */
export interface CurrentUser {
  /** `users.id` as text. */
  id: string;
  clerkId: string;
  email: string | null;
  firstName: string | null;
  lastName: string | null;
  username: string | null;
  imageUrl: string | null;
  /** Roles held now, by the clock of the database. */
  roles: Role[];
  /** From the API all assignments, from the database those held now. */
  userRoles: UserRole[];
}
