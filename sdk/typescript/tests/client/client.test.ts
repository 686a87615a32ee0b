import { afterEach, describe, expect, test } from "vitest";
import { AkakoError, createClient, isAkakoError, unwrap, type ClientOptions } from "@akako/sync/client";
import { serving, type Reply } from "../server";

const OK: Reply = { status: 200, body: { clerk_id: "user_ada" }, headers: { "x-request-id": "req_1" } };
const UNAUTHORIZED: Reply = { status: 401, body: { error: "Unauthorized" } };
const soon = (seconds: string): Reply => ({
  status: 503,
  body: { error: "unavailable", message: "Try again later.", request_id: "req_2" },
  headers: { "retry-after": seconds },
});

let running: Awaited<ReturnType<typeof serving>> | undefined;
afterEach(() => running?.close());

async function start(replies: Parameters<typeof serving>, options: ClientOptions = {}) {
  running = await serving(...replies);
  return { client: createClient({ baseUrl: running.url, ...options }), received: running.received };
}

/** Gives "token 1", and a new token whenever one is asked for without the cache. */
function tokens() {
  let number = 1;
  return async (options?: { skipCache?: boolean }) => `token ${options?.skipCache ? ++number : number}`;
}

const profile = (client: ReturnType<typeof createClient>, signal?: AbortSignal) =>
  unwrap(client.GET("/api/user/profile", signal ? { signal } : {}));

describe("tokens", () => {
  test("a request carries the token", async () => {
    const { client, received } = await start([OK], { getToken: tokens() });

    expect((await profile(client)).clerk_id).toBe("user_ada");
    expect(received.map((each) => each.authorization)).toEqual(["Bearer token 1"]);
  });

  test("after a 401 a request is repeated once, with a new token", async () => {
    const { client, received } = await start([UNAUTHORIZED, OK], { getToken: tokens() });

    await profile(client);

    expect(received.map((each) => each.authorization)).toEqual(["Bearer token 1", "Bearer token 2"]);
  });

  test("a second 401 is final", async () => {
    const { client, received } = await start([UNAUTHORIZED], { getToken: tokens() });

    await expect(profile(client)).rejects.toMatchObject({ code: "unauthorized", status: 401 });
    expect(received).toHaveLength(2);
  });

  test("the same token is not sent again after a 401", async () => {
    const { client, received } = await start([UNAUTHORIZED], { getToken: async () => "always this" });

    await expect(profile(client)).rejects.toMatchObject({ code: "unauthorized" });
    expect(received).toHaveLength(1);
  });

  test("without a session nothing is sent", async () => {
    const { client, received } = await start([OK], { getToken: async () => null });

    await expect(profile(client)).rejects.toMatchObject({ code: "unauthorized" });
    expect(received).toHaveLength(0);
  });

  test("without getToken a request has no token, for a page that sends the cookie", async () => {
    const { client, received } = await start([OK]);

    await profile(client);

    expect(received[0]?.authorization).toBeUndefined();
  });

  test("a token that cannot be fetched is an error of the network", async () => {
    const { client } = await start([OK], { getToken: () => Promise.reject(new Error("offline")) });

    await expect(profile(client)).rejects.toMatchObject({ code: "network" });
  });

  test("two clients of one process never share a token", async () => {
    const { client: ada, received } = await start([OK], { getToken: async () => "of Ada" });
    const grace = createClient({ baseUrl: running!.url, getToken: async () => "of Grace" });

    await Promise.all([profile(ada), profile(grace), profile(ada)]);

    expect(received.map((each) => each.authorization).sort()).toEqual(["Bearer of Ada", "Bearer of Ada", "Bearer of Grace"]);
  });
});

