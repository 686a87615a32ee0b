import type { components } from "./schema";

type Schemas = components["schemas"];

/** Codes of the API's error responses, as its OpenAPI document lists them. */
export type ProblemCode = Schemas["ErrorCode"];

/** Codes of the guard, which says nothing else: `unauthorized` (401), `forbidden` (403) and `unavailable` (503). */
export type DenialCode = Lowercase<Schemas["Denial"]["error"]>;

/** Codes of this client: no response arrived (in time), or one that is not from the API. */
export type ClientCode = "network" | "timeout" | "unexpected";

export type ErrorCode = ProblemCode | DenialCode | ClientCode;

/** What is known of an error besides its code. */
export interface ErrorDetails {
  /** HTTP status; absent if there was no response. */
  status?: number | undefined;
  /** Id of the request in the log and in the audit trail of the API. */
  requestId?: string | undefined;
  /** Seconds after which the API asks to try again. */
  retryAfter?: number | undefined;
  /** Id of the conflicting assignment, if the code is `overlap`. */
  assignmentId?: number | undefined;
  cause?: unknown;
}

/** A request failed. Branch on `code`; `message` is for people. */
export class AkakoError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "AkakoError";
  readonly code: Code;
  declare readonly status: number | undefined;
  declare readonly requestId: string | undefined;
  declare readonly retryAfter: number | undefined;
  declare readonly assignmentId: number | undefined;

  constructor(code: Code, message: string, { cause, ...details }: ErrorDetails = {}) {
    super(message, { cause });
    this.code = code;
    Object.assign(this, details);
  }
}

/** Whether a value is an error of the client, and of one of these codes, if any are given. */
export function isAkakoError<Code extends ErrorCode = ErrorCode>(error: unknown, ...codes: Code[]): error is AkakoError<Code> {
  return error instanceof AkakoError && (codes.length === 0 || codes.includes(error.code as Code));
}

export const NOT_FROM_THE_API = "The response is not from the API.";

/** The error that a response with the status of an error describes. */
export function fromResponse(response: Response, body: unknown): AkakoError {
  const problem = (typeof body === "object" && body !== null ? body : {}) as Partial<Schemas["Problem"]>;
  const details: ErrorDetails = {
    status: response.status,
    requestId: problem.request_id ?? requestIdOf(response),
    retryAfter: retryAfterOf(response),
    assignmentId: problem.assignment_id ?? undefined,
  };
  if (typeof problem.error !== "string") {
    return new AkakoError("unexpected", NOT_FROM_THE_API, details);
  }
  return new AkakoError(problem.error.toLowerCase() as ErrorCode, problem.message ?? problem.error, details);
}

/** The id of a request in the log and in the audit trail of the API. */
export function requestIdOf(response: Response): string | undefined {
  return response.headers.get("x-request-id") ?? undefined;
}

/** The seconds of `Retry-After`, which may also be a date; undefined without one. */
export function retryAfterOf(response: Response): number | undefined {
  const given = response.headers.get("retry-after");
  if (!given) return undefined;
  const seconds = /^\d+$/.test(given) ? Number(given) : (Date.parse(given) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}
