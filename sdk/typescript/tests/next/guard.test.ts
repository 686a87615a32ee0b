import { afterEach, describe, expect, test, vi } from "vitest";
import { AkakoError, type Role } from "@akako/sync/client";
import { apiSource, createGuard, sourceFrom, type Caller, type ClerkSession, type CurrentUser, type RolesSource } from "@akako/sync/next";
import { serving, type Received, type Reply } from "../server";

const session = (userId: string | null, token: string | null = `token of ${userId}`): ClerkSession => ({
  userId,
  getToken: async () => token,
});

function user(clerkId: string, ...roles: Role[]): CurrentUser {
  const names = { email: null, firstName: null, lastName: null, username: null, imageUrl: null };
  return { id: "1", clerkId, ...names, roles, userRoles: [] };
}

const known = (...roles: Role[]): Caller => ({ status: "known", user: user("user_ada", ...roles) });
const UNAVAILABLE: Caller = { status: "unavailable", error: new AkakoError("timeout", "No response.") };

/** A guard whose source says this of the caller, or nothing if there is no session. */
function guard(caller: Caller, userId: string | null = "user_ada") {
  const source: RolesSource = { find: async () => caller };
  return createGuard({ auth: async () => session(userId), source });
}

const CASES: [name: string, caller: Caller, roles: Role[], requireAll: boolean, status: number][] = [
  ["one of the roles", known("LEARNER", "MENTOR"), ["MENTOR", "ADMIN"], false, 200],
  ["none of the roles", known("LEARNER"), ["MENTOR", "ADMIN"], false, 403],
  ["no role at all", known(), ["LEARNER"], false, 403],
  ["all of the roles", known("ADMIN", "MENTOR"), ["MENTOR", "ADMIN"], true, 200],
  ["not all of the roles", known("MENTOR"), ["MENTOR", "ADMIN"], true, 403],
  ["an unknown user", { status: "unauthorized" }, ["LEARNER"], false, 401],
  ["a banned user", { status: "banned" }, ["LEARNER"], false, 403],
  ["an unavailable source", UNAVAILABLE, ["LEARNER"], false, 503],
];

describe("withRoleGuard", () => {
  test.each(CASES)("%s", async (_, caller, roles, requireAll, status) => {
    const handler = vi.fn(async () => new Response("done"));

    const response = await guard(caller).withRoleGuard(handler, { roles, requireAll })();

    expect(response.status).toBe(status);
    expect(handler).toHaveBeenCalledTimes(status === 200 ? 1 : 0);
  });

  test("without a session the source is not asked", async () => {
    const find = vi.fn();
    const { withRoleGuard } = createGuard({ auth: async () => session(null), source: { find } });

    const response = await withRoleGuard(async () => new Response(), { roles: ["LEARNER"] })();

    expect([response.status, await response.json()]).toEqual([401, { error: "Unauthorized" }]);
    expect(find).not.toHaveBeenCalled();
  });

  test("a refusal looks as the API's, and is not cached", async () => {
    const response = await guard(UNAVAILABLE).withRoleGuard(async () => new Response(), { roles: ["ADMIN"] })();

    expect(await response.json()).toEqual({ error: "Unavailable" });
    expect(Object.fromEntries(response.headers)).toMatchObject({ "retry-after": "2", "cache-control": "no-store" });
  });

  test("the handler gets all arguments", async () => {
    const route = guard(known("ADMIN")).withRoleGuard(async (request: Request, context: { id: number }) => Response.json([request.url, context.id]), {
      roles: ["ADMIN"],
    });

    const response = await route(new Request("http://lms.example.com/7"), { id: 7 });

    expect(await response.json()).toEqual(["http://lms.example.com/7", 7]);
  });

  test.each([[[]], [undefined], [["ADMIN", "OWNER"]], ["ADMIN"]])("roles %j are an error when the route is defined", (roles) => {
    const define = () => guard(known("ADMIN")).withRoleGuard(async () => new Response(), { roles: roles as Role[] });

    expect(define).toThrow(TypeError);
  });

  test("roles that are changed after the definition change nothing", async () => {
    const roles: Role[] = ["ADMIN"];
    const route = guard(known("LEARNER")).withRoleGuard(async () => new Response(), { roles });
    roles.push("LEARNER");

    expect((await route()).status).toBe(403);
  });

  test("an error of Clerk is not taken for an answer", async () => {
    const auth = () => Promise.reject(new Error("no middleware"));
    const { withRoleGuard } = createGuard({ auth, source: { find: async () => known("ADMIN") } });

    await expect(withRoleGuard(async () => new Response(), { roles: ["ADMIN"] })()).rejects.toThrow("no middleware");
  });
});

