import createFetchClient, { type Client } from "openapi-fetch";
import { AkakoError, fromResponse, NOT_FROM_THE_API } from "./errors";
import type { paths } from "./schema";
import { transport, type TransportOptions } from "./transport";

export interface ClientOptions extends TransportOptions {
  /** Origin of the API, such as `https://sync.example.com`. Default: the page's own. */
  baseUrl?: string | undefined;
}

/** `GET`, `POST`, `PATCH` and `DELETE` with the paths, parameters and responses of the API. */
export type AkakoClient = Client<paths>;

/** A client of the API. It caches nothing. */
export function createClient({ baseUrl = "", ...options }: ClientOptions = {}): AkakoClient {
  return createFetchClient<paths>({ baseUrl, fetch: transport(options), cache: "no-store" });
}

interface Settled {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/** The data of a response. Throws AkakoError for an error response, or if there was no response. */
export async function unwrap<Result extends Settled>(pending: Promise<Result>): Promise<Exclude<Result["data"], undefined>> {
  const { data, error, response } = await pending.catch(refuse);
  if (!response.ok) throw fromResponse(response, error);
  return data as Exclude<Result["data"], undefined>;
}

function refuse(error: unknown): never {
  // The body was read as JSON, and is not: for example a page of a proxy.
  if (error instanceof SyntaxError) throw new AkakoError("unexpected", NOT_FROM_THE_API, { cause: error });
  throw error;
}
