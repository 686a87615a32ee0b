// @brianmmdev/clerk-webhooks-handler as its readme shows it, with the statements of users.mjs as callbacks.
import handlers from "@brianmmdev/clerk-webhooks-handler";
import { insert, remove, update } from "./users.mjs";

// A callback that returns a value returns the response; these return nothing.
const done = (statement) => async (user) => {
  await statement(user);
};

export const { POST } = handlers.createWebhooksHandler({
  secret: process.env.CLERK_WEBHOOK_SIGNING_SECRET,
  onUserCreated: done(insert),
  onUserUpdated: done(update),
  onUserDeleted: done(remove),
});
