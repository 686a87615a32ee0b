export { withRoleGuard } from "@akako/sync/next";
