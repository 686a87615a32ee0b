/** Guards route handlers, server components and server actions of Next.js by the roles held now. */
export { apiSource, type ApiSourceOptions } from "./api-source";
export { databaseSource, type DatabaseSourceOptions, type Queryable } from "./database-source";
export { getCurrentUser, requireRole, sourceFrom, withRoleGuard } from "./environment";
export { createGuard, type Guard, type GuardOptions, type RequiredRoles, type RoleGuardOptions } from "./guard";
export type { DeniedStatus } from "./responses";
export type { ClerkSession, GetSession } from "./session";
export type { Caller, RolesSource, SignedIn } from "./source";
export type { CurrentUser, UserRole } from "./user";
