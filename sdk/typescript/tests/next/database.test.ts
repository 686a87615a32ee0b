import { describe, expect, test } from "vitest";
import { databaseSource, type Queryable } from "@akako/sync/next";

const row = (asked: string, fields: Record<string, unknown> = {}) => ({
  ...{ read_only: false, asked, id: "17", email: null, first_name: null, last_name: null, username: null, image_url: null },
  ...{ banned: false, deleted: false, roles: [{ id: "1", role: "MENTOR", start: "2026-03-01T00:00:00+00:00", end: null }] },
  ...fields,
});

/** What is concluded from rows. The statement itself is run on a real database by the contract tests. */
async function find(rows: object[], actor?: unknown, userId = "user_ada") {
  const asked: unknown[] = [];
  const database: Queryable = { query: async (_, values) => (asked.push(...values), { rows }) };
  const caller = await databaseSource({ database }).find({ userId, actor, getToken: async () => null });
  return { caller, asked };
}

describe("rows that belong to another query, or to a standby, admit no caller", () => {
  test.each([
    ["no row", []],
    ["a row of another user", [row("user_eve")]],
    ["two rows", [row("user_ada"), row("user_eve")]],
    ["a read-only server", [row("user_ada", { read_only: true })]],
    ["a read-only server that knows no user", [row("user_ada", { read_only: true, id: null })]],
  ])("%s", async (_, rows) => {
    expect((await find(rows)).caller).toMatchObject({ status: "unavailable", error: { code: "unavailable", retryAfter: 2 } });
  });
});

describe("users", () => {
  test.each([
    ["unknown", { id: null, banned: null, deleted: null, roles: null }, "unauthorized"],
    ["deleted", { deleted: true }, "unauthorized"],
    ["deleted and banned", { deleted: true, banned: true }, "unauthorized"],
    ["banned", { banned: true }, "banned"],
    ["known", {}, "known"],
  ])("%s", async (_, fields, status) => {
    expect((await find([row("user_ada", fields)])).caller.status).toBe(status);
  });

  test("a role that is not known here is left out", async () => {
    const roles = [{ id: "1", role: "OWNER", start: "2026-03-01T00:00:00Z", end: null }];

    expect((await find([row("user_ada", { roles })])).caller).toMatchObject({ status: "known", user: { roles: [], userRoles: [] } });
  });
});

describe("impersonation", () => {
  const admin = { sub: "user_admin" };

  test("asks for both users in one query", async () => {
    const { caller, asked } = await find([row("user_ada"), row("user_admin")], admin);

    expect(asked).toEqual([["user_ada", "user_admin"]]);
    expect(caller).toMatchObject({ status: "known", user: { clerkId: "user_ada" } });
  });

  test.each([{ banned: true }, { deleted: true }])("a known impersonator is refused: %j", async (fields) => {
    expect((await find([row("user_ada"), row("user_admin", fields)], admin)).caller).toEqual({ status: "banned" });
  });

  test("an unknown impersonator is not refused", async () => {
    expect((await find([row("user_ada"), row("user_admin", { id: null })], admin)).caller.status).toBe("known");
  });

  test.each([{}, { sub: "" }, { sub: 1 }, "user_admin"])("a claim that names no impersonator is refused: %j", async (actor) => {
    expect((await find([row("user_ada")], actor)).caller).toEqual({ status: "unauthorized" });
  });
});
