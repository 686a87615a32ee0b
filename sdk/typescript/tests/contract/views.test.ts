import { readFileSync } from "node:fs";
import { drizzle } from "drizzle-orm/node-postgres";
import { and, eq } from "drizzle-orm";
import { getViewConfig } from "drizzle-orm/pg-core";
import pg from "pg";
import { afterAll, expect, test } from "vitest";
import { currentRoles, currentUsers, roleHistory } from "../../drizzle/akako";
import { ADMIN, DATABASE } from "./stack";

const pool = new pg.Pool({ connectionString: DATABASE });
const db = drizzle(pool);
afterAll(() => pool.end());

/** Columns of a view by name, with the type of the database. */
async function columns(view: string): Promise<Record<string, string>> {
  const { rows } = await pool.query<{ name: string; type: string }>(
    "select column_name as name, data_type as type from information_schema.columns where table_schema = 'akako' and table_name = $1",
    [view],
  );
  return Object.fromEntries(rows.map(({ name, type }) => [name, type]));
}

const PRISMA = readFileSync("prisma/akako.prisma", "utf8");
const TYPES: Record<string, string> = {
  BigInt: "bigint",
  String: "text",
  Boolean: "boolean",
  "DateTime @db.Timestamptz": "timestamp with time zone",
};

/** The same of a view in Prisma's schema. */
function columnsOfPrisma(view: string): Record<string, string> {
  const block = PRISMA.split(/^view /m).find((each) => each.includes(`@@map("${view}")`))!;
  const fields = [...block.matchAll(/^  (\w+) +(BigInt|String|Boolean|DateTime)\?? *(.*)$/gm)];
  return Object.fromEntries(
    fields.map(([, name, type, rest = ""]) => {
      const kind = rest.includes("@db.Timestamptz") ? `${type} @db.Timestamptz` : type!;
      return [/@map\("(\w+)"\)/.exec(rest)?.[1] ?? name, TYPES[kind] ?? kind];
    }),
  );
}

test.each(["current_users", "current_roles", "role_history"])("Prisma's %s has the columns of the view", async (view) => {
  expect(columnsOfPrisma(view)).toEqual(await columns(view));
});

test.each([currentUsers, currentRoles, roleHistory])("Drizzle's views have the columns of the views", async (view) => {
  const { name, selectedFields } = getViewConfig(view);
  const found = Object.values(selectedFields).map((field) => (field as unknown as { name: string }).name);

  expect(found.sort()).toEqual(Object.keys(await columns(name)).sort());
});

test("Drizzle reads users and the roles that they hold now", async () => {
  const held = await db
    .select({ clerkId: currentUsers.clerkId, role: currentRoles.role, id: currentUsers.id, start: currentRoles.effectiveStartDate })
    .from(currentRoles)
    .innerJoin(currentUsers, eq(currentUsers.id, currentRoles.userId))
    .where(and(eq(currentUsers.clerkId, ADMIN!), eq(currentRoles.role, "ADMIN")));

  expect(held).toEqual([{ clerkId: ADMIN, role: "ADMIN", id: expect.any(BigInt), start: expect.any(Date) }]);
});

test.each([currentUsers, currentRoles, roleHistory])("Drizzle can select every column", async (view) => {
  expect((await db.select().from(view)).length).toBeGreaterThan(0);
});
