export { useAuth } from "@akako/sync/react";
