// What Clerk's guide on syncing data with webhooks shows: verifyWebhook, then the database, 400 for any error.
import { verifyWebhook } from "@clerk/backend/webhooks";
import * as users from "./users.mjs";

const upserts = process.env.MODE === "upsert";
const handlers = {
  "user.created": upserts ? users.upsert : users.insert,
  "user.updated": upserts ? users.upsert : users.update,
  "user.deleted": users.remove,
};

export async function POST(request) {
  try {
    const event = await verifyWebhook(request);
    await handlers[event.type]?.(event.data);
    return new Response("Webhook received", { status: 200 });
  } catch (error) {
    console.error(error);
    return new Response("Error verifying webhook", { status: 400 });
  }
}
