import type { GetToken } from "@akako/sync/client";

/** What is needed of the result of Clerk's `useAuth`, of `@clerk/react` or `@clerk/nextjs`. */
export interface ClerkAuth {
  isLoaded: boolean;
  isSignedIn: boolean | undefined;
  userId: string | null | undefined;
  sessionId: string | null | undefined;
  getToken: GetToken;
}
