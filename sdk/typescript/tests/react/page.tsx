import { act, cleanup, render } from "@testing-library/react";
import { StrictMode, useSyncExternalStore, type ReactNode } from "react";
import { vi } from "vitest";
import { AkakoProvider, RequireRole, useAuth, useRoles, type AkakoProviderProps, type ClerkAuth } from "@akako/sync/react";
import type { Api } from "./api";

/** Clerk in the page: who is signed in, and tokens such as "user_ada 1". */
export class Clerk {
  #userId: string | null = null;
  #session = 0;
  #token = 1;
  #auth: ClerkAuth = this.#make(false);
  #listener: (() => void) | undefined;

  signIn(userId: string): void {
    this.#userId = userId;
    this.#session += 1;
    this.#token = 1;
    this.#change();
  }

  signOut(): void {
    this.#userId = null;
    this.#change();
  }

  /** The session was ended elsewhere; this page has not noticed yet. */
  revoke(): void {
    this.#userId = null;
  }

  readonly useAuth = (): ClerkAuth =>
    useSyncExternalStore(
      (listener) => {
        this.#listener = listener;
        return () => undefined;
      },
      () => this.#auth,
      () => this.#auth,
    );

  #change(): void {
    this.#auth = this.#make(true);
    this.#listener?.();
  }

  #make(isLoaded: boolean): ClerkAuth {
    const userId = this.#userId;
    const sessionId = userId && `sess_${this.#session}`;
    const getToken: ClerkAuth["getToken"] = async (options) => {
      if (this.#userId === null) return options?.skipCache || !userId ? null : `${userId} ${this.#token}`;
      if (options?.skipCache) this.#token += 1;
      return `${this.#userId} ${this.#token}`;
    };
    return { isLoaded, isSignedIn: isLoaded ? userId !== null : undefined, userId, sessionId, getToken };
  }
}

function Roles(): ReactNode {
  const { status, roles } = useRoles();
  return <p data-testid="roles">{`${status}: ${roles.join(" ")}`}</p>;
}

function Name(): ReactNode {
  const { user, isLoading, isAuthenticated } = useAuth();
  return <p data-testid="name">{isLoading ? "loading" : `${user?.clerkId ?? "no user"} ${isAuthenticated}`}</p>;
}

export function App({ api, clerk, ...props }: { api: Api; clerk: Clerk } & Partial<AkakoProviderProps>): ReactNode {
  return (
    <AkakoProvider useAuth={clerk.useAuth} baseUrl="http://api.example.com" fetch={api.fetch} {...props}>
      <Roles />
      <Name />
      <RequireRole anyOf={["MENTOR", "ADMIN"]} fallback={({ status }) => `not a mentor (${status})`} loading="please wait">
        <h1>Mentors</h1>
      </RequireRole>
      <RequireRole allOf={["MENTOR", "ADMIN"]}>
        <h1>Admins who are mentors</h1>
      </RequireRole>
      {props.children}
    </AkakoProvider>
  );
}

/** Show the page; what it shows is read from the returned functions. */
export async function show(api: Api, clerk: Clerk, { strict = false, ...props }: { strict?: boolean } & Partial<AkakoProviderProps> = {}) {
  const app = <App api={api} clerk={clerk} {...props} />;
  const page = render(strict ? <StrictMode>{app}</StrictMode> : app);
  await pass(0);
  const text = (id: string): string => page.getByTestId(id).textContent ?? "";
  return {
    roles: () => text("roles"),
    name: () => text("name"),
    mentors: () => page.queryByText("Mentors") !== null,
    both: () => page.queryByText("Admins who are mentors") !== null,
    text: () => page.container.textContent ?? "",
    html: () => page.container.innerHTML,
    unmount: () => page.unmount(),
  };
}

/** Let time pass for the page: its clocks and its timers. */
export async function pass(milliseconds: number): Promise<void> {
  await act(() => vi.advanceTimersByTimeAsync(milliseconds));
}

/** Change something outside, and let the page react. */
export async function change(work: () => void): Promise<void> {
  await act(async () => {
    work();
    await vi.advanceTimersByTimeAsync(0);
  });
}

/** The machine sleeps: its wall clock goes on, its timers and its steady clock do not. */
export function sleep(milliseconds: number): void {
  vi.setSystemTime(Date.now() + milliseconds);
}

/** What a browser does when the user comes back to the page. */
export async function focus(): Promise<void> {
  await change(() => {
    document.dispatchEvent(new Event("visibilitychange"));
    window.dispatchEvent(new Event("focus"));
  });
}

export { cleanup };
