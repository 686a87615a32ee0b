import { requireRole } from "@/lib/guard";

export default async function Page() {
  const admin = await requireRole("ADMIN");
  return <h1>{`Admin ${admin.firstName}`}</h1>;
}
