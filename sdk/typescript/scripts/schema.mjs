// Writes src/client/schema.ts from openapi.json. `--check` only says whether it is current.
import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const HEADER = "// Generated from openapi.json by `npm run schema`. Do not edit.\n\n";
const place = new URL("../src/client/schema.ts", import.meta.url);

export async function schema() {
  const document = JSON.parse(readFileSync(new URL("../openapi.json", import.meta.url), "utf8"));
  return HEADER + astToString(await openapiTS(document, { defaultNonNullable: false }));
}

if (import.meta.url === `file://${process.argv[1]}`) writeFileSync(place, await schema());
