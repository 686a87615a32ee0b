export { getCurrentUser } from "@akako/sync/next";