describe("503", () => {
  test("a reading request is repeated after the time in Retry-After", async () => {
    const { client, received } = await start([soon("1"), OK], { getToken: tokens() });
    const started = Date.now();

    await profile(client);

    expect(Date.now() - started).toBeGreaterThanOrEqual(990);
    expect(received).toHaveLength(2);
  });

  test("Retry-After may be a date", async () => {
    const { client, received } = await start([soon(new Date(0).toUTCString()), OK]);

    await profile(client);

    expect(received).toHaveLength(2);
  });

  test("the first login is repeated, because it creates a user at most once", async () => {
    const { client, received } = await start([soon("0"), OK]);

    await unwrap(client.POST("/api/auth/sync"));

    expect(received.map((each) => each.method)).toEqual(["POST", "POST"]);
  });

  test("a change is not repeated, because its outcome may be unknown", async () => {
    const { client, received } = await start([soon("0"), OK]);
    const body = { role: "MENTOR", reason: "Course 7" } as const;
    const pending = unwrap(client.POST("/api/admin/users/{clerk_id}/roles", { params: { path: { clerk_id: "user_ada" } }, body }));

    await expect(pending).rejects.toMatchObject({ code: "unavailable", retryAfter: 0, requestId: "req_2" });
    expect(received).toHaveLength(1);
  });

  test("after the last repetition the error says when to try again", async () => {
    const { client, received } = await start([soon("0")], { retries: 3 });

    await expect(profile(client)).rejects.toMatchObject({ code: "unavailable", status: 503, retryAfter: 0 });
    expect(received).toHaveLength(4);
  });

  test.each(["11", "soon"])("Retry-After %s is not waited for", async (seconds) => {
    const { client, received } = await start([soon(seconds)]);

    await expect(profile(client)).rejects.toMatchObject({ code: "unavailable" });
    expect(received).toHaveLength(1);
  });

  test("a caller can give up while the client waits", async () => {
    const { client, received } = await start([soon("5"), OK]);
    const controller = new AbortController();
    const pending = profile(client, controller.signal);
    setTimeout(() => controller.abort(), 100);

    await expect(pending).rejects.toMatchObject({ name: "AbortError" });
    expect(received).toHaveLength(1);
  });

  test("a 401 after a 503 is answered with a new token", async () => {
    const { client, received } = await start([soon("0"), UNAUTHORIZED, OK], { getToken: tokens() });

    await profile(client);

    expect(received.map((each) => each.authorization)).toEqual(["Bearer token 1", "Bearer token 1", "Bearer token 2"]);
  });
});

describe("errors", () => {
  test("a change that is repeated after a 401 is sent whole", async () => {
    const { client, received } = await start([UNAUTHORIZED, { ...OK, status: 201 }], { getToken: tokens() });
    const body = { role: "MENTOR", reason: "Course 7" } as const;

    await unwrap(client.POST("/api/admin/users/{clerk_id}/roles", { params: { path: { clerk_id: "user ä" } }, body }));

    expect(received.map((each) => each.body)).toEqual(Array(2).fill(JSON.stringify(body)));
    expect(received[1]?.url).toBe("/api/admin/users/user%20%C3%A4/roles");
  });

  test("a problem has its code, message, request id and conflicting assignment", async () => {
    const problem = { error: "overlap", message: "The user already holds this role.", request_id: "req_9", assignment_id: 17 };
    const { client } = await start([{ status: 409, body: problem }]);

    const error: unknown = await profile(client).catch((each: unknown) => each);

    expect(error).toBeInstanceOf(AkakoError);
    expect(isAkakoError(error, "overlap", "last_admin")).toBe(true);
    expect(isAkakoError(error, "last_admin")).toBe(false);
    expect(error).toMatchObject({ code: "overlap", status: 409, requestId: "req_9", assignmentId: 17, message: problem.message });
  });

  test("the guard's denials have codes in lower case, and the request id of the header", async () => {
    const { client } = await start([{ status: 403, body: { error: "Forbidden" }, headers: { "x-request-id": "req_3" } }]);

    await expect(profile(client)).rejects.toMatchObject({ code: "forbidden", status: 403, requestId: "req_3" });
  });

  test.each([
    { status: 502, body: "<h1>Bad Gateway</h1>" },
    { status: 200, body: "<h1>Sign in</h1>" },
    { status: 404, body: [1] },
  ])("a response of another server is unexpected: $status", async (reply) => {
    const { client } = await start([reply]);

    await expect(profile(client)).rejects.toMatchObject({ name: "AkakoError", code: "unexpected" });
  });

  test("an API that is not there is an error of the network", async () => {
    const { client } = await start([OK]);
    await running!.close();

    const error: unknown = await profile(client).catch((each: unknown) => each);

    expect(isAkakoError(error, "network") && error.status).toBeUndefined();
  });

  test("an API that does not answer is given up", async () => {
    const { client } = await start([() => "hang"], { timeoutMs: 100 });

    await expect(profile(client)).rejects.toMatchObject({ code: "timeout" });
  });
});
