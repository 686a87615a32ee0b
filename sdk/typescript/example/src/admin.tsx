import { isAkakoError, unwrap, type components } from "@akako/sync/client";
import { useAkakoClient } from "@akako/sync/react";
import { useCallback, useEffect, useState, type ReactNode } from "react";

type User = components["schemas"]["User"];

export function Admin(): ReactNode {
  const client = useAkakoClient();
  const [users, setUsers] = useState<User[]>([]);
  const [message, setMessage] = useState("");
  const read = useCallback(async () => setUsers((await unwrap(client.GET("/api/admin/users"))).items), [client]);
  useEffect(() => void read(), [read]);

  async function makeMentor(clerkId: string): Promise<void> {
    const body = { role: "MENTOR", end: new Date(Date.now() + 60_000).toISOString(), reason: "Example LMS" } as const;
    try {
      await unwrap(client.POST("/api/admin/users/{clerk_id}/roles", { params: { path: { clerk_id: clerkId } }, body }));
      setMessage("");
    } catch (error) {
      setMessage(isAkakoError(error, "overlap") ? `Already a mentor (assignment ${error.assignmentId}).` : String(error));
    }
    await read();
  }

  return (
    <section>
      <h2>Admin</h2>
      <p role="status">{message}</p>
      <ul>
        {users.map((user) => (
          <li key={user.id}>
            {user.email ?? user.clerk_id}: {user.roles.join(", ")}{" "}
            <button onClick={() => void makeMentor(user.clerk_id)}>Mentor for a minute</button>
          </li>
        ))}
      </ul>
    </section>
  );
}
