import { defineConfig } from "tsdown";

const common = {
  format: ["esm", "cjs"] as ("esm" | "cjs")[],
  platform: "neutral" as const,
  target: "es2022",
  dts: true,
  // The entry points share one client, so that `instanceof AkakoError` is true whichever of them threw the error.
  external: ["@akako/sync/client"],
};

export default defineConfig([
  { ...common, entry: { client: "src/client/index.ts" } },
  { ...common, entry: { react: "src/react/index.ts" }, banner: { js: '"use client";' }, clean: false },
  { ...common, entry: { next: "src/next/index.ts" }, clean: false },
]);
