import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "vitest";

/** The part of Prisma that `prisma validate` runs. The command itself downloads programs first. */
const load = (name: string) => createRequire(import.meta.url)(name) as { validate: (files: string) => void };
const EXCERPT = readFileSync("prisma/akako.prisma", "utf8");

/** A schema of the LMS; Prisma 7 has the URL in another file. */
const schema = (url: string, datasource = 'schemas = ["public", "akako"]') => `
generator client {
  provider        = "prisma-client-js"
  previewFeatures = ["views"]
}

datasource db {
  provider = "postgresql"
  ${url}
  ${datasource}
}

model Enrolment {
  userId BigInt
  course String

  @@id([userId, course])
  @@schema("public")
}`;

/** The complaint of Prisma, or null. */
function complaint(prisma: string, ...files: string[]): string | null {
  try {
    load(prisma).validate(JSON.stringify({ prismaSchema: files.map((text, number) => [`${number}.prisma`, text]), noColor: true }));
    return null;
  } catch (error) {
    return String(error);
  }
}

test.each([
  ["prisma-6", 'url = env("DATABASE_URL")'],
  ["prisma-7", ""],
])("%s accepts the excerpt beside the schema of an application", (prisma, url) => {
  expect(complaint(prisma, schema(url), EXCERPT)).toBeNull();
  expect(complaint(prisma, schema(url), EXCERPT.replace("references: [id]", "references: [clerk]"))).toContain("clerk");
  expect(complaint(prisma, schema(url, ""), EXCERPT)).toContain("not defined in the datasource");
});
