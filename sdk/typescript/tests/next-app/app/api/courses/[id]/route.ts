import { NextResponse, type NextRequest } from "next/server";
import { withRoleGuard } from "@/lib/rbac";

export const GET = withRoleGuard(
  async (request: NextRequest, { params }: { params: Promise<{ id: string }> }) =>
    NextResponse.json({ id: (await params).id, language: request.nextUrl.searchParams.get("language") }),
  { roles: ["LEARNER"] },
);
