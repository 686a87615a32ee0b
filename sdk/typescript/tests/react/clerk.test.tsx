import { useAuth as ofReact } from "@clerk/react";
import { expectTypeOf, test } from "vitest";
import { useAuth, type AkakoProviderProps, type ClerkAuth } from "@akako/sync/react";

test("Clerk's useAuth can be given to the provider, and its fields stay", () => {
  expectTypeOf(ofReact).toExtend<AkakoProviderProps["useAuth"]>();
  const read = () => useAuth<ReturnType<typeof ofReact>>();
  expectTypeOf(read).returns.toHaveProperty("signOut");
  expectTypeOf<ReturnType<typeof ofReact>>().toExtend<ClerkAuth>();
});
