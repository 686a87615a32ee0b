import { getCurrentUser } from "@/lib/auth";
import { withRoleGuard } from "@/lib/rbac";

export const GET = withRoleGuard(async () => Response.json({ mentor: (await getCurrentUser())?.firstName }), { roles: ["MENTOR", "ADMIN"] });
