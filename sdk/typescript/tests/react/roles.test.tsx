import { act, render as renderAlone } from "@testing-library/react";
import { useEffect, useReducer, type ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { useAkakoClient, useAuth, useRoles, type Roles } from "@akako/sync/react";
import { Api, MINUTE } from "./api";
import { change, cleanup, Clerk, focus, pass, show, sleep } from "./page";

let api: Api;
let clerk: Clerk;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T12:00:00Z") });
  api = new Api();
  clerk = new Clerk();
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

/** A page of a user who is signed in. */
async function signedIn(options: Parameters<typeof show>[2] = {}) {
  clerk.signIn("user_ada");
  return show(api, clerk, options);
}

describe("states", () => {
  test("before Clerk has loaded, the roles are loading", async () => {
    const page = await show(api, clerk);

    expect([page.roles(), page.name()]).toEqual(["loading: ", "loading"]);
    expect(page.text()).toContain("please wait");
  });

  test("without a session the user is signed out, and nothing is sent", async () => {
    const page = await show(api, clerk);
    await change(() => clerk.signOut());

    expect([page.roles(), page.name()]).toEqual(["signed-out: ", "no user false"]);
    expect(api.requests).toEqual([]);
  });

  test("a known user has the roles held now", async () => {
    api.add("user_ada", ["LEARNER", -MINUTE], ["MENTOR", -MINUTE, -1], ["ADMIN", MINUTE]);
    const page = await signedIn();

    expect([page.roles(), page.name()]).toEqual(["ready: LEARNER", "user_ada true"]);
    expect(page.text()).toContain("not a mentor (ready)");
  });

  test("a banned user has no roles", async () => {
    api.add("user_ada", ["MENTOR", 0]);
    api.users.get("user_ada")!.banned = true;
    const page = await signedIn();

    expect([page.roles(), page.mentors(), page.name()]).toEqual(["banned: ", false, "no user false"]);
  });

  test("a user that Clerk does not have either is unknown", async () => {
    const page = await signedIn();

    expect(page.roles()).toBe("unknown-user: ");
    expect(api.count("POST /api/auth/sync")).toBe(1);
  });

  test("an API that is unavailable leaves no roles, until it answers again", async () => {
    api.add("user_ada", ["MENTOR", 0]);
    api.isUnavailable = true;
    const page = await signedIn();
    expect(page.roles()).toBe("unavailable: ");

    api.isUnavailable = false;
    await pass(10_000);

    expect(page.roles()).toBe("ready: MENTOR");
  });

  test("an answer about another user is not used", async () => {
    api.add("user_eve", ["ADMIN", 0]);
    const page = await show(api, clerk, {
      useAuth: () => ({ isLoaded: true, isSignedIn: true, userId: "user_ada", sessionId: "sess_1", getToken: async () => "user_eve 1" }),
    });

    expect(page.roles()).toBe("signed-out: ");
  });
});

describe("time", () => {
  test("a role ends on the page at its instant, without a request", async () => {
    api.add("user_ada", ["LEARNER", -MINUTE], ["MENTOR", -MINUTE, 20_000]);
    const page = await signedIn();
    expect([page.roles(), page.mentors()]).toEqual(["ready: LEARNER MENTOR", true]);

    await pass(19_999);
    expect(page.mentors()).toBe(true);
    await pass(1);

    expect([page.roles(), page.mentors()]).toEqual(["ready: LEARNER", false]);
    expect(api.requests).toHaveLength(1);
  });

  test("a role begins on the page at its instant, and ends later", async () => {
    api.add("user_ada", ["MENTOR", 10_000, 30_000]);
    const page = await signedIn();

    await pass(9_999);
    expect(page.mentors()).toBe(false);
    await pass(1);
    expect(page.mentors()).toBe(true);
    await pass(20_000);

    expect(page.mentors()).toBe(false);
  });

  test.each([3_600_000, -3_600_000])("the clock of the page does not matter: the server's is %d ms ahead", async (skew) => {
    api.skew = skew;
    api.add("user_ada", ["MENTOR", -MINUTE, 20_000], ["ADMIN", 10_000]);
    const page = await signedIn();
    expect([page.mentors(), page.both()]).toEqual([true, false]);

    await pass(10_000);
    expect(page.both()).toBe(true);
    await pass(10_000);

    expect(page.roles()).toBe("ready: ADMIN");
  });

  test("a slow answer shows a role neither too long nor too early", async () => {
    api.latency = 3_000;
    api.add("user_ada", ["MENTOR", -MINUTE, 10_000], ["ADMIN", 5_000]);
    const page = await signedIn();
    await pass(3_000);
    // It may be 12:00:00 at the server, or 12:00:03.
    await pass(4_999);
    expect(page.roles()).toBe("ready: MENTOR");
    await pass(1);
    expect(page.roles()).toBe("ready: MENTOR ADMIN");
    await pass(1_999);
    expect(page.roles()).toBe("ready: MENTOR ADMIN");
    await pass(1);

    expect(page.roles()).toBe("ready: ADMIN");
  });

  test("a role that may have begun while the answer was on its way is not shown before it is certain", async () => {
    api.latency = 3_000;
    api.add("user_ada", ["ADMIN", 2_000]);
    const page = await signedIn();
    await pass(3_000);
    expect(page.roles()).toBe("ready: ");

    await pass(2_000);

    expect(page.roles()).toBe("ready: ADMIN");
  });

  test("time spent on refused attempts does not blur the server's time", async () => {
    api.add("user_ada", ["MENTOR", -MINUTE, 10_000]);
    const answer = api.fetch;
    let isFirst = true;
    const page = await signedIn({
      fetch: async (request) => {
        if (!isFirst) return answer(request);
        isFirst = false;
        return Response.json({ error: "Unavailable" }, { status: 503, headers: { "retry-after": "4" } });
      },
    });
    await pass(5_000);
    expect(page.mentors()).toBe(true);

    await pass(4_999);
    expect(page.mentors()).toBe(true);
    await pass(1);

    expect(page.mentors()).toBe(false);
  });

  test("a role that ends in more days than a timer can count stays", async () => {
    api.add("user_ada", ["MENTOR", -MINUTE, 40 * 24 * 60 * MINUTE]);
    const page = await signedIn();

    await pass(2 * MINUTE);

    expect(page.mentors()).toBe(true);
  });

  test("a tab that slept over the end of a role shows it no more, before any answer", async () => {
    api.add("user_ada", ["MENTOR", -MINUTE, 2 * MINUTE]);
    const page = await signedIn();
    api.isOffline = true;

    sleep(3 * MINUTE);
    await focus();

    expect(page.mentors()).toBe(false);
  });

  test("a component that renders before the late timer sees no ended role, and the others are told", async () => {
    api.add("user_ada", ["MENTOR", -MINUTE, 20_000]);
    let render: () => void = () => undefined;
    const page = await signedIn({ children: <Watcher onRender={(again) => (render = again)} /> });
    expect(page.mentors()).toBe(true);

    sleep(30_000);
    await act(async () => render());

    expect(page.mentors()).toBe(false);
  });

  test("after a long sleep there are no roles until the API has answered", async () => {
    api.add("user_ada", ["MENTOR", -MINUTE]);
    const page = await signedIn();
    api.latency = 1_000;

    sleep(6 * MINUTE);
    await focus();
    expect(page.roles()).toBe("loading: ");
    await pass(1_000);

    expect(page.roles()).toBe("ready: MENTOR");
  });

  test("a wall clock that is set back keeps no role alive", async () => {
    api.add("user_ada", ["MENTOR", -MINUTE, 20_000]);
    const page = await signedIn();
    api.skew = 3_600_000; // the server's clock goes on
    vi.setSystemTime(Date.now() - 3_600_000);

    await pass(20_000);

    expect(page.mentors()).toBe(false);
  });

  test("a wall clock that is set forward begins no role early", async () => {
    api.add("user_ada", ["ADMIN", 40_000]);
    const page = await signedIn({ refetchInterval: 0 });
    vi.setSystemTime(Date.now() + MINUTE);
    api.skew = -MINUTE;

    await pass(39_000);
    expect(page.roles()).toBe("ready: ");
    await pass(1_000);

    expect(page.roles()).toBe("ready: ADMIN");
  });
});

describe("changes", () => {
  test("a revoked role disappears when the user comes back to the page", async () => {
    api.add("user_ada", ["MENTOR", -MINUTE]);
    const page = await signedIn();
    api.add("user_ada", ["LEARNER", -MINUTE]);

    await focus();

    expect(page.roles()).toBe("ready: LEARNER");
    expect(api.requests).toHaveLength(2); // several events, one reading
  });

  test("a revoked role disappears within a minute without that", async () => {
    api.add("user_ada", ["MENTOR", -MINUTE]);
    const page = await signedIn();
    api.add("user_ada", ["LEARNER", -MINUTE]);

    await pass(MINUTE);

    expect(page.roles()).toBe("ready: LEARNER");
  });

  test("a page out of sight is not read again by an event, and is when it is seen", async () => {
    api.add("user_ada", ["MENTOR", -MINUTE]);
    await signedIn();
    const visibility = vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
    await focus();
    expect(api.requests).toHaveLength(1);

    visibility.mockRestore();
    await focus();

    expect(api.requests).toHaveLength(2);
  });

  test("offline, roles stay for a while and end by the clock; then they are unavailable", async () => {
    api.add("user_ada", ["MENTOR", -MINUTE, 2 * MINUTE], ["LEARNER", -MINUTE]);
    const page = await signedIn();
    api.isOffline = true;

    await pass(MINUTE);
    expect(page.roles()).toBe("ready: MENTOR LEARNER");
    await pass(MINUTE);
    expect(page.roles()).toBe("ready: LEARNER");
    await pass(3 * MINUTE);
    expect(page.roles()).toBe("unavailable: ");
    api.isOffline = false;
    await change(() => window.dispatchEvent(new Event("online")));

    expect(page.roles()).toBe("ready: LEARNER");
  });

  test("a ban takes the roles at the next reading", async () => {
    api.add("user_ada", ["MENTOR", -MINUTE]);
    const page = await signedIn();
    api.users.get("user_ada")!.banned = true;

    await focus();

    expect([page.roles(), page.mentors()]).toEqual(["banned: ", false]);
  });

  test("the roles of the same answer are the same objects", async () => {
    api.add("user_ada", ["MENTOR", -MINUTE]);
    const seen: Roles[] = [];
    await signedIn({ children: <Watcher onRender={(_, roles) => seen.push(roles)} /> });
    const ready = seen.at(-1)!;
    expect(ready.status).toBe("ready");

    await focus();

    expect(seen.at(-1)!.user).toBe(ready.user);
  });

  test("a component can read the roles again", async () => {
    api.add("user_ada", ["LEARNER", -MINUTE]);
    let last: Roles | undefined;
    const page = await signedIn({ children: <Watcher onRender={(_, roles) => (last = roles)} /> });
    api.add("user_ada", ["ADMIN", -MINUTE]);

    await change(() => void last!.refetch());

    expect(page.roles()).toBe("ready: ADMIN");
  });

  test("nothing is read after the page was left", async () => {
    api.add("user_ada", ["MENTOR", -MINUTE, 2 * MINUTE]);
    const page = await signedIn();
    page.unmount();

    await focus();
    await pass(10 * MINUTE);

    expect(api.requests).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("sessions", () => {
  test("a token that is refused is replaced once", async () => {
    api.add("user_ada", ["MENTOR", -MINUTE]);
    api.refuse("user_ada 1");
    const page = await signedIn();

    expect(page.roles()).toBe("ready: MENTOR");
    expect(api.requests).toEqual(["GET /api/user/profile user_ada 1", "GET /api/user/profile user_ada 2"]);
  });

  test("a session that was ended elsewhere leads from a 401 to signed out", async () => {
    api.add("user_ada", ["MENTOR", -MINUTE]);
    const page = await signedIn();
    clerk.revoke();
    api.refuse("user_ada 1");

    await focus();

    expect([page.roles(), page.mentors()]).toEqual(["signed-out: ", false]);
    expect(api.count("POST")).toBe(0);
  });

  test("after signing out nothing of the user is left", async () => {
    api.add("user_ada", ["MENTOR", -MINUTE]);
    const page = await signedIn();

    await change(() => clerk.signOut());

    expect([page.roles(), page.name(), page.mentors()]).toEqual(["signed-out: ", "no user false", false]);
  });

  test("the next user never sees the roles of the one before, not even for one rendering", async () => {
    api.add("user_ada", ["ADMIN", -MINUTE]);
    api.add("user_bob", ["LEARNER", -MINUTE]);
    const seen: string[] = [];
    const watcher = <Watcher onRender={(_, roles, userId) => seen.push(`${userId} ${roles.status} ${roles.roles.join(" ")}`)} />;
    await signedIn({ children: watcher });
    api.latency = 1_000;

    await change(() => clerk.signIn("user_bob"));
    await pass(1_000);

    expect(seen).toContain("user_ada ready ADMIN");
    expect(seen.filter((each) => each.startsWith("user_bob"))).toEqual(
      expect.arrayContaining(["user_bob loading ", "user_bob ready LEARNER"]),
    );
    expect(seen.filter((each) => each.startsWith("user_bob") && each.includes("ADMIN"))).toEqual([]);
  });

  test("an answer that arrives after the user has changed is not used", async () => {
    api.add("user_ada", ["ADMIN", -MINUTE]);
    api.add("user_bob", ["LEARNER", -MINUTE]);
    api.latency = 2_000;
    const page = await signedIn();
    await pass(1_000);
    api.latency = 5_000;

    await change(() => clerk.signIn("user_bob"));
    await pass(1_000);
    expect(page.roles()).toBe("loading: ");
    await pass(4_000);

    expect(page.roles()).toBe("ready: LEARNER");
  });
});

describe("the first login", () => {
  test.each([{ strict: false }, { strict: true }])("creates the user once, however many components ask: %j", async ({ strict }) => {
    api.atClerk.add("user_ada");
    const many = Array.from({ length: 20 }, (_, key) => <Watcher key={key} onRender={() => undefined} />);
    const page = await signedIn({ strict, children: many });

    expect(page.roles()).toBe("ready: LEARNER");
    expect(api.count("POST /api/auth/sync")).toBe(1);
  });

  test("is not repeated for a user who is known later, nor for one who stays unknown", async () => {
    const page = await signedIn();
    await focus();
    expect(api.count("POST /api/auth/sync")).toBe(1);

    api.add("user_ada", ["MENTOR", 0]); // by a webhook
    await focus();

    expect(page.roles()).toBe("ready: MENTOR");
    expect(api.count("POST /api/auth/sync")).toBe(1);
  });

  test("is tried again if Clerk was unavailable", async () => {
    api.atClerk.add("user_ada");
    const answer = api.fetch;
    let isDown = true;
    const page = await signedIn({
      fetch: async (request) =>
        isDown && request.method === "POST" ? Response.json({ error: "unavailable" }, { status: 503 }) : answer(request),
    });
    expect(page.roles()).toBe("unavailable: ");
    isDown = false;

    await focus();

    expect(page.roles()).toBe("ready: LEARNER");
  });

  test("happens once while the page is left and shown again", async () => {
    api.atClerk.add("user_ada");
    api.latency = 1_000;
    const page = await signedIn({ strict: true });
    await pass(3_000);

    expect(page.roles()).toBe("ready: LEARNER");
    expect(api.requests.filter((each) => each.startsWith("POST"))).toHaveLength(1);
  });
});

test("the client of the page sends the token of the user", async () => {
  api.add("user_ada", ["ADMIN", 0]);
  await signedIn({ children: <Asker /> });

  expect(api.requests).toContain("GET /api/admin/audit user_ada 1");
});

test("hooks outside of the provider say what is missing", () => {
  const quiet = vi.spyOn(console, "error").mockImplementation(() => undefined);

  expect(() => act(() => void renderAlone(<Watcher onRender={() => undefined} />))).toThrow("There is no AkakoProvider");
  quiet.mockRestore();
});

interface WatcherProps {
  onRender: (again: () => void, roles: Roles, userId: string | null | undefined) => void;
}

function Watcher({ onRender }: WatcherProps): ReactNode {
  const [, again] = useReducer((count: number) => count + 1, 0);
  const roles = useRoles();
  onRender(again, roles, useAuth().userId);
  return null;
}

function Asker(): ReactNode {
  const client = useAkakoClient();
  useEffect(() => void client.GET("/api/admin/audit"), [client]);
  return null;
}
