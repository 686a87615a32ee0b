import { expectTypeOf, test } from "vitest";
import { getCurrentUser } from "./lms/auth";
import type { GetCurrentUser, UseAuth, WithRoleGuard } from "./lms/before";
import { courses, menu, report } from "./lms/call-sites";
import { withRoleGuard } from "./lms/rbac";
import { useAuth } from "./lms/useAuth";

const lms = { getCurrentUser, withRoleGuard, useAuth };

test("the LMS's three files become re-exports: each has its old signature", () => {
  expectTypeOf(getCurrentUser).toExtend<GetCurrentUser>();
  expectTypeOf(withRoleGuard).toExtend<WithRoleGuard>();
  expectTypeOf(useAuth).toExtend<UseAuth>();
});

test("call sites are compiled unchanged, with the old files and with the new ones", () => {
  expectTypeOf(courses).toBeCallableWith(lms);
  expectTypeOf(report).toBeCallableWith(lms);
  expectTypeOf(menu).toBeCallableWith(lms);
  // Without the old types between them.
  const route = withRoleGuard(async (_: Request, context: { params: Promise<{ id: string }> }) => Response.json(await context.params), {
    roles: ["MENTOR"],
  });
  expectTypeOf(route).toBeCallableWith(new Request("http://lms.example.com"), { params: Promise.resolve({ id: "7" }) });
});

test("the old signatures are narrow enough to notice a difference", () => {
  expectTypeOf<() => Promise<{ clerkId: string } | null>>().not.toExtend<GetCurrentUser>();
  expectTypeOf<() => { user: null; roles: string[]; isLoading: boolean; isAuthenticated: boolean }>().not.toExtend<UseAuth>();
});
