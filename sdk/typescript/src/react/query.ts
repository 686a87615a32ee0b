import { AkakoError, unwrap, type AkakoClient, type Profile } from "@akako/sync/client";

/** Query keys for TanStack Query. They contain the user, so that a cache never answers for another one. */
export const profileKeys = {
  all: ["akako", "profile"] as const,
  of: (userId: string) => ["akako", "profile", userId] as const,
};

/** `queryOptions` for `useQuery` of TanStack Query: `useQuery(profileQueryOptions(client, userId))`. */
export function profileQueryOptions(client: AkakoClient, userId: string) {
  return {
    queryKey: profileKeys.of(userId),
    queryFn: async ({ signal }: { signal?: AbortSignal } = {}): Promise<Profile> => {
      const profile = await unwrap(client.GET("/api/user/profile", signal ? { signal } : {}));
      if (profile.clerk_id !== userId) throw new AkakoError("unauthorized", "Another user is signed in now.");
      return profile;
    },
    // The client repeats requests as the API asks for.
    retry: false as const,
  };
}