describe("requireRole", () => {
  test("returns the user, with one of the roles or all of them", async () => {
    const { requireRole } = guard(known("MENTOR", "ADMIN"));

    expect((await requireRole("MENTOR")).clerkId).toBe("user_ada");
    expect((await requireRole({ anyOf: ["LEARNER", "ADMIN"] })).clerkId).toBe("user_ada");
    expect((await requireRole({ allOf: ["MENTOR", "ADMIN"] })).clerkId).toBe("user_ada");
    await expect(requireRole({ allOf: ["MENTOR", "LEARNER"] })).rejects.toMatchObject({ code: "forbidden", status: 403 });
  });

  test.each([
    [{ status: "unauthorized" }, "unauthorized", 401],
    [{ status: "banned" }, "forbidden", 403],
    [known("LEARNER"), "forbidden", 403],
    [UNAVAILABLE, "unavailable", 503],
  ] as [Caller, string, number][])("throws for %j", async (caller, code, status) => {
    await expect(guard(caller).requireRole("ADMIN")).rejects.toMatchObject({ name: "AkakoError", code, status });
  });

  test.each([[[]], [[{ anyOf: [] }]], [[{ allOf: [] }]], [["OWNER"]], [[null]]])("%j is an error", async (roles) => {
    const { requireRole } = guard(known("LEARNER", "MENTOR", "ADMIN"));

    await expect(requireRole(...(roles as unknown as ["ADMIN"]))).rejects.toThrow(TypeError);
  });

  test("the framework's own interruption comes first", async () => {
    const onDenied = vi.fn((status: number) => {
      throw new Error(`NEXT_HTTP_ERROR_FALLBACK;${status}`);
    });
    const { requireRole } = createGuard({ auth: async () => session("user_ada"), source: { find: async () => known() }, onDenied });

    await expect(requireRole("ADMIN")).rejects.toThrow("NEXT_HTTP_ERROR_FALLBACK;403");
  });
});

