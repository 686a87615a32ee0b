// The real ClerkJS, in a DOM without a browser, on a page that is signed in: prints what it makes of the Frontend API.
import { readFileSync } from "node:fs";
import { Window } from "happy-dom";

const asked = JSON.parse(readFileSync(0, "utf8"));
const page = new Window({ url: `${asked.origin}/` });
const functions = ["addEventListener", "removeEventListener", "dispatchEvent"];
const values = ["document", "location", "history", "navigator", "localStorage", "sessionStorage", "BroadcastChannel", "Event", "CustomEvent"];
const define = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
for (const name of values) define(name, page[name]);
for (const name of functions) define(name, page[name].bind(page));
define("window", globalThis);
define("isSecureContext", false);

// What a browser adds to a request of the page, and Node does not.
const requests = [];
const fetchAsNode = globalThis.fetch;
define("fetch", async (input, init = {}) => {
  const headers = new Headers(init.headers);
  headers.set("cookie", asked.cookie);
  headers.set("origin", asked.origin);
  const answer = await fetchAsNode(String(input), { method: init.method, body: init.body, headers });
  requests.push([init.method ?? "GET", new URL(String(input)).pathname.replace(/sess_\w+/, "*"), answer.status]);
  return answer;
});

const { Clerk } = await import("./node_modules/@clerk/clerk-js/dist/clerk.mjs");
console.warn = () => {};
const clerk = new Clerk(asked.publishableKey, { proxyUrl: asked.apiUrl });
await clerk.load({ telemetry: false });
const before = { name: clerk.user?.firstName, metadata: clerk.user?.publicMetadata };
const token = await clerk.session.getToken({ skipCache: true });
await clerk.signOut();
console.log(JSON.stringify({ before, token, after: clerk.user ?? null, requests }));
process.exit(0);
