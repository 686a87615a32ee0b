import { AkakoError } from "@akako/sync/client";

/** Statuses with which a guard refuses a request. */
export type DeniedStatus = 401 | 403 | 503;

const WORDS = { 401: "Unauthorized", 403: "Forbidden", 503: "Unavailable" } as const;
const CODES = { 401: "unauthorized", 403: "forbidden", 503: "unavailable" } as const;
const RETRY_AFTER_SECONDS = 2;

/** The response to a refused request: the same as the API's, without a reason. */
export function denial(status: DeniedStatus): Response {
  const headers: Record<string, string> = { "cache-control": "no-store" };
  if (status === 401) headers["www-authenticate"] = "Bearer";
  if (status === 503) headers["retry-after"] = String(RETRY_AFTER_SECONDS);
  return Response.json({ error: WORDS[status] }, { status, headers });
}

/** The same as an error, for code that has no response. */
export function denied(status: DeniedStatus, cause?: unknown): AkakoError {
  return new AkakoError(CODES[status], WORDS[status], {
    cause,
    status,
    retryAfter: status === 503 ? RETRY_AFTER_SECONDS : undefined,
  });
}
