// Checks the built package: publint, are-the-types-wrong, and the size of what an application loads.
import { execFileSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

/** Bytes, minified and gzipped, with openapi-fetch and without React. */
const LIMITS = { client: 4_096, react: 6_144 };

let failed = false;

const { messages, pkg } = await publint({ strict: true });
for (const message of messages) {
  failed = true;
  console.error(`publint: ${formatMessage(message, pkg)}`);
}

// `node10` knows no `exports`; `bundler`, `node16` from ESM and `node16` from CJS do.
execFileSync("npx", ["attw", "--pack", ".", "--profile", "node16", "--format", "ascii"], { stdio: "inherit" });

for (const [entry, limit] of Object.entries(LIMITS)) {
  const { outputFiles } = await build({
    entryPoints: [`dist/${entry}.js`],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    external: ["react", "react/jsx-runtime"],
    write: false,
    logLevel: "error",
  });
  const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  console.log(`${entry}: ${size} of ${limit} bytes`);
  failed ||= size > limit;
}

process.exitCode = failed ? 1 : 0;
