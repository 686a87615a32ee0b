import type { Profile, Role } from "@akako/sync/client";

interface Held {
  role: Role;
  start: number;
  end: number | null;
}

interface StoredUser {
  banned: boolean;
  windows: Held[];
}

export const MINUTE = 60_000;

/** The API as the page sees it, on a clock of its own, `skew` milliseconds ahead of the page's. */
export class Api {
  readonly users = new Map<string, StoredUser>();
  /** Clerk has them, and no webhook has arrived yet. */
  readonly atClerk = new Set<string>();
  readonly requests: string[] = [];
  skew = 0;
  /** Milliseconds from a request to its answer. */
  latency = 0;
  isOffline = false;
  isUnavailable = false;
  #tokens = new Set<string>();

  add(userId: string, ...windows: [role: Role, start: number, end?: number][]): void {
    const now = this.now();
    const held = windows.map(([role, start, end]) => ({ role, start: now + start, end: end === undefined ? null : now + end }));
    this.users.set(userId, { banned: false, windows: held });
  }

  now(): number {
    return Date.now() + this.skew;
  }

  /** Make this token, such as "user_ada 1", invalid. */
  refuse(token: string): void {
    this.#tokens.add(token);
  }

  count(request: string): number {
    return this.requests.filter((each) => each.startsWith(request)).length;
  }

  readonly fetch = async (request: Request): Promise<Response> => {
    const token = request.headers.get("authorization")?.replace("Bearer ", "") ?? "";
    const line = `${request.method} ${new URL(request.url).pathname}`;
    this.requests.push(`${line} ${token}`);
    if (this.isOffline) throw new TypeError("Failed to fetch");
    const response = this.#answer(line, token);
    if (this.latency) await new Promise((resolve) => setTimeout(resolve, this.latency));
    return response;
  };

  #answer(line: string, token: string): Response {
    if (this.isUnavailable) return Response.json({ error: "Unavailable" }, { status: 503 });
    const userId = token.split(" ")[0] ?? "";
    if (this.#tokens.has(token)) return Response.json({ error: "Unauthorized" }, { status: 401 });
    if (line === "POST /api/auth/sync" && this.atClerk.delete(userId)) this.add(userId, ["LEARNER", 0]);
    const user = this.users.get(userId);
    if (!user) return Response.json({ error: "Unauthorized" }, { status: 401 });
    if (user.banned) return Response.json({ error: "Forbidden" }, { status: 403 });
    return Response.json(this.#profile(userId, user.windows));
  }

  #profile(userId: string, windows: Held[]): Profile {
    const now = this.now();
    const text = (time: number): string => new Date(time).toISOString();
    const assignments = windows.map(({ role, start, end }, id) => ({
      id,
      role,
      effective_start_date: text(start),
      effective_end_date: end === null ? null : text(end),
      held: start <= now && (end === null || now < end),
    }));
    const roles = assignments.filter((each) => each.held).map((each) => each.role);
    const names = { email: `${userId}@example.com`, first_name: userId, last_name: null, username: null, image_url: null };
    return { id: 17, clerk_id: userId, ...names, roles, at: text(now), assignments };
  }
}
