import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";

/** What Node prints; the code runs in the package, which finds itself by its name. */
function run(code: string, type: "module" | "commonjs"): string {
  return execFileSync("node", [`--input-type=${type}`, "--eval", code], { encoding: "utf8" }).trim();
}

beforeAll(() => {
  if (!existsSync("dist/client.js")) throw new Error("Run `npm run build` first.");
});

const ERROR = 'createGuard({ auth: async () => ({ userId: null }), source: {} }).requireRole("ADMIN").catch((e) => console.log(e instanceof AkakoError, e.code))';

test("an error of one entry point is an instance of the class of another", () => {
  const esm = `import { AkakoError } from "@akako/sync/client"; import { createGuard } from "@akako/sync/next"; ${ERROR}`;
  const cjs = `const { AkakoError } = require("@akako/sync/client"); const { createGuard } = require("@akako/sync/next"); ${ERROR}`;

  expect(run(esm, "module")).toBe("true unauthorized");
  expect(run(cjs, "commonjs")).toBe("true unauthorized");
});

test.each(["react.js", "react.cjs"])("%s is a client component for Next.js", (file) => {
  expect(readFileSync(`dist/${file}`, "utf8")).toMatch(/^"use client";/);
});

test.each(["client", "next"])("%s needs no React", (entry) => {
  expect(readFileSync(`dist/${entry}.js`, "utf8")).not.toMatch(/from "react/);
});
