import { expect, test } from "vitest";
import { isRole, rolesForMenus } from "@akako/sync/client";

const NOON = Date.parse("2026-03-01T12:00:00Z");

test("menus may show the roles of a token until the set shrinks", () => {
  const claims = { roles: ["LEARNER", "MENTOR"], roles_until: NOON / 1000 + 1 };

  expect(rolesForMenus(claims, NOON)).toEqual(["LEARNER", "MENTOR"]);
  expect(rolesForMenus(claims, NOON + 1000)).toEqual([]);
  expect(rolesForMenus({ roles: ["ADMIN"] }, NOON)).toEqual(["ADMIN"]);
});

test.each([undefined, null, {}, { roles: "ADMIN" }, { roles: ["OWNER", 1] }, { roles: ["ADMIN"], roles_until: "2100-01-01" }, { roles: ["ADMIN"], roles_until: 1 }, { roles: ["ADMIN"], roles_until: true }])(
  "claims that are not understood hold no role: %j",
  (claims) => {
    expect(rolesForMenus(claims, NOON)).toEqual([]);
  },
);

test("only names of roles are roles", () => {
  expect(["ADMIN", "admin", "toString", null].filter(isRole)).toEqual(["ADMIN"]);
});
