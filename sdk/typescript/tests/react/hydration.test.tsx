import { act } from "@testing-library/react";
import { hydrateRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, expect, test, vi } from "vitest";
import { Api } from "./api";
import { App, Clerk } from "./page";

afterEach(() => vi.restoreAllMocks());

test("a page is hydrated without a difference, and then shows the roles", async () => {
  const api = new Api();
  const clerk = new Clerk();
  api.add("user_ada", ["MENTOR", -1]);
  clerk.signIn("user_ada");
  const errors = vi.spyOn(console, "error");
  const place = document.createElement("div");
  document.body.append(place);
  place.innerHTML = renderToString(<App api={api} clerk={clerk} />);
  expect(place.textContent).not.toContain("Mentors");

  const root = await act(async () => hydrateRoot(place, <App api={api} clerk={clerk} />));

  await vi.waitFor(() => expect(place.textContent).toContain("Mentors"));
  expect(errors).not.toHaveBeenCalled();
  await act(async () => root.unmount());
});
