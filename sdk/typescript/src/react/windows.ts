import type { Profile, Role, RoleWindow } from "@akako/sync/client";
import type { TimeRange } from "./server-clock";

/**
 * Whether a role counts over the whole range. The server says what is held at the time of the answer; the window says how
 * that changes with time. A window that was not held though it had begun was closed, and does not begin again.
 */
export function isHeld(window: RoleWindow, at: number, { earliest, latest }: TimeRange): boolean {
  const [start, end] = bounds(window);
  return (window.held || start >= at) && start <= earliest && latest < end;
}

/** The roles held over the whole range, without repetitions. */
export function heldRoles(profile: Profile, at: number, range: TimeRange): Role[] {
  return [...new Set(profile.assignments.filter((window) => isHeld(window, at, range)).map((window) => window.role))];
}

/** Milliseconds until a role begins or ends; Infinity if none will. */
export function untilChange(profile: Profile, { earliest, latest }: TimeRange): number {
  const times = profile.assignments.flatMap((window) => {
    const [start, end] = bounds(window);
    return [start - earliest, end - latest];
  });
  return Math.min(Infinity, ...times.filter((time) => time > 0));
}

function bounds(window: RoleWindow): [start: number, end: number] {
  const end = window.effective_end_date;
  // Sub-millisecond digits are cut off by Date.parse, so the end comes at most a millisecond early.
  return [Date.parse(window.effective_start_date), end === null ? Infinity : Date.parse(end)];
}
