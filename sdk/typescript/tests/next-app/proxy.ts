import { clerkMiddleware } from "@clerk/nextjs/server";

export default clerkMiddleware({ authorizedParties: ["http://localhost:3000"] });
export const config = { matcher: ["/((?!_next|.*\\..*).*)", "/(api|trpc)(.*)"] };
