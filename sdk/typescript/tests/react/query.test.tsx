import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { cleanup, render } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, expect, expectTypeOf, test, vi } from "vitest";
import { createClient, type Profile } from "@akako/sync/client";
import { profileKeys, profileQueryOptions } from "@akako/sync/react";
import { Api } from "./api";

afterEach(cleanup);

function Name({ api, token, userId }: { api: Api; token: string; userId: string }): ReactNode {
  const client = createClient({ baseUrl: "http://api.example.com", fetch: api.fetch, getToken: async () => token });
  const { data, error } = useQuery(profileQueryOptions(client, userId));
  expectTypeOf(data).toEqualTypeOf<Profile | undefined>();
  return <p>{data?.first_name ?? error?.message ?? "loading"}</p>;
}

test("the options work with TanStack Query, and an answer about another user is an error", async () => {
  const api = new Api();
  api.add("user_ada", ["MENTOR", 0]);
  const queries = new QueryClient();
  const page = render(
    <QueryClientProvider client={queries}>
      <Name api={api} token="user_ada 1" userId="user_ada" />
      <Name api={api} token="user_ada 1" userId="user_bob" />
    </QueryClientProvider>,
  );

  await vi.waitFor(() => expect(page.container.textContent).toBe("user_adaAnother user is signed in now."));

  expect(queries.getQueryData(profileKeys.of("user_ada"))).toMatchObject({ clerk_id: "user_ada" });
  expect(queries.getQueryData(profileKeys.of("user_bob"))).toBeUndefined();
});
