import { RequireRole, useAuth, useRoles } from "@akako/sync/react";
import { useClerk } from "@clerk/react";
import type { ReactNode } from "react";
import { Admin } from "./admin";
import { Mentors } from "./mentors";

export function App({ clerkUrl }: { clerkUrl: string }): ReactNode {
  return (
    <main>
      <h1>Example LMS</h1>
      <User clerkUrl={clerkUrl} />
      <RequireRole anyOf={["MENTOR", "ADMIN"]} fallback={<p>The mentors' page is for mentors.</p>}>
        <Mentors />
      </RequireRole>
      <RequireRole anyOf={["ADMIN"]}>
        <Admin />
      </RequireRole>
    </main>
  );
}

function User({ clerkUrl }: { clerkUrl: string }): ReactNode {
  const { user, roles, isLoading, isAuthenticated } = useAuth();
  const { status } = useRoles();
  const { signOut } = useClerk();
  if (isLoading) return <p>Loading</p>;
  if (status === "signed-out") {
    return (
      <p>
        Signed out. <a href={clerkUrl}>Choose a user at the development Clerk</a>, sign in, and come back.
      </p>
    );
  }
  if (!isAuthenticated) return <p role="alert">Without access: {status}</p>;
  return (
    <p>
      {user?.firstName ?? user?.clerkId}: <output>{roles.join(", ")}</output>{" "}
      <button onClick={() => void signOut()}>Sign out</button>
    </p>
  );
}
