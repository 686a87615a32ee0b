import { expectTypeOf, test } from "vitest";
import { createClient, isAkakoError, unwrap, type ErrorCode, type Profile, type Role } from "@akako/sync/client";

const client = createClient();

test("paths, parameters and responses have the types of the document", () => {
  expectTypeOf<Role>().toEqualTypeOf<"LEARNER" | "MENTOR" | "ADMIN">();
  const read = () => unwrap(client.GET("/api/user/profile"));
  expectTypeOf(read).returns.resolves.toEqualTypeOf<Profile>();
  // @ts-expect-error - no such path
  void (() => client.GET("/api/nowhere"));
  // @ts-expect-error - the reason is required
  void (() => client.POST("/api/admin/users/{clerk_id}/roles", { params: { path: { clerk_id: "a" } }, body: { role: "MENTOR" } }));
  // @ts-expect-error - no such role
  void (() => client.GET("/api/admin/users", { params: { query: { role: "OWNER" } } }));
});

test("codes of errors are a union", () => {
  expectTypeOf<"overlap" | "last_admin" | "unauthorized" | "forbidden" | "unavailable" | "network">().toExtend<ErrorCode>();
  expectTypeOf<"overlapping">().not.toExtend<ErrorCode>();
  const error: unknown = null;
  if (isAkakoError(error, "overlap", "last_admin")) expectTypeOf(error.code).toEqualTypeOf<"overlap" | "last_admin">();
  // @ts-expect-error - no such code
  isAkakoError(error, "overlapping");
});
