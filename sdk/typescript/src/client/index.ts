/** A typed client of the Akako Sync API, generated from its OpenAPI document. */
export { isRole, rolesForMenus, type Role } from "./claims";
export { createClient, unwrap, type AkakoClient, type ClientOptions } from "./client";
export {
  AkakoError,
  isAkakoError,
  requestIdOf,
  type ClientCode,
  type DenialCode,
  type ErrorCode,
  type ErrorDetails,
  type ProblemCode,
} from "./errors";
export type { components, operations, paths } from "./schema";
export type { GetToken, TransportOptions } from "./transport";

import type { components } from "./schema";

/** The caller's own user, with the roles held now and all assignments. */
export type Profile = components["schemas"]["Profile"];
/** A role held by the caller in a window of time. */
export type RoleWindow = components["schemas"]["Window"];
