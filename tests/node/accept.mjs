// The official libraries of Clerk and Svix against a development Clerk: prints what they make of it, as JSON.
import { readFileSync } from "node:fs";
import { createClerkClient, verifyToken } from "@clerk/backend";
import { Webhook } from "svix";

const asked = JSON.parse(readFileSync(0, "utf8"));
const clerk = createClerkClient({ secretKey: asked.secretKey, apiUrl: asked.apiUrl, telemetry: { disabled: true } });

const explained = (error) => ({ status: error.status ?? null, code: error.errors?.[0]?.code ?? error.reason ?? error.name });
const attempt = async (work) => {
  try {
    return await work();
  } catch (error) {
    return { refused: explained(error) };
  }
};

async function users() {
  const created = await clerk.users.createUser({ emailAddress: ["ada@example.com"], firstName: "Ada", externalId: "17" });
  await clerk.users.updateUserMetadata(created.id, { publicMetadata: { roles: ["MENTOR"], old: 1 } });
  const merged = await clerk.users.updateUserMetadata(created.id, { publicMetadata: { old: null } });
  const again = await attempt(() => clerk.users.createUser({ emailAddress: ["ada@example.com"] }));
  const banned = await clerk.users.banUser(created.id);
  await clerk.users.unbanUser(created.id);
  const listed = await clerk.users.getUserList({ emailAddress: ["ada@example.com"], orderBy: "-created_at", limit: 5 });
  return {
    id: created.id,
    listed: listed.data.map((user) => [user.id, user.firstName, user.externalId, user.primaryEmailAddress.emailAddress]),
    total: listed.totalCount,
    metadata: merged.publicMetadata,
    banned: banned.banned,
    again,
    missing: await attempt(() => clerk.users.getUser("user_missing")),
  };
}

async function tokens(userId) {
  const session = await clerk.sessions.createSession({ userId });
  const { jwt } = await clerk.sessions.getToken(session.id);
  const options = { secretKey: asked.secretKey, apiUrl: asked.apiUrl, authorizedParties: [asked.party] };
  const claims = await verifyToken(jwt, options);
  const request = new Request("http://localhost:3000/", { headers: { authorization: `Bearer ${jwt}` } });
  const state = await clerk.authenticateRequest(request, { jwtKey: asked.jwtKey, authorizedParties: [asked.party], publishableKey: asked.publishableKey });
  const forged = await attempt(() => verifyToken(jwt.slice(0, -8) + "AAAAAAAA", options));
  const elsewhere = await attempt(() => verifyToken(jwt, { ...options, authorizedParties: ["https://elsewhere.example.com"] }));
  await clerk.sessions.revokeSession(session.id);
  return {
    subject: claims.sub,
    roles: claims.roles,
    signedIn: state.isSignedIn && state.toAuth().userId,
    forged,
    elsewhere,
    revoked: await attempt(() => clerk.sessions.getToken(session.id)),
  };
}

function delivery({ body, headers, secret }) {
  const webhook = new Webhook(secret);
  return webhook.verify(body, headers).type;
}

const made = await users();
console.log(JSON.stringify({ users: made, tokens: await tokens(made.id), deliveries: asked.deliveries.map(delivery) }));
