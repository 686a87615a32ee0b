// Serves a handler of the form that Next.js expects, `POST(request: Request): Response`, on Node's own HTTP server.
import { createServer } from "node:http";

const { POST } = await import(`./${process.argv[2]}.mjs`);

createServer(async (incoming, outgoing) => {
  if (incoming.method !== "POST") return outgoing.writeHead(405).end();
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  try {
    const request = new Request(`http://localhost${incoming.url}`, {
      method: "POST",
      headers: incoming.headers,
      body: Buffer.concat(chunks),
    });
    const response = await POST(request);
    outgoing.writeHead(response.status).end(await response.text());
  } catch (error) {
    console.error(error); // as Next.js does
    outgoing.writeHead(500).end();
  }
}).listen(process.env.PORT, "127.0.0.1");
