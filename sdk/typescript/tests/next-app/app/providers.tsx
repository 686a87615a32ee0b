"use client";

import { AkakoProvider } from "@akako/sync/react";
import { ClerkProvider, useAuth } from "@clerk/nextjs";
import type { ReactNode } from "react";

export function Providers({ children }: { children: ReactNode }) {
  return (
    <ClerkProvider dynamic>
      <AkakoProvider useAuth={useAuth}>{children}</AkakoProvider>
    </ClerkProvider>
  );
}
