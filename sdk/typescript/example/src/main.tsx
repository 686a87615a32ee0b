import { AkakoProvider } from "@akako/sync/react";
import { ClerkProvider, useAuth } from "@clerk/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";

// Defined by server.mjs.
declare const CLERK_KEY: string;
declare const CLERK_URL: string;

// Against a real Clerk instance, only `publishableKey` is needed. The development Clerk has no scripts of Clerk.
const clerk = {
  publishableKey: CLERK_KEY,
  proxyUrl: CLERK_URL,
  prefetchUI: false,
  telemetry: false,
  __internal_clerkJSUrl: "/clerk.browser.js",
} as const;

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <ClerkProvider {...clerk}>
      <AkakoProvider useAuth={useAuth}>
        <App clerkUrl={CLERK_URL} />
      </AkakoProvider>
    </ClerkProvider>
  </StrictMode>,
);
