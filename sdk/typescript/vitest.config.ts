import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const entries = {
  "@akako/sync/client": path("src/client/index.ts"),
  "@akako/sync/react": path("src/react/index.ts"),
  "@akako/sync/next": path("src/next/index.ts"),
};
const react18 = Object.fromEntries(
  ["react", "react-dom", "@testing-library/react"].map((name) => [name, path(`tests/react-18/node_modules/${name}`)]),
);
const component = { environment: "happy-dom", include: ["tests/react/*.test.tsx"] };

// Runs the built package, without aliases, against a real `akako up` (tests/typescript/test_contract.py).
const contract = { test: { name: "contract", include: ["tests/contract/*.test.ts"], testTimeout: 60_000 } };

export default defineConfig({
  test: {
    projects: process.env["AKAKO_API_URL"] ? [contract] : [
      { resolve: { alias: entries }, test: { name: "node", include: ["tests/{client,next,package}/*.test.ts"] } },
      { resolve: { alias: entries }, test: { ...component, name: "react 19" } },
      { resolve: { alias: { ...entries, ...react18 } }, test: { ...component, name: "react 18", exclude: ["tests/react/query.test.tsx"] } },
    ],
  },
});
