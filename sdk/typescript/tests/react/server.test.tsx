// @vitest-environment node
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { Api } from "./api";
import { App, Clerk } from "./page";

test("server-rendered HTML is the same for every user, whatever Clerk says", () => {
  const api = new Api();
  api.add("user_ada", ["ADMIN", 0], ["MENTOR", 0]);
  const [signedIn, signedOut, loading] = [new Clerk(), new Clerk(), new Clerk()];
  signedIn.signIn("user_ada");
  signedOut.signOut();

  const [first, ...others] = [signedIn, signedOut, loading].map((clerk) => renderToString(<App api={api} clerk={clerk} />));

  expect(first).toContain("please wait");
  expect(first).not.toMatch(/Mentors|ADMIN|user_ada/);
  expect(others).toEqual([first, first]);
  expect(api.requests).toEqual([]);
});
