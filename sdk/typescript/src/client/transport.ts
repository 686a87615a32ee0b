import { AkakoError, retryAfterOf } from "./errors";

/** Returns a session token of Clerk, or null without a session. `skipCache` asks for a new one. */
export type GetToken = (options?: { skipCache?: boolean }) => Promise<string | null>;

export interface TransportOptions {
  /** Without it, requests carry no token: a browser then sends its session cookie to the API's own origin. */
  getToken?: GetToken | undefined;
  /** Sends a request. Default: the global `fetch`. */
  fetch?: ((request: Request) => Promise<Response>) | undefined;
  /** How often a request that got 503 is repeated. Default: 2. */
  retries?: number | undefined;
  /** Longest `Retry-After`, in seconds, that is waited for. Default: 10. */
  maxRetryAfter?: number | undefined;
  /** Longest time for one response to begin, in milliseconds. Default: 10,000. */
  timeoutMs?: number | undefined;
}

/**
 * A `fetch` that adds the token. After a 401 it tries once more with a new token; after a 503 it repeats requests that
 * change nothing by `Retry-After`, since the outcome of a change that got 503 may be unknown.
 */
export function transport(options: TransportOptions): (request: Request) => Promise<Response> {
  const { retries = 2, maxRetryAfter = 10 } = options;
  return async (request) => {
    let token = await askToken(options.getToken, false);
    if (token === null) return unauthorized();
    let renewed = false;
    for (let repeated = 0; ; ) {
      const response = await send(request, token, options);
      if (response.status === 401 && token !== undefined && !renewed) {
        renewed = true;
        const fresh = await askToken(options.getToken, true);
        if (!fresh || fresh === token) return response;
        token = fresh;
      } else if (response.status === 503 && repeated < retries && isRepeatable(request)) {
        const seconds = retryAfterOf(response);
        if (seconds === undefined || seconds > maxRetryAfter) return response;
        repeated += 1;
        // Spread, so that the pages that were refused together do not return together.
        await pause(seconds * (1 + Math.random() / 4), request.signal);
      } else {
        return response;
      }
      void response.body?.cancel();
    }
  };
}

/** A token, null without a session, or undefined without `getToken`. */
async function askToken(getToken: GetToken | undefined, skipCache: boolean): Promise<string | null | undefined> {
  try {
    return await getToken?.(skipCache ? { skipCache } : undefined);
  } catch (cause) {
    throw new AkakoError("network", "No session token could be fetched.", { cause });
  }
}

/** The first login is a POST, but creates the user at most once. */
function isRepeatable(request: Request): boolean {
  return request.method === "GET" || request.url.endsWith("/api/auth/sync");
}

async function send(request: Request, token: string | undefined, options: TransportOptions): Promise<Response> {
  const { fetch = globalThis.fetch, timeoutMs = 10_000 } = options;
  const timeout = new AbortController();
  const abort = (): void => timeout.abort(request.signal.reason);
  const timer = setTimeout(() => timeout.abort(), timeoutMs);
  request.signal.addEventListener("abort", abort);
  if (request.signal.aborted) abort();
  // A clone, because the body of a request can be sent only once.
  const attempt = new Request(request.clone(), { signal: timeout.signal });
  if (token !== undefined) attempt.headers.set("authorization", `Bearer ${token}`);
  try {
    return await fetch(attempt);
  } catch (cause) {
    if (request.signal.aborted) throw cause;
    if (timeout.signal.aborted) throw new AkakoError("timeout", `No response within ${timeoutMs} ms.`, { cause });
    throw new AkakoError("network", "The API could not be reached.", { cause });
  } finally {
    clearTimeout(timer);
  }
}

function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, seconds * 1000);
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
  });
}

/** What the guard of the API would answer. */
function unauthorized(): Response {
  return Response.json({ error: "Unauthorized" }, { status: 401 });
}
