// The one queue, named once for receiver and worker.
import { Redis } from "ioredis";

export const QUEUE = "events";

export function connect(): Redis {
  return new Redis(process.env.REDIS_URL!, { maxRetriesPerRequest: null });
}
