/** React hooks for the roles of the signed-in user, which begin and end on time. */
export { AkakoProvider, type AkakoProviderProps } from "./provider";
export { useAkakoClient, useAuth, useRoles, type Auth, type Roles } from "./hooks";
export { RequireRole, type RequireRoleProps } from "./require-role";
export { profileKeys, profileQueryOptions } from "./query";
export type { ClerkAuth } from "./clerk-auth";
export type { RolesState } from "./state";
export type { AuthUser, UserRole } from "./user";
