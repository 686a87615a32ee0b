// An LMS in small, against `make up`: pages of Vite and React, and two routes of its own that are guarded by roles.
import { AsyncLocalStorage } from "node:async_hooks";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { apiSource, createGuard } from "@akako/sync/next";
import { createClerkClient } from "@clerk/backend";
import { createServer as createVite } from "vite";

const PORT = Number(process.env.PORT ?? 3000);
const API = process.env.AKAKO_API_URL ?? "http://127.0.0.1:8001";
const CLERK = process.env.CLERK_URL ?? "http://localhost:8002";
const ROOT = fileURLToPath(new URL(".", import.meta.url));
const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const CLERKJS = `${PACKAGE}node_modules/@clerk/clerk-js/dist/`;
/** Of the API: what `useAuth` and the page of the admins call. Next.js does the same with `rewrites`. */
const OF_THE_API = /^\/api\/(auth\/sync|user\/profile|admin\/users)([/?]|$)/;

const { secret_key: secretKey, issuer } = await settingsOfClerk();
const publishableKey = `pk_test_${Buffer.from(`${new URL(issuer).host}$`).toString("base64")}`;
const clerk = createClerkClient({ secretKey, publishableKey, apiUrl: CLERK, telemetry: { disabled: true } });

// Next.js knows the request that is being handled in the same way; there, `auth` is that of `@clerk/nextjs/server`.
const requests = new AsyncLocalStorage();
const { getCurrentUser, withRoleGuard } = createGuard({
  source: apiSource({ baseUrl: API }),
  auth: async () => {
    const options = { authorizedParties: [`http://localhost:${PORT}`] };
    const state = await clerk.authenticateRequest(requests.getStore(), options);
    return state.toAuth() ?? { userId: null, getToken: async () => null };
  },
});

const routes = {
  "/api/courses": withRoleGuard(
    async () => {
      const user = await getCurrentUser();
      return Response.json({ courses: ["Analysis", "Algebra"], mentor: user?.firstName ?? user?.clerkId });
    },
    { roles: ["MENTOR", "ADMIN"] },
  ),
  "/api/report": withRoleGuard(async () => Response.json({ users: "for admins only" }), { roles: ["ADMIN"] }),
};

const server = createServer(async (incoming, outgoing) => {
  const url = new URL(incoming.url, `http://${incoming.headers.host}`);
  const route = routes[url.pathname];
  if (!route && !OF_THE_API.test(incoming.url)) return vite.middlewares(incoming, outgoing);
  try {
    const request = toRequest(incoming, route ? url : new URL(incoming.url, API));
    await send(route ? await requests.run(request, () => route(request)) : await fetch(request), outgoing);
  } catch (error) {
    console.error(error);
    outgoing.writeHead(502).end();
  }
});
const vite = await createVite({
  root: ROOT,
  publicDir: CLERKJS,
  server: { middlewareMode: true, hmr: { server }, fs: { allow: [PACKAGE] } },
  define: { CLERK_URL: JSON.stringify(CLERK), CLERK_KEY: JSON.stringify(publishableKey) },
});
server.listen(PORT, "localhost", () => console.log(`The example LMS is at http://localhost:${PORT}/`));

/** The keys of the development Clerk of `make up`. An LMS has them from Clerk's dashboard, in its environment. */
async function settingsOfClerk() {
  const response = await fetch(`${CLERK}/dev/status`).catch(() => null);
  if (!response?.ok) throw new Error(`There is no development Clerk at ${CLERK}. Run \`make up\` first.`);
  return response.json();
}

function toRequest(incoming, url) {
  const { host: _, connection: __, ...headers } = incoming.headers;
  const hasBody = !["GET", "HEAD"].includes(incoming.method);
  return new Request(url, { method: incoming.method, headers, ...(hasBody && { body: Readable.toWeb(incoming), duplex: "half" }) });
}

async function send(response, outgoing) {
  const headers = new Headers(response.headers);
  for (const name of ["content-encoding", "content-length", "transfer-encoding", "connection"]) headers.delete(name);
  outgoing.writeHead(response.status, Object.fromEntries(headers));
  if (response.body) await pipeline(Readable.fromWeb(response.body), outgoing);
  else outgoing.end();
}