describe("getCurrentUser", () => {
  test("is null unless the user is known and not banned", async () => {
    expect(await guard(known("MENTOR")).getCurrentUser()).toMatchObject({ clerkId: "user_ada", roles: ["MENTOR"] });
    expect(await guard({ status: "unauthorized" }).getCurrentUser()).toBeNull();
    expect(await guard({ status: "banned" }).getCurrentUser()).toBeNull();
    expect(await guard(known("ADMIN"), null).getCurrentUser()).toBeNull();
  });

  test("throws if it cannot be known", async () => {
    await expect(guard(UNAVAILABLE).getCurrentUser()).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("the API as the source", () => {
  let running: Awaited<ReturnType<typeof serving>> | undefined;
  afterEach(() => running?.close());

  const profile = (clerkId: string, ...roles: Role[]): Reply => ({
    status: 200,
    body: {
      ...{ id: 17, clerk_id: clerkId, email: null, first_name: "Ada", last_name: null, username: null, image_url: null, roles },
      at: "2026-03-01T12:00:00Z",
      assignments: [{ id: 1, role: "MENTOR", effective_start_date: "2026-03-01T00:00:00Z", effective_end_date: null, held: true }],
    },
  });
  const byToken = ({ authorization = "" }: Received): Reply => {
    const clerkId = authorization.replace("Bearer token of ", "");
    return profile(clerkId, clerkId === "user_admin" ? "ADMIN" : "LEARNER");
  };
  async function start(reply: Parameters<typeof serving>[0], timeoutMs = 10_000) {
    running = await serving(reply);
    return { source: apiSource({ baseUrl: running.url, timeoutMs }), received: running.received };
  }
  const find = async (source: RolesSource, userId = "user_ada", token?: string | null) =>
    source.find({ ...session(userId, token), userId });

  test("a user has the names of the LMS's schema", async () => {
    const { source, received } = await start(profile("user_ada", "MENTOR"));

    const caller = await find(source);

    expect(caller).toMatchObject({ status: "known", user: { id: "17", clerkId: "user_ada", firstName: "Ada", roles: ["MENTOR"] } });
    const [role] = (caller as { user: CurrentUser }).user.userRoles;
    expect(role).toEqual({ id: "1", role: "MENTOR", effectiveStartDate: new Date("2026-03-01"), effectiveEndDate: null, isActive: true });
    expect(received[0]?.authorization).toBe("Bearer token of user_ada");
  });

  test("many users at once each get their own roles", async () => {
    const { source } = await start(byToken);
    const { withRoleGuard } = createGuard({ auth: async () => current.getStore()!, source });
    const { AsyncLocalStorage } = await import("node:async_hooks");
    const current = new AsyncLocalStorage<ClerkSession>();
    const route = withRoleGuard(async () => new Response(), { roles: ["ADMIN"] });
    const users = Array.from({ length: 60 }, (_, number) => (number % 3 ? `user_${number}` : "user_admin"));

    const statuses = await Promise.all(users.map((each) => current.run(session(each), async () => (await route()).status)));

    expect(statuses).toEqual(users.map((each) => (each === "user_admin" ? 200 : 403)));
  });

  test("an answer about another user admits no caller", async () => {
    const { source } = await start(profile("user_admin", "ADMIN"));

    expect(await find(source, "user_eve")).toEqual({ status: "unauthorized" });
  });

  test("a user's first request creates the user", async () => {
    const { source, received } = await start(({ method }) => (method === "POST" ? profile("user_ada", "LEARNER") : { status: 401, body: { error: "Unauthorized" } }));

    expect(await find(source)).toMatchObject({ status: "known" });
    expect(received.map((each) => `${each.method} ${each.url}`)).toEqual(["GET /api/user/profile", "POST /api/auth/sync"]);
  });

  test.each([
    [{ status: 401, body: { error: "Unauthorized" } }, { status: "unauthorized" }],
    [{ status: 403, body: { error: "Forbidden" } }, { status: "banned" }],
    [{ status: 503, body: { error: "Unavailable" } }, { status: "unavailable" }],
    [{ status: 500, body: { error: "internal" } }, { status: "unavailable" }],
    [{ status: 200, body: "<h1>Welcome</h1>" }, { status: "unavailable" }],
    [{ status: 200, body: {} }, { status: "unauthorized" }],
  ] as [Reply, object][])("%j admits no caller", async (reply, caller) => {
    const { source } = await start(reply);

    expect(await find(source)).toMatchObject(caller);
  });

  test("an API that does not answer is unavailable", async () => {
    const { source } = await start(() => "hang", 200);

    expect(await find(source)).toMatchObject({ status: "unavailable", error: { code: "timeout" } });
  });

  test("a session without a token is no session", async () => {
    const { source, received } = await start(profile("user_ada"));

    expect(await find(source, "user_ada", null)).toEqual({ status: "unauthorized" });
    expect(received).toEqual([]);
  });
});

test("the environment names exactly one source", () => {
  expect(() => sourceFrom({})).toThrow("Set AKAKO_API_URL");
  expect(() => sourceFrom({ AKAKO_API_URL: "http://a", AKAKO_DATABASE_URL: "postgresql://b" })).toThrow("not both");
  expect(sourceFrom({ AKAKO_API_URL: "http://a" })).toHaveProperty("find");
  expect(sourceFrom({ AKAKO_DATABASE_URL: "postgresql://b" })).toHaveProperty("find");
});
