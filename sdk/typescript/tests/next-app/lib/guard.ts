import { auth } from "@clerk/nextjs/server";
import { apiSource, createGuard } from "@akako/sync/next";
import { forbidden, unauthorized } from "next/navigation";

export const { requireRole } = createGuard({
  auth,
  source: apiSource({ baseUrl: process.env.AKAKO_API_URL! }),
  onDenied: (status) => {
    if (status === 401) unauthorized();
    if (status === 403) forbidden();
  },
});
