import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { AkakoProvider, RequireRole } from "@akako/sync/react";
import { Clerk } from "./page";

afterEach(cleanup);

test.each([{ anyOf: [] }, { allOf: [] }, {}])("a list without roles is an error, and does not mean every user: %j", (lists) => {
  const quiet = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const required = lists as unknown as { anyOf: ["ADMIN"] };

  const page = () =>
    render(
      <AkakoProvider useAuth={new Clerk().useAuth}>
        <RequireRole {...required}>Secret</RequireRole>
      </AkakoProvider>,
    );

  expect(page).toThrow("at least one role");
  quiet.mockRestore();
});

test("lists of roles are checked by the compiler", () => {
  // @ts-expect-error - empty
  void (<RequireRole anyOf={[]} />);
  // @ts-expect-error - neither
  void (<RequireRole />);
  // @ts-expect-error - both
  void (<RequireRole anyOf={["ADMIN"]} allOf={["ADMIN"]} />);
  // @ts-expect-error - not a role
  void (<RequireRole anyOf={["OWNER"]} />);
});
