/** The views of Akako Sync for Drizzle, which are read only: `.existing()` keeps `drizzle-kit` from creating them. */
import { bigint, boolean, pgSchema, text, timestamp } from "drizzle-orm/pg-core";

const akako = pgSchema("akako");
const time = (name: string) => timestamp(name, { withTimezone: true });

const assignment = {
  assignmentId: bigint("assignment_id", { mode: "bigint" }).notNull(),
  userId: bigint("user_id", { mode: "bigint" }).notNull(),
  clerkId: text("clerk_id").notNull(),
  role: text("role", { enum: ["LEARNER", "MENTOR", "ADMIN"] }).notNull(),
  effectiveStartDate: time("effective_start_date").notNull(),
  effectiveEndDate: time("effective_end_date"),
  assignedBy: text("assigned_by").notNull(),
  reason: text("reason"),
};

/** Every user, including banned and deleted ones. */
export const currentUsers = akako
  .view("current_users", {
    id: bigint("id", { mode: "bigint" }).notNull(),
    clerkId: text("clerk_id").notNull(),
    email: text("email"),
    firstName: text("first_name"),
    lastName: text("last_name"),
    username: text("username"),
    imageUrl: text("image_url"),
    externalId: text("external_id"),
    banned: boolean("banned").notNull(),
    deleted: boolean("deleted").notNull(),
    createdAt: time("created_at").notNull(),
    updatedAt: time("updated_at").notNull(),
  })
  .existing();

/** Every role that is held at this moment; banned and deleted users hold none. */
export const currentRoles = akako.view("current_roles", assignment).existing();

/** Every assignment, with its window of time as it is known now. */
export const roleHistory = akako
  .view("role_history", {
    ...assignment,
    endReason: text("end_reason"),
    recordedAt: time("recorded_at").notNull(),
    lastChangedAt: time("last_changed_at").notNull(),
  })
  .existing();
