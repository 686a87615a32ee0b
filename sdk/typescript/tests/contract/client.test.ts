import { expect, test } from "vitest";
import { isAkakoError, unwrap, createClient } from "@akako/sync/client";
import { API, assign, clientOf, signIn, signUp, ADMIN } from "./stack";

test("the first login creates a user from Clerk, and the profile has the time of the server", async () => {
  const client = await clientOf(await signUp("Ada"));

  const created = await unwrap(client.POST("/api/auth/sync"));
  const profile = await unwrap(client.GET("/api/user/profile"));

  expect(created.first_name).toBe("Ada");
  expect(profile.roles).toEqual(["LEARNER"]);
  expect(Math.abs(Date.parse(profile.at) - Date.now())).toBeLessThan(5_000);
});

test("errors of the API have the codes of the union", async () => {
  const ada = await signUp("Ada");
  await unwrap((await clientOf(ada)).POST("/api/auth/sync"));
  const admin = await clientOf(ADMIN!);
  const { id } = await assign(ada, "MENTOR");
  const params = { path: { clerk_id: ada } };

  const again: unknown = await assign(ada, "MENTOR").catch((error: unknown) => error);
  expect(isAkakoError(again, "overlap") && [again.status, again.assignmentId]).toEqual([409, id]);
  const past = { role: "ADMIN", start: "2020-01-01T00:00:00Z", reason: "Too early" } as const;
  await expect(unwrap(admin.POST("/api/admin/users/{clerk_id}/roles", { params, body: past }))).rejects.toMatchObject({
    code: "start_too_early",
    status: 422,
    requestId: expect.stringMatching(/^req_/),
  });
  const nowhere = { params: { path: { clerk_id: "user_none" } } };
  await expect(unwrap(admin.GET("/api/admin/users/{clerk_id}", nowhere))).rejects.toMatchObject({ code: "user_unknown", status: 404 });
  await expect(unwrap((await clientOf(ada)).GET("/api/admin/users"))).rejects.toMatchObject({ code: "forbidden", status: 403 });
});

test("a token that is not valid is replaced by a new one", async () => {
  const { getToken } = await signIn(ADMIN!);
  const client = createClient({ baseUrl: API!, getToken: async (options) => (options?.skipCache ? getToken() : "outdated") });

  expect((await unwrap(client.GET("/api/user/profile"))).clerk_id).toBe(ADMIN);
});
