import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { schema } from "../../scripts/schema.mjs";

test("the types are those of the document: `npm run schema` writes them", async () => {
  expect(readFileSync("src/client/schema.ts", "utf8")).toBe(await schema());
}, 30_000);
