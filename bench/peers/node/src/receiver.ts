// Fastify: verify the raw body, one INSERT and commit a request, one BullMQ job a request, named by the delivery.
import { Queue } from "bullmq";
import cluster from "node:cluster";
import Fastify from "fastify";
import pg from "pg";
import { Webhook } from "svix";
import { connect, QUEUE } from "./queue.js";

const KEEP = "insert into webhook_events (svix_id, type, body) values ($1, $2, $3) on conflict do nothing";

async function serve(): Promise<void> {
  const webhook = new Webhook(process.env.CLERK_WEBHOOK_SIGNING_SECRET!);
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20 });
  const queue = new Queue(QUEUE, { connection: connect() });
  const app = Fastify();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

  app.post<{ Body: Buffer }>("/webhooks/clerk", async (request, reply) => {
    const headers = request.headers as Record<string, string>;
    try {
      webhook.verify(request.body, headers);
    } catch {
      return reply.code(400).send({ error: "invalid signature" });
    }
    const id = headers["svix-id"];
    const event = JSON.parse(request.body.toString()) as { type: string };
    await pool.query({ name: "keep", text: KEEP, values: [id, event.type, request.body] });
    await queue.add("apply", { id }, { jobId: id, removeOnComplete: true });
    return reply.code(202).send({ status: "accepted" });
  });

  await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
}

const processes = Number(process.env.PROCESSES ?? "1");
if (cluster.isPrimary && processes > 1) {
  process.on("SIGTERM", () => process.exit(0));
  for (let number = 0; number < processes; number++) cluster.fork();
} else {
  await serve();
}
