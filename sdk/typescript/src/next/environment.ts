import { apiSource } from "./api-source";
import { databaseSource } from "./database-source";
import { createGuard, type Guard } from "./guard";
import type { RolesSource } from "./source";

/** The source that the environment names: AKAKO_API_URL or AKAKO_DATABASE_URL. */
export function sourceFrom(environment: Readonly<Record<string, string | undefined>>): RolesSource {
  const { AKAKO_API_URL: baseUrl, AKAKO_DATABASE_URL: database } = environment;
  if (baseUrl && !database) return apiSource({ baseUrl });
  if (database && !baseUrl) return databaseSource({ database });
  throw new Error("Set AKAKO_API_URL to the origin of the Akako Sync API, or AKAKO_DATABASE_URL to its database; not both.");
}

/** Connections, and nothing of any user. Made by the first request, so that a build needs no settings. */
let source: RolesSource | undefined;

/** The guard by Clerk's `auth()` and the source that the environment names. */
export const { getCurrentUser, requireRole, withRoleGuard }: Guard = createGuard({
  auth: async () => {
    const { auth } = await import("@clerk/nextjs/server");
    return auth();
  },
  source: { find: (session) => (source ??= sourceFrom(process.env)).find(session) },
});
