import { createClient, unwrap, type AkakoClient, type Role } from "@akako/sync/client";
import type { ClerkSession } from "@akako/sync/next";

/** Addresses of the running `akako up`, and an admin; set by tests/typescript/test_contract.py. */
export const { AKAKO_API_URL: API, AKAKO_DATABASE_URL: DATABASE, CLERK_URL: CLERK, ADMIN } = process.env as Record<string, string>;

/** Asks the control API of the development Clerk. */
async function clerk(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const headers = { "x-akako-clerk": "1", "content-type": "application/json" };
  const response = await fetch(`${CLERK}/dev${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}

let number = 0;

/** A new user of Clerk, which delivers a webhook about it. */
export async function signUp(firstName: string): Promise<string> {
  const email = `${firstName.toLowerCase()}${process.pid}.${number++}@example.com`;
  return (await clerk("POST", "/api/users", { email_address: [email], first_name: firstName }))["id"] as string;
}

export const ban = (userId: string) => clerk("POST", `/api/users/${userId}/ban`);
export const remove = (userId: string) => clerk("DELETE", `/api/users/${userId}`);

/** A session of the user, as Clerk's `auth()` returns it. */
export async function signIn(userId: string, actor?: string): Promise<ClerkSession> {
  const { jwt } = await clerk("POST", "/sign-in", { user_id: userId, ...(actor && { actor }) });
  return { userId, getToken: async () => jwt as string, ...(actor && { actor: { sub: actor } }) };
}

export async function clientOf(userId: string): Promise<AkakoClient> {
  const { getToken } = await signIn(userId);
  return createClient({ baseUrl: API, getToken });
}

/** Give a role, for a number of seconds if it is given. */
export async function assign(userId: string, role: Role, seconds?: number): Promise<{ id: number; end: number }> {
  const end = seconds === undefined ? null : new Date(Date.now() + seconds * 1000).toISOString();
  const path = { params: { path: { clerk_id: userId } }, body: { role, end, reason: "Contract test" } };
  const { id } = await unwrap((await clientOf(ADMIN!)).POST("/api/admin/users/{clerk_id}/roles", path));
  return { id, end: end === null ? Infinity : Date.parse(end) };
}

/** Repeat until it does not throw. */
export async function eventually<Result>(work: () => Promise<Result>, seconds = 40): Promise<Result> {
  for (const deadline = Date.now() + seconds * 1000; ; ) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
