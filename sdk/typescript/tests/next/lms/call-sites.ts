/** Code of the LMS that calls its three files, as it was written for its own versions of them. */
import type { GetCurrentUser, Role, UseAuth, WithRoleGuard } from "./before";

interface Lms {
  getCurrentUser: GetCurrentUser;
  withRoleGuard: WithRoleGuard;
  useAuth: UseAuth;
}

/** A route handler with a parameter in its path. */
export const courses = ({ withRoleGuard, getCurrentUser }: Lms) =>
  withRoleGuard(
    async (request, { params }: { params: Promise<{ id: string }> }) => {
      const user = await getCurrentUser();
      const mentorSince = user?.userRoles.find((each) => each.role === "MENTOR" && each.isActive)?.effectiveStartDate.getTime();
      return Response.json({ course: (await params).id, url: request.url, name: user?.firstName, mentorSince });
    },
    { roles: ["MENTOR", "ADMIN"] },
  );

/** Roles in a variable. */
const both: Role[] = ["MENTOR", "ADMIN"];
export const report = ({ withRoleGuard }: Lms) => withRoleGuard(async () => new Response("report"), { roles: both, requireAll: true });

/** A menu in a component. */
export function menu({ useAuth }: Lms): string[] {
  const { user, isLoading, isAuthenticated, roles } = useAuth();
  if (isLoading || !isAuthenticated || !user) return [];
  const ends = user.userRoles.map((each) => each.effectiveEndDate?.slice(0, 10) ?? "");
  return [user.clerkId, ...roles.map((role: Role) => role.toLowerCase()), ...ends];
}
