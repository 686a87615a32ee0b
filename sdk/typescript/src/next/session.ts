/** What is needed of the result of Clerk's `auth()`, of `@clerk/nextjs/server`. Clerk has verified the token. */
export interface ClerkSession {
  userId: string | null;
  /** The claim `act`: who impersonates the user. */
  actor?: unknown;
  getToken: () => Promise<string | null>;
}

export type GetSession = () => Promise<ClerkSession>;
