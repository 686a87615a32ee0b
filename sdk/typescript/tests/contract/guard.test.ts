import { describe, expect, test } from "vitest";
import { apiSource, createGuard, databaseSource, type ClerkSession, type RolesSource } from "@akako/sync/next";
import { API, assign, ban, clientOf, DATABASE, eventually, remove, signIn, signUp, ADMIN } from "./stack";
import { unwrap, type Role } from "@akako/sync/client";

const api = apiSource({ baseUrl: API!, timeoutMs: 10_000 });
const database = databaseSource({ database: DATABASE!, timeoutMs: 10_000 });

/** The status of a route that requires a role. */
async function status(source: RolesSource, session: ClerkSession, role: Role = "MENTOR"): Promise<number> {
  const { withRoleGuard } = createGuard({ auth: async () => session, source });
  return (await withRoleGuard(async () => new Response(), { roles: [role] })()).status;
}

describe.each([
  ["the API", api],
  ["the database", database],
])("%s as the source", (_, source) => {
  test("a new user is a learner and becomes a mentor until the end of the role", async () => {
    const ada = await signUp("Ada");
    await unwrap((await clientOf(ada)).POST("/api/auth/sync"));
    const session = await signIn(ada);
    expect([await status(source, session, "LEARNER"), await status(source, session)]).toEqual([200, 403]);

    const { end } = await assign(ada, "MENTOR", 5);
    expect(await status(source, session)).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, end - Date.now() + 50));

    expect(await status(source, session)).toBe(403);
  });

  test("a user has the names of the LMS's schema, and the same values from each source", async () => {
    const ada = await signUp("Ada");
    await unwrap((await clientOf(ada)).POST("/api/auth/sync"));
    await assign(ada, "MENTOR");
    const session = await signIn(ada);
    const [user, other] = await Promise.all(
      [source, api].map((each) => createGuard({ auth: async () => session, source: each }).getCurrentUser()),
    );

    expect(user).toMatchObject({ clerkId: ada, firstName: "Ada" });
    expect(user!.roles.sort()).toEqual(["LEARNER", "MENTOR"]);
    const sorted = <Item extends { role: string }>(items: Item[]) => items.sort((one, two) => one.role.localeCompare(two.role));
    // A date has milliseconds, whichever way it came.
    expect({ ...user, roles: user!.roles.sort(), userRoles: sorted(user!.userRoles) }).toEqual({
      ...other,
      roles: other!.roles.sort(),
      userRoles: sorted(other!.userRoles),
    });
  });

  test("banned users get 403, deleted and unknown ones 401", async () => {
    const [bob, eve] = [await signUp("Bob"), await signUp("Eve")];
    const sessions = [await signIn(bob), await signIn(eve)] as const;
    for (const each of [bob, eve]) await unwrap((await clientOf(each)).POST("/api/auth/sync"));

    await ban(bob);
    await remove(eve);

    await eventually(async () => expect(await status(source, sessions[0], "LEARNER")).toBe(403));
    await eventually(async () => expect(await status(source, sessions[1], "LEARNER")).toBe(401));
    const { getCurrentUser } = createGuard({ auth: async () => sessions[0], source });
    expect(await getCurrentUser()).toBeNull();
  });

  test("an impersonated user's roles count, unless the impersonator is banned", async () => {
    const [ada, carl] = [await signUp("Ada"), await signUp("Carl")];
    for (const each of [ada, carl]) await unwrap((await clientOf(each)).POST("/api/auth/sync"));
    const session = await signIn(ada, carl);
    expect(await status(source, session, "LEARNER")).toBe(200);

    await ban(carl);

    await eventually(async () => expect(await status(source, session, "LEARNER")).toBe(403));
  });

  test("many users at once each get their own roles", async () => {
    const people = await Promise.all(Array.from({ length: 8 }, () => signUp("Nina")));
    await Promise.all(people.map(async (each) => unwrap((await clientOf(each)).POST("/api/auth/sync"))));
    const sessions = await Promise.all([...people, ADMIN!].map((each) => signIn(each)));
    const asked = Array.from({ length: 90 }, (_, index) => sessions[index % sessions.length]!);

    const statuses = await Promise.all(asked.map((each) => status(source, each, "ADMIN")));

    expect(statuses).toEqual(asked.map((each) => (each.userId === ADMIN ? 200 : 403)));
  });
});

describe("the database as the source", () => {
  test.each([
    ["that is not there", "postgresql://akako_app@127.0.0.1:9/akako"],
    ["that is read-only", `${DATABASE}${DATABASE!.includes("?") ? "&" : "?"}options=-c%20default_transaction_read_only%3Don`],
    ["without the views", DATABASE!.replace(/\/akako(?=[?]|$)/, "/postgres")],
  ])("a server %s leads to 503", async (_, url) => {
    const source = databaseSource({ database: url, timeoutMs: 2_000 });

    expect(await status(source, await signIn(ADMIN!), "ADMIN")).toBe(503);
  });

  test("a server that hangs leads to 503 in time, and the next request works", async () => {
    const { default: pg } = await import("pg");
    const pool = new pg.Pool({ connectionString: DATABASE, max: 1, query_timeout: 500 });
    pool.on("error", () => undefined);
    const slow = pool.query("select pg_sleep(30)").catch(() => undefined);
    const source = databaseSource({ database: pool });
    const session = await signIn(ADMIN!);

    await slow; // given up after 500 ms
    expect(await status(source, session, "ADMIN")).toBe(200);
    await pool.end();
  });
});
