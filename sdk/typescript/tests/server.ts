import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as the server received it. */
export interface Received {
  method: string;
  url: string;
  authorization: string | undefined;
  body: string;
}

export interface Reply {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** An HTTP server that gives its replies one after the other, the last one for ever. A function decides by the request. */
export async function serving(...replies: (Reply | ((request: Received) => Reply | "hang"))[]) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const one = await read(request);
    received.push(one);
    const next = replies[Math.min(received.length, replies.length) - 1]!;
    const reply = typeof next === "function" ? next(one) : next;
    if (reply === "hang") return;
    const isText = typeof reply.body === "string";
    response.writeHead(reply.status, { "content-type": isText ? "text/html" : "application/json", ...reply.headers });
    response.end(isText ? reply.body : JSON.stringify(reply.body ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function read(request: IncomingMessage): Promise<Received> {
  let body = "";
  for await (const chunk of request) body += chunk;
  return { method: request.method ?? "", url: request.url ?? "", authorization: request.headers.authorization, body };
}
