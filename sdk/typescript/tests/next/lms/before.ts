/** The LMS's own files, by their signatures: `lib/auth.ts`, `lib/rbac.ts` and `useAuth.ts`. */

export type Role = "LEARNER" | "MENTOR" | "ADMIN";

interface UserRole<Time> {
  role: Role;
  effectiveStartDate: Time;
  effectiveEndDate: Time | null;
  isActive: boolean;
}

interface User<Time> {
  id: string;
  clerkId: string;
  email: string | null;
  firstName: string | null;
  lastName: string | null;
  userRoles: UserRole<Time>[];
}

/** `lib/auth.ts`: rows of Prisma, whose times are dates. */
export type GetCurrentUser = () => Promise<User<Date> | null>;

/** `lib/rbac.ts`: wraps a route handler. */
export type WithRoleGuard = <Context>(
  handler: (request: Request, context: Context) => Promise<Response>,
  options: { roles: Role[]; requireAll?: boolean },
) => (request: Request, context: Context) => Promise<Response>;

/** `useAuth.ts`: `GET /api/user/profile`, whose times are text. */
export type UseAuth = () => { user: User<string> | null; isLoading: boolean; isAuthenticated: boolean; roles: Role[] };
