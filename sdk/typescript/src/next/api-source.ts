import { AkakoError, createClient, isAkakoError, unwrap, type AkakoClient, type Profile } from "@akako/sync/client";
import type { Caller, RolesSource } from "./source";
import type { CurrentUser } from "./user";

export interface ApiSourceOptions {
  /** Origin of the API, such as `https://sync.example.com`. */
  baseUrl: string;
  /** Longest time for one response, in milliseconds. Default: 2,000. */
  timeoutMs?: number | undefined;
  /** Sends requests. Default: the global `fetch`. */
  fetch?: ((request: Request) => Promise<Response>) | undefined;
}

/** Reads the roles from the API, with the caller's own token. A user's first request creates the user. */
export function apiSource({ baseUrl, timeoutMs = 2_000, fetch }: ApiSourceOptions): RolesSource {
  return {
    async find({ userId, getToken }): Promise<Caller> {
      const client = createClient({ baseUrl, fetch, timeoutMs, retries: 1, maxRetryAfter: 2, getToken: () => getToken() });
      try {
        const profile = await readOrCreate(client);
        return profile.clerk_id === userId ? { status: "known", user: toUser(profile) } : { status: "unauthorized" };
      } catch (error) {
        return refused(error);
      }
    },
  };
}

async function readOrCreate(client: AkakoClient): Promise<Profile> {
  try {
    return await unwrap(client.GET("/api/user/profile"));
  } catch (error) {
    if (!isAkakoError(error, "unauthorized")) throw error;
    return unwrap(client.POST("/api/auth/sync"));
  }
}

function refused(error: unknown): Caller {
  if (isAkakoError(error, "unauthorized")) return { status: "unauthorized" };
  if (isAkakoError(error, "forbidden")) return { status: "banned" };
  const known = isAkakoError(error) ? error : new AkakoError("unexpected", "Reading the profile failed.", { cause: error });
  return { status: "unavailable", error: known };
}

function toUser(profile: Profile): CurrentUser {
  return {
    id: String(profile.id),
    clerkId: profile.clerk_id,
    email: profile.email,
    firstName: profile.first_name,
    lastName: profile.last_name,
    username: profile.username,
    imageUrl: profile.image_url,
    roles: [...profile.roles],
    userRoles: profile.assignments.map((window) => ({
      id: String(window.id),
      role: window.role,
      effectiveStartDate: new Date(window.effective_start_date),
      effectiveEndDate: window.effective_end_date === null ? null : new Date(window.effective_end_date),
      isActive: window.held,
    })),
  };
}
