// BullMQ: one job an event; it locks the event's row, saves the user, and marks the row, in one transaction.
import { Worker } from "bullmq";
import pg from "pg";
import { connect, QUEUE } from "./queue.js";

interface User {
  id: string;
  email_addresses: { id: string; email_address: string }[];
  primary_email_address_id: string | null;
  first_name: string | null;
  last_name: string | null;
  username: string | null;
  image_url: string | null;
  banned: boolean;
  updated_at: number;
}

const CLAIM = "select body from webhook_events where svix_id = $1 and applied_at is null for update";
const ADD = `
  insert into users (clerk_id, email, first_name, last_name, username, image_url, banned, clerk_updated_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8)
  on conflict (clerk_id) do update set
    email = excluded.email, first_name = excluded.first_name, last_name = excluded.last_name,
    username = excluded.username, image_url = excluded.image_url, banned = excluded.banned,
    clerk_updated_at = excluded.clerk_updated_at
  where users.clerk_updated_at < excluded.clerk_updated_at
  returning id, xmax = 0 as added`;
const GIVE = "insert into user_roles (user_id, role) values ($1, 'LEARNER')";
const DONE = "update webhook_events set applied_at = now() where svix_id = $1";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20 });

async function apply(client: pg.PoolClient, svixId: string): Promise<void> {
  const claimed = await client.query<{ body: Buffer }>({ name: "claim", text: CLAIM, values: [svixId] });
  if (claimed.rowCount === 0) return;
  const saved = await client.query<{ id: number; added: boolean }>({ name: "add", text: ADD, values: row(claimed.rows[0].body) });
  if (saved.rows[0]?.added) await client.query({ name: "give", text: GIVE, values: [saved.rows[0].id] });
  await client.query({ name: "done", text: DONE, values: [svixId] });
}

function row(body: Buffer): unknown[] {
  const user = (JSON.parse(body.toString()) as { data: User }).data;
  const email = user.email_addresses.find((address) => address.id === user.primary_email_address_id);
  return [
    user.id, email?.email_address ?? null, user.first_name, user.last_name, user.username, user.image_url,
    user.banned, user.updated_at,
  ];
}

async function inTransaction(svixId: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    await apply(client, svixId);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

const worker = new Worker<{ id: string }>(QUEUE, (job) => inTransaction(job.data.id), {
  connection: connect(),
  concurrency: 20,
});
process.on("SIGTERM", () => void worker.close().then(() => process.exit(0)));
