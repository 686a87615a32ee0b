import { AkakoError, createClient, isAkakoError, unwrap, type AkakoClient, type GetToken, type Profile } from "@akako/sync/client";
import { readClocks, type Instant } from "./server-clock";

export type Answer =
  | { status: "ready"; profile: Profile; sentAt: Instant; receivedAt: Instant }
  | { status: "signed-out" | "unknown-user" | "banned" }
  | { status: "unavailable"; error: AkakoError };

export interface ReaderOptions {
  userId: string;
  getToken: GetToken;
  baseUrl: string | undefined;
  fetch: ((request: Request) => Promise<Response>) | undefined;
}

/** Reads the profile of one user. The first time that the user is unknown, it is created by `POST /api/auth/sync`. */
export class ProfileReader {
  readonly #options: ReaderOptions;
  #creation: Promise<Profile> | undefined;
  #hasCreated = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Nothing is sent once `isCurrent` is false, because the session may then be that of another user. */
  async read(isCurrent: () => boolean): Promise<Answer> {
    const { baseUrl, fetch = globalThis.fetch, getToken, userId } = this.#options;
    let sentAt = readClocks();
    let isSignedOut = false;
    let isRenewed = false;
    const client = createClient({
      baseUrl,
      fetch: (request) => {
        sentAt = readClocks(); // of the last attempt, which the answer belongs to
        return fetch(request);
      },
      getToken: async (options) => {
        // One new token is enough for both requests.
        if (options?.skipCache && isRenewed) return null;
        isRenewed ||= options?.skipCache ?? false;
        const token = isCurrent() ? await getToken(options) : null;
        isSignedOut = token === null;
        return token;
      },
    });
    try {
      const profile = await this.#readOrCreate(client, () => isSignedOut);
      const receivedAt = readClocks();
      // The token was that of another user: the page is about to change to that one.
      if (profile.clerk_id !== userId) return { status: "signed-out" };
      return { status: "ready", profile, sentAt, receivedAt };
    } catch (error) {
      return isSignedOut ? { status: "signed-out" } : failed(error);
    }
  }

  async #readOrCreate(client: AkakoClient, isSignedOut: () => boolean): Promise<Profile> {
    try {
      return await unwrap(client.GET("/api/user/profile"));
    } catch (error) {
      if (!isAkakoError(error, "unauthorized") || isSignedOut() || this.#hasCreated) throw error;
    }
    this.#creation ??= this.#create(client);
    return this.#creation;
  }

  /** The first login. If it was neither done nor refused, the next reading tries again. */
  async #create(client: AkakoClient): Promise<Profile> {
    try {
      const profile = await unwrap(client.POST("/api/auth/sync"));
      this.#hasCreated = true;
      return profile;
    } catch (error) {
      this.#hasCreated = isAkakoError(error, "unauthorized", "forbidden");
      throw error;
    } finally {
      this.#creation = undefined;
    }
  }
}

function failed(error: unknown): Answer {
  if (isAkakoError(error, "unauthorized")) return { status: "unknown-user" };
  if (isAkakoError(error, "forbidden")) return { status: "banned" };
  return { status: "unavailable", error: isAkakoError(error) ? error : new AkakoError("unexpected", String(error), { cause: error }) };
}
