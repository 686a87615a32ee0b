import { AkakoError, isRole } from "@akako/sync/client";
import type { Caller, RolesSource } from "./source";
import type { CurrentUser } from "./user";

/** What is needed of a `Pool` of `pg`. */
export interface Queryable {
  query: (text: string, values: unknown[]) => Promise<{ rows: unknown[] }>;
}

export interface DatabaseSourceOptions {
  /** URL of the database, or a pool that the application has already. */
  database: string | Queryable;
  /** Longest time to wait for a connection, and for the answer, in milliseconds. Default: 2,000. Not used for a given pool. */
  timeoutMs?: number | undefined;
  /** Connections. Default: 5. Not used for a given pool. */
  connections?: number | undefined;
}

interface Row {
  read_only: boolean;
  asked: string;
  id: string | null;
  email: string | null;
  first_name: string | null;
  last_name: string | null;
  username: string | null;
  image_url: string | null;
  banned: boolean | null;
  deleted: boolean | null;
  roles: { id: string; role: unknown; start: string; end: string | null }[] | null;
}

// One row for each id, so that a read-only server is noticed even if no user is known.
const CALLERS = `
select pg_catalog.current_setting('transaction_read_only')::boolean as read_only, asked.clerk_id as asked, known.*
from pg_catalog.unnest($1::text[]) as asked (clerk_id)
left join lateral (
    select id::text, email, first_name, last_name, username, image_url, banned, deleted,
           (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
                'id', assignment_id::text, 'role', role, 'start', effective_start_date, 'end', effective_end_date)), '[]')
            from akako.current_roles where current_roles.clerk_id = asked.clerk_id) as roles
    from akako.current_users where current_users.clerk_id = asked.clerk_id offset 0) as known on true`;

/** Reads the roles from the views `current_users` and `current_roles`, in one query for each request. Needs `pg`. */
export function databaseSource(options: DatabaseSourceOptions): RolesSource {
  let pool: Promise<Queryable> | undefined;
  const connect = (): Promise<Queryable> => {
    const { database } = options;
    pool ??= typeof database === "string" ? createPool(database, options) : Promise.resolve(database);
    return pool;
  };
  return {
    async find({ userId, actor }): Promise<Caller> {
      const impersonator = impersonatorOf(actor);
      if (impersonator === null) return { status: "unauthorized" };
      const ids = [...new Set([userId, impersonator ?? userId])];
      try {
        const { rows } = await (await connect()).query(CALLERS, [ids]);
        return decide(byId(rows as Row[], ids), userId, impersonator);
      } catch (cause) {
        const error = new AkakoError("unavailable", "The database is unavailable.", { cause, retryAfter: 2 });
        return { status: "unavailable", error };
      }
    },
  };
}

async function createPool(connectionString: string, options: DatabaseSourceOptions): Promise<Queryable> {
  const { timeoutMs = 2_000, connections = 5 } = options;
  // Bundlers must not look for `pg` where it is not installed.
  const { default: pg } = await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ "pg");
  const pool = new pg.Pool({
    connectionString,
    max: connections,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    application_name: "akako-sync",
    allowExitOnIdle: true,
  });
  // An idle connection that the server closes is replaced by the next query.
  pool.on("error", () => undefined);
  return pool;
}

/** Undefined without impersonation; null if the claim does not say who impersonates. */
function impersonatorOf(actor: unknown): string | null | undefined {
  if (actor === undefined || actor === null) return undefined;
  const { sub } = actor as { sub?: unknown };
  return typeof sub === "string" && sub !== "" ? sub : null;
}

/** The rows by id. Throws unless there is exactly one for each id, as other rows belong to another query. */
function byId(rows: Row[], ids: string[]): Map<string, Row> {
  const found = new Map(rows.map((row) => [row.asked, row]));
  if (rows.length !== ids.length || !ids.every((id) => found.has(id))) throw new Error("The rows belong to another query.");
  // A standby may not have received a revocation yet.
  if (rows.some((row) => row.read_only)) throw new Error("The server is read-only.");
  return found;
}

function decide(found: Map<string, Row>, userId: string, impersonator: string | undefined): Caller {
  const row = found.get(userId);
  if (!row || row.id === null || row.deleted) return { status: "unauthorized" };
  const author = impersonator === undefined ? undefined : found.get(impersonator);
  // An unknown impersonator is not refused: support staff need not be users.
  if (row.banned || (author && author.id !== null && (author.banned || author.deleted))) return { status: "banned" };
  return { status: "known", user: toUser(row, row.id) };
}

function toUser(row: Row, id: string): CurrentUser {
  const userRoles = (row.roles ?? []).flatMap(({ id: assignment, role, start, end }) => {
    if (!isRole(role)) return [];
    const [effectiveStartDate, effectiveEndDate] = [new Date(start), end === null ? null : new Date(end)];
    return [{ id: assignment, role, effectiveStartDate, effectiveEndDate, isActive: true }];
  });
  return {
    id,
    clerkId: row.asked,
    email: row.email,
    firstName: row.first_name,
    lastName: row.last_name,
    username: row.username,
    imageUrl: row.image_url,
    roles: [...new Set(userRoles.map(({ role }) => role))],
    userRoles,
  };
}
