"use client";

import { RequireRole } from "@akako/sync/react";
import { useAuth } from "@/lib/useAuth";

export default function Page() {
  const { user, roles, isLoading } = useAuth();
  return (
    <main>
      <p>{isLoading ? "loading" : `${user?.firstName} ${roles.join()}`}</p>
      <RequireRole anyOf={["MENTOR"]} loading="please wait">
        For mentors
      </RequireRole>
    </main>
  );
}
