// Generated from openapi.json by `npm run schema`. Do not edit.

export interface paths {
    "/api/auth/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create the caller's own user at the first login, if no webhook has created it yet.
         * @description The data comes from Clerk's Backend API, never from the request, and is applied like an event: a new user gets the default role once. The user is always the subject of the token; a request body is ignored. If the user already exists, it is returned unchanged. Returns 401 for a deleted user (a tombstone is never restored), 403 for a banned user, and 503 without any change if Clerk is unavailable.
         *
         *     Requires a valid token.
         */
        post: operations["sync"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user/profile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Return the caller's own user, with the roles held now and all assignments.
         * @description Requires a known user.
         */
        get: operations["profile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List users, newest first. Pages stay consistent while users are added.
         * @description Requires the role ADMIN.
         */
        get: operations["users"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{clerk_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show one user with past, current and future assignments.
         * @description With `as_of`, the assignments are shown as recorded by that time.
         *
         *     Requires the role ADMIN.
         */
        get: operations["user"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{clerk_id}/roles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Return the roles that the user held at a point in time, and the status of the user at that time.
         * @description Without `as_of`, the answer is what the guard decided at that time, or would have decided. With `as_of=now`, it is what is known now about that time, including corrections that were recorded later. A time in the future is always answered with what is known now. `question` says which of the two was answered, and `revisions` lists the audit lines that make the answers differ. A change counts from when it was recorded; the guard applies it when its transaction commits, usually a few milliseconds later.
         *
         *     Requires the role ADMIN.
         */
        get: operations["roles"];
        put?: never;
        /**
         * Assign a role to the user, from now or a later time on, with or without an end.
         * @description Assignments of the same role must not overlap; otherwise the response is 409 with the id of the conflicting assignment. The assigning admin is taken from the token.
         *
         *     Requires the role ADMIN.
         */
        post: operations["assign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{clerk_id}/roles/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End an assignment now, or cancel one that has not started. Nothing is deleted.
         * @description Returns 409 if a time that has an ADMIN would be left without one.
         *
         *     Requires the role ADMIN.
         */
        delete: operations["revoke"];
        options?: never;
        head?: never;
        /**
         * Change the end of an assignment to an earlier or later time, or remove it.
         * @description Returns 409 if a time that has an ADMIN would be left without one.
         *
         *     Requires the role ADMIN.
         */
        patch: operations["change_end"];
        trace?: never;
    };
    "/api/admin/users/{clerk_id}/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Explain why the user held, or did not hold, a role at a point in time.
         * @description The response contains the assignment, its audit lines, the admin or the delivery that caused each of them, and how that delivery was verified. `at` and `as_of` work as for the roles at a point in time: by default the answer is the state at that time, and with `as_of=now` it is what is known now. A ban or a deletion also counts as of that time.
         *
         *     Requires the role ADMIN.
         */
        get: operations["explain"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/roles/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add roles from a file of at most 1,000 lines: all of them, or none if one is refused.
         * @description A role that the user holds during that time already is left as it is, so a file can be imported again. Windows must not begin in the past: past decisions of the guard cannot be changed, except by an operator as the owner of the tables.
         *
         *     Requires the role ADMIN.
         */
        post: operations["import_roles"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show the state of every component with what to do next, and the figures that say whether events are applied.
         * @description Requires the role ADMIN.
         */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/activity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Count the deliveries accepted and applied in the last hour or day, with their lag, in intervals.
         * @description The counts of an interval that ended without pending events are kept by the process: a replay of one of its parked events later does not change them.
         *
         *     Requires the role ADMIN.
         */
        get: operations["activity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the audit trail, newest line first: one page as JSON, or all matching lines as CSV or JSON lines.
         * @description A stream is aborted if its reader loses the role; the transfer is then incomplete. With `after`, lines are listed oldest first, and only final lines are returned: no open transaction can add a line before them. To follow the trail without missing lines, start with `after=0` and continue with `position` of each response. A transaction that stays open after it wrote to the trail delays all later lines: until it ends, `items` is empty and `position` does not advance. With CSV and JSON lines, the header `X-Audit-Position` is the position to continue from.
         *
         *     Requires the role ADMIN.
         */
        get: operations["audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List stored events, most recently received first. Pages stay consistent while new events arrive.
         * @description Requires the role ADMIN.
         */
        get: operations["events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/events/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Count events by status, type and reason, and show how long the oldest due event has been due.
         * @description No more than 10,000 events of one kind are counted.
         *
         *     Requires the role ADMIN.
         */
        get: operations["event_stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/events/matching": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Count the events that match a filter, by kind of reason. No more than 10,000 of one kind are counted.
         * @description Requires the role ADMIN.
         */
        get: operations["matching_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/events/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Apply events again in the order received, or preview what that would change.
         * @description A replay never replaces a newer state of a user with an older one, unless `force` is given for a single event. Events that cannot be applied are listed with the reason.
         *
         *     Requires the role ADMIN.
         */
        post: operations["replay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/events/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Discard parked and pending events. Nothing is deleted; a replay can apply discarded events later.
         * @description Requires the role ADMIN.
         */
        post: operations["discard"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/events/{svix_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show one delivery, whether its signature still verifies, and what it changed. Personal data is redacted.
         * @description Requires the role ADMIN.
         */
        get: operations["event"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/events/{svix_id}/reveal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Show one delivery with its body exactly as received. The audit trail records who saw it, and why.
         * @description Requires the role ADMIN.
         */
        post: operations["reveal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/drift": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List differences from Clerk, newest first: open ones, unless `ended` is true.
         * @description Requires the role ADMIN.
         */
        get: operations["drift"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/drift/summary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Count open differences by class, and show the last walks over all users of Clerk with their progress.
         * @description Requires the role ADMIN.
         */
        get: operations["drift_summary"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/drift/repair": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask Clerk again for the users of differences, and store them as Clerk says, or return what that would change.
         * @description A user that is recorded as deleted stays deleted, and a user that Clerk does not have is not changed. Differences that were not repaired are listed with the reason. Returns 503 without any change if Clerk is unavailable.
         *
         *     Requires the role ADMIN.
         */
        post: operations["repair"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/drift/{drift_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show one difference: what it means, what is done about it, and what is known about its user.
         * @description Requires the role ADMIN.
         */
        get: operations["difference"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/deletions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List deletions that are held because there were more than the limit, oldest first.
         * @description Requires the role ADMIN.
         */
        get: operations["deletions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/deletions/summary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Count the held deletions by how they became known and what Clerk says, up to 10,000.
         * @description Requires the role ADMIN.
         */
        get: operations["deletions_summary"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/deletions/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Apply held deletions, which cannot be undone. Clerk is asked about each user first.
         * @description Deletions of users that Clerk has stay held. Returns 503 if Clerk is unavailable; the deletions that it confirmed before are released.
         *
         *     Requires the role ADMIN.
         */
        post: operations["release_deletions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/deletions/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Discard held deletions: the users keep their access, or get it back if Clerk had confirmed the deletion.
         * @description Requires the role ADMIN.
         */
        post: operations["reject_deletions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Activity
         * @description Deliveries by the time they were received.
         */
        Activity: {
            /**
             * At
             * Format: date-time
             * @description When this was read, by the clock of the database.
             */
            at: string;
            /**
             * Seconds
             * @description Length of an interval. The last one has not ended.
             */
            seconds: number;
            /**
             * Intervals
             * @description Oldest first, without gaps.
             */
            intervals: components["schemas"]["ActivityInterval"][];
        };
        /**
         * ActivityInterval
         * @description The deliveries received in an interval.
         */
        ActivityInterval: {
            /**
             * Start
             * Format: date-time
             */
            start: string;
            /**
             * Accepted
             * @description Deliveries stored.
             */
            accepted: number;
            /**
             * Applied
             * @description How many of them are applied.
             */
            applied: number;
            /**
             * Pending
             * @description How many of them wait to be applied.
             */
            pending: number;
            /**
             * Lag Median
             * @description Median of the seconds from receipt to application; null if none is applied.
             */
            lag_median: number | null;
            /**
             * Lag P95
             * @description 95th percentile of the same.
             */
            lag_p95: number | null;
        };
        /**
         * Assign
         * @description Request to assign a role to a user. The assigning admin is taken from the token.
         */
        Assign: {
            /** @description The role to assign. */
            role: components["schemas"]["Role"];
            /**
             * Reason
             * @description Reason, recorded in the audit trail.
             */
            reason: string;
            /**
             * Start
             * @description Held from this time on; must not be in the past. Omitted or null: from now on.
             * @default null
             */
            start?: string | null;
            /**
             * End
             * @description Held until just before this time. Omitted or null: no end.
             * @default null
             */
            end?: string | null;
            /**
             * Notes
             * @description Notes for admins.
             * @default
             */
            notes?: string;
        };
        /**
         * Assignment
         * @description A role held by a user in a window of time.
         */
        Assignment: {
            /**
             * Id
             * @description Id of the assignment.
             */
            id: number;
            role: components["schemas"]["Role"];
            /**
             * Effective Start Date
             * Format: date-time
             * @description Held from this time on.
             */
            effective_start_date: string;
            /**
             * Effective End Date
             * @description Held until just before this time; null if it has no end; equal to the start if it was cancelled.
             */
            effective_end_date: string | null;
            /**
             * Held
             * @description Whether the role is held now, or at the time that the question is about.
             */
            held: boolean;
            /**
             * Assigned By
             * @description Who assigned it: a Clerk id, `IMPERSONATOR as CLERK_ID`, `operator:NAME`, or `akako` for the default role.
             */
            assigned_by: string;
            /**
             * Assigned By Email
             * @description E-mail address of that person when the role was assigned.
             */
            assigned_by_email: string | null;
            /**
             * Reason
             * @description Why it was assigned.
             */
            reason: string | null;
            /**
             * End Reason
             * @description Why it ended.
             */
            end_reason: string | null;
            /**
             * Admin Notes
             * @description Notes for admins.
             */
            admin_notes: string | null;
            /**
             * Is Active
             * @description False after the assignment was closed: revoked, or recorded as expired.
             */
            is_active: boolean;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
        };
        /**
         * AuditFormat
         * @description Format of the response.
         * @enum {string}
         */
        AuditFormat: "json" | "csv" | "jsonl";
        /**
         * AuditLine
         * @description One change, recorded by the database. Audit lines are append-only.
         */
        AuditLine: {
            /** Id */
            id: number;
            /**
             * At
             * Format: date-time
             * @description When the line was written.
             */
            at: string;
            /**
             * Action
             * @description `role.assigned`, `role.extended`, `role.shortened`, `role.revoked`, `role.expired`, `user.created`,
             *     `access.refused`, ...
             */
            action: string;
            /**
             * Clerk User Id
             * @description The user that the line is about.
             */
            clerk_user_id: string | null;
            /**
             * User Role Id
             * @description Id of the assignment.
             */
            user_role_id: number | null;
            /** Role */
            role: string | null;
            /**
             * Actor
             * @description Who made the change: `clerk`, `calendar`, a Clerk id, `IMPERSONATOR as CLERK_ID`, `operator:NAME` or
             *     `database:ROLE`.
             */
            actor: string;
            /**
             * Actor Email
             * @description E-mail address of that person.
             */
            actor_email: string | null;
            /**
             * Reason
             * @description Why the change was made.
             */
            reason: string | null;
            /**
             * Cause
             * @description The svix id or request id that caused the change.
             */
            cause: string | null;
            /**
             * Before
             * @description State before the change.
             */
            before: {
                [key: string]: unknown;
            } | null;
            /**
             * After
             * @description State after the change.
             */
            after: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * AuditPage
         * @description A page of the audit trail: newest line first, or with `after` oldest line first.
         */
        AuditPage: {
            /** Items */
            items: components["schemas"]["AuditLine"][];
            /**
             * Next
             * @description Cursor of the next page; null on the last page, and with `after`.
             */
            next: string | null;
            /**
             * Position
             * @description With `after`: the position to continue from; if `items` is full, more lines are available. Otherwise null.
             */
            position: number | null;
        };
        /**
         * ChangeEnd
         * @description Request to change the end of an assignment.
         */
        ChangeEnd: {
            /**
             * End
             * @description Held until just before this time. Null: no end.
             */
            end: string | null;
            /**
             * Reason
             * @description Reason, recorded in the audit trail.
             */
            reason: string;
        };
        /**
         * DeletionDecision
         * @description Request to decide about held deletions: of the users given, or of all.
         */
        DeletionDecision: {
            /**
             * Reason
             * @description Reason, recorded in the audit trail.
             */
            reason: string;
            /**
             * Clerk Ids
             * @description The users, by Clerk id.
             * @default null
             */
            clerk_ids?: string[] | null;
            /**
             * All
             * @description All users whose deletion is held, oldest hold first.
             * @default false
             */
            all?: boolean;
            /**
             * Limit
             * @description Maximum number of deletions that this request processes, with `all`.
             * @default 20
             */
            limit?: number;
            /**
             * Cursor
             * @description `next` of the previous response, with `all`.
             * @default null
             */
            cursor?: string | null;
            /**
             * Dry Run
             * @description Return what would be decided, without changing anything.
             * @default false
             */
            dry_run?: boolean;
        };
        /**
         * DeletionsDecided
         * @description Result of releasing or rejecting held deletions.
         */
        DeletionsDecided: {
            /**
             * Done
             * @description The users whose deletion was released or rejected, by Clerk id; with `dry_run`, would be.
             */
            done: string[];
            /**
             * Left
             * @description The users whose deletion was neither released nor rejected.
             */
            left: components["schemas"]["SkippedDeletion"][];
            /**
             * Next
             * @description Cursor with which to repeat the request for the remaining deletions; null if none remain.
             */
            next: string | null;
        };
        /**
         * DeletionsSummary
         * @description The held deletions by reason.
         */
        DeletionsSummary: {
            /**
             * Total
             * @description Number of held deletions; counted up to 10,000.
             */
            total: number;
            /**
             * Reasons
             * @description The most frequent first.
             */
            reasons: components["schemas"]["HeldCount"][];
        };
        /**
         * DeliveryEvidence
         * @description A stored delivery and how it was verified, without its body.
         */
        DeliveryEvidence: {
            /** Svix Id */
            svix_id: string;
            /** Type */
            type: string | null;
            /** Occurred At */
            occurred_at: string | null;
            /**
             * Received At
             * Format: date-time
             */
            received_at: string;
            /** Applied At */
            applied_at: string | null;
            /** Status */
            status: string;
            /**
             * Svix Timestamp
             * @description Signed timestamp of the delivery attempt, in seconds since 1970.
             */
            svix_timestamp: number;
            /** Svix Signature */
            svix_signature: string;
            /**
             * Verified By
             * @description Fingerprint of the signing secret that verified the delivery: the first 12 hex digits of its SHA-256.
             */
            verified_by: string;
            /** Body Sha256 */
            body_sha256: string;
            /**
             * Body Bytes
             * @description Size of the body in bytes; null after the body was removed because of its age. The digest remains.
             */
            body_bytes: number | null;
        };
        /**
         * Denial
         * @description Error response of the authentication guard. The reason is only logged.
         */
        Denial: {
            /**
             * Error
             * @description Why the request was denied, without details.
             * @enum {string}
             */
            error: "Unauthorized" | "Forbidden" | "Unavailable";
        };
        /**
         * Difference
         * @description All changes that a replay or a repair would make.
         */
        Difference: {
            /** Users */
            users: components["schemas"]["RowChange"][];
            /** Roles */
            roles: components["schemas"]["RowChange"][];
            /**
             * Audit
             * @description Lines that would be added to the audit trail, oldest first; their ids and times would differ.
             */
            audit: components["schemas"]["AuditLine"][];
        };
        /**
         * Discard
         * @description Request to discard events.
         */
        Discard: {
            /**
             * @description Only events with this status.
             * @default null
             */
            status?: components["schemas"]["EventStatus"] | null;
            /**
             * Type
             * @description Exact event type, for example `user.updated`.
             * @default null
             */
            type?: string | null;
            /**
             * User
             * @description Only events about this user, by Clerk id.
             * @default null
             */
            user?: string | null;
            /**
             * Since
             * @description Received at or after this time.
             * @default null
             */
            since?: string | null;
            /**
             * Until
             * @description Received before this time.
             * @default null
             */
            until?: string | null;
            /**
             * Occurred Since
             * @description Occurred at Clerk at or after this time.
             * @default null
             */
            occurred_since?: string | null;
            /**
             * Occurred Until
             * @description Occurred at Clerk before this time.
             * @default null
             */
            occurred_until?: string | null;
            /**
             * Error
             * @description Text contained in the reason why an event failed, was ignored or was parked; case-insensitive.
             * @default null
             */
            error?: string | null;
            /**
             * Error Kind
             * @description Only events with this kind of reason, as named in `why_parked` of the statistics.
             * @default null
             */
            error_kind?: string | null;
            /**
             * Reason
             * @description Reason, recorded in the audit trail.
             */
            reason: string;
            /**
             * Svix Ids
             * @description Only these events, if they also match the other conditions.
             * @default null
             */
            svix_ids?: string[] | null;
            /**
             * Limit
             * @description Maximum number of events that this request processes.
             * @default 200
             */
            limit?: number;
            /**
             * Cursor
             * @description `next` of the previous response.
             * @default null
             */
            cursor?: string | null;
        };
        /**
         * Discarded
         * @description Result of discarding events.
         */
        Discarded: {
            /**
             * Discarded
             * @description Number of events that were discarded.
             */
            discarded: number;
            /**
             * Left
             * @description Events that could not be discarded.
             */
            left: components["schemas"]["SkippedEvent"][];
            /**
             * Next
             * @description Cursor with which to repeat the request for the remaining events; null if none remain.
             */
            next: string | null;
        };
        /**
         * Drift
         * @description A recorded difference between Clerk and the database.
         */
        Drift: {
            /** Id */
            id: number;
            /** Clerk Id */
            clerk_id: string;
            /**
             * Class
             * @description `missed_creation`, `missed_update`, `differs`, `ahead`, `absent` or `returned`.
             */
            class: string;
            /**
             * Fields
             * @description Names of the columns that differ.
             */
            fields: string[];
            /**
             * Our Version
             * @description Version stored when the difference was last checked; null for an unknown or deleted user.
             */
            our_version: string | null;
            /**
             * Clerk Version
             * @description Version at Clerk when the difference was last checked; null for a user that Clerk did not show.
             */
            clerk_version: string | null;
            /**
             * Walk Id
             * @description The walk that found it; null if it was found among the latest updates.
             */
            walk_id: number | null;
            /**
             * Found At
             * Format: date-time
             */
            found_at: string;
            /**
             * Checked At
             * Format: date-time
             * @description When it was last checked.
             */
            checked_at: string;
            /**
             * Next Check At
             * Format: date-time
             * @description When it is checked next, if it is open.
             */
            next_check_at: string;
            /**
             * Gone At
             * @description When Clerk first answered that it has no such user.
             */
            gone_at: string | null;
            /**
             * Ended At
             * @description When it ended; null while it is open.
             */
            ended_at: string | null;
            /**
             * Outcome
             * @description `resolved`: it ended by itself. `repaired`: Clerk's contents were applied. `deleted`, `held`: the user is gone,
             *     and was deleted, or the deletion waits for a person.
             */
            outcome: string | null;
        };
        /**
         * DriftClass
         * @description A class of differences, and how many are open.
         */
        DriftClass: {
            /** Name */
            name: string;
            /** Open */
            open: number;
            /**
             * Meaning
             * @description What the class means, in plain words.
             */
            meaning: string;
            /**
             * Action
             * @description What is done about this class.
             */
            action: string;
        };
        /**
         * DriftSummary
         * @description Open differences by class, and the last walks over all users of Clerk.
         */
        DriftSummary: {
            /**
             * At
             * Format: date-time
             * @description Time of the database.
             */
            at: string;
            /** Classes */
            classes: components["schemas"]["DriftClass"][];
            /**
             * Walks
             * @description The 20 last ones, the one that was started last first.
             */
            walks: components["schemas"]["Walk"][];
        };
        /**
         * Drifts
         * @description A page of differences, newest first.
         */
        Drifts: {
            /** Items */
            items: components["schemas"]["Drift"][];
            /**
             * Next
             * @description Cursor of the next page; null on the last page.
             */
            next: string | null;
        };
        /**
         * ErrorCode
         * @description Stable code of an error response.
         * @enum {string}
         */
        ErrorCode: "another_instance" | "assignment_over" | "assignment_unknown" | "drift_unknown" | "end_too_soon" | "event_unknown" | "head_too_large" | "internal" | "invalid" | "last_admin" | "malformed" | "method_not_allowed" | "not_found" | "not_json" | "not_pinned" | "overlap" | "refused" | "start_too_early" | "too_large" | "too_slow" | "unavailable" | "user_deleted" | "user_unknown";
        /**
         * Event
         * @description A stored delivery and its processing status, without personal data.
         */
        Event: {
            /** Svix Id */
            svix_id: string;
            /** Type */
            type: string | null;
            /**
             * Clerk User Id
             * @description The user that the event is about.
             */
            clerk_user_id: string | null;
            /**
             * Occurred At
             * @description When the event occurred at Clerk: the version of the snapshot, or else the timestamp of the envelope.
             */
            occurred_at: string | null;
            /**
             * Received At
             * Format: date-time
             */
            received_at: string;
            /** Applied At */
            applied_at: string | null;
            /**
             * Status
             * @description `received`, `applied`, `ignored`, `parked`, `discarded` or `held`.
             */
            status: string;
            /**
             * Attempts
             * @description Number of failed attempts.
             */
            attempts: number;
            /**
             * Next Attempt At
             * Format: date-time
             * @description When the next attempt is due, if the event is pending.
             */
            next_attempt_at: string;
            /**
             * Last Error
             * @description Why the event was ignored or parked, or why its last attempt failed.
             */
            last_error: string | null;
            /**
             * Body Bytes
             * @description Size of the body in bytes; null after the body was removed because of its age.
             */
            body_bytes: number | null;
        };
        /**
         * EventCount
         * @description Number of events with one status, type or reason.
         */
        EventCount: {
            /** Name */
            name: string;
            /** Events */
            events: number;
            /**
             * Exact
             * @description `false` above 10,000, since more are not counted: then `events` is an estimate, or 10,000.
             */
            exact: boolean;
        };
        /**
         * EventStats
         * @description Statistics about stored events.
         */
        EventStats: {
            /**
             * Statuses
             * @description Events by status.
             */
            statuses: components["schemas"]["EventCount"][];
            /** @description Events that are due and not applied. */
            due: components["schemas"]["EventCount"];
            /**
             * Oldest Due At
             * @description When the oldest due event became due.
             */
            oldest_due_at: string | null;
            /**
             * Last Received At
             * @description When the most recent event was received.
             */
            last_received_at: string | null;
            /**
             * Types Of Last Day
             * @description Events received in the last 24 hours, by type.
             */
            types_of_last_day: components["schemas"]["EventCount"][];
            /**
             * Why Parked
             * @description Parked events by kind of reason: the 20 most frequent kinds. In a kind, words with digits, such as ids and times,
             *     are replaced by `*`; `error_kind` selects its events.
             */
            why_parked: components["schemas"]["EventCount"][];
        };
        /**
         * EventStatus
         * @description Processing status of an event. A database constraint rejects other values.
         * @enum {string}
         */
        EventStatus: "received" | "applied" | "ignored" | "parked" | "discarded" | "held";
        /**
         * Events
         * @description A page of stored events, most recently received first.
         */
        Events: {
            /** Items */
            items: components["schemas"]["Event"][];
            /**
             * Next
             * @description Cursor of the next page; null on the last page.
             */
            next: string | null;
        };
        /**
         * Explanation
         * @description Why a user held, or did not hold, a role at a point in time.
         */
        Explanation: {
            /**
             * At
             * Format: date-time
             * @description The time that the question is about.
             */
            at: string;
            /**
             * As Of
             * Format: date-time
             * @description The answer excludes what was recorded after this time.
             */
            as_of: string;
            /**
             * @description `what_was_so`: what the guard decided at `at`, or would have decided. `what_is_known`: what was recorded by
             *     `as_of` about `at`, including later corrections.
             */
            question: components["schemas"]["PastQuestion"];
            /** @description Status of the user: the guard answers 401 to `unknown` and `deleted` users and 403 to `banned` ones. */
            user_status: components["schemas"]["UserStatus"];
            /**
             * Revisions
             * @description Audit lines recorded after the earlier of `at` and `as_of` that changed the answer about `at`, oldest first.
             *     Lines recorded after `as_of` are not part of this answer.
             */
            revisions: components["schemas"]["Revision"][];
            /** @description The current state of the user. */
            user: components["schemas"]["User"];
            role: components["schemas"]["Role"];
            /**
             * Held
             * @description Whether the role was held.
             */
            held: boolean;
            /**
             * Why
             * @description The explanation, in one to four sentences.
             */
            why: string;
            /** @description The assignment that was held; or else the last one that ended, the next one to start, or a cancelled one. */
            assignment: components["schemas"]["Assignment"] | null;
            /**
             * Audit
             * @description All audit lines of that assignment, oldest first.
             */
            audit: components["schemas"]["AuditLine"][];
            /**
             * Deliveries
             * @description The stored deliveries that caused those lines.
             */
            deliveries: components["schemas"]["DeliveryEvidence"][];
        };
        /**
         * Format
         * @description How the file is written.
         * @enum {string}
         */
        Format: "csv" | "jsonl";
        /**
         * Health
         * @description Whether the sync is healthy, by the clock of the database, at most two seconds old.
         */
        Health: {
            /**
             * Healthy
             * @description Whether every component is healthy and no event is overdue.
             */
            healthy: boolean;
            /**
             * Summary
             * @description One sentence: all is well, or what is wrong and what to do first.
             */
            summary: string;
            /**
             * Parts
             * @description In the order in which faults have to be fixed.
             */
            parts: components["schemas"]["HealthPart"][];
            /**
             * Due
             * @description Events that wait to be applied, up to 100,000.
             */
            due: number;
            /**
             * Oldest Due Seconds
             * @description Seconds since the oldest due event became due; 0 if none is due.
             */
            oldest_due_seconds: number;
            /**
             * Parked
             * @description Parked events, up to 100,000.
             */
            parked: number;
            /**
             * Deletions Held
             * @description Deletions that wait for a person, up to 100,000.
             */
            deletions_held: number;
            /**
             * Drift
             * @description Open differences to Clerk by class; empty if no instance is pinned.
             */
            drift: {
                [key: string]: number;
            };
            /**
             * Last Delivery Seconds
             * @description Seconds since the newest delivery was stored; null if there is none.
             */
            last_delivery_seconds: number | null;
            /**
             * Walked Seconds
             * @description Seconds since the last complete walk over all users at Clerk; null if there was none.
             */
            walked_seconds: number | null;
            /**
             * Gap
             * @description Users stored and not deleted, minus those that Clerk counted last; null if it was not asked.
             */
            gap: number | null;
        };
        /**
         * HealthPart
         * @description The state of a component.
         */
        HealthPart: {
            /**
             * Part
             * @description `database`, `migrations`, `broker`, `worker`, `beat` or `clerk`.
             */
            part: string;
            /** Healthy */
            healthy: boolean;
            /**
             * Description
             * @description `healthy`, or what is wrong.
             */
            description: string;
            /**
             * Next Step
             * @description What to do; empty if nothing is to be done.
             */
            next_step: string;
            /**
             * Moved Seconds Ago
             * @description Since the component last made progress; null if it writes no heartbeats, or was never seen.
             */
            moved_seconds_ago: number | null;
        };
        /**
         * HeldCount
         * @description How many deletions are held for the same reason.
         */
        HeldCount: {
            /**
             * Kind
             * @description `signed` by a delivery, or `inferred` by reconciling.
             */
            kind: string;
            /**
             * Exists At Clerk
             * @description Whether Clerk has the users, as it answered last; null if it was not asked yet.
             */
            exists_at_clerk: boolean | null;
            /** Deletions */
            deletions: number;
        };
        /**
         * HeldDeletion
         * @description A deletion that waits for a person.
         */
        HeldDeletion: {
            /** Id */
            id: number;
            /**
             * Clerk Id
             * @description The user.
             */
            clerk_id: string;
            /**
             * Kind
             * @description `signed` by a delivery, or `inferred` by reconciling.
             */
            kind: string;
            /**
             * Svix Id
             * @description The delivery that signed it; null for an inferred one.
             */
            svix_id: string | null;
            /**
             * Cause
             * @description The svix id, or what inferred the deletion.
             */
            cause: string;
            /**
             * Occurred At
             * Format: date-time
             * @description When the user was deleted.
             */
            occurred_at: string;
            /**
             * Held At
             * Format: date-time
             * @description Since when it is held.
             */
            held_at: string;
            /**
             * Asked At
             * @description When Clerk last answered whether it has the user.
             */
            asked_at: string | null;
            /**
             * Exists At Clerk
             * @description What Clerk answered then; null if it was not asked yet.
             */
            exists_at_clerk: boolean | null;
            /**
             * Confirmed At
             * @description When Clerk confirmed that the user is gone. The user has had no access since then.
             */
            confirmed_at: string | null;
        };
        /**
         * HeldDeletions
         * @description A page of held deletions, oldest first.
         */
        HeldDeletions: {
            /** Items */
            items: components["schemas"]["HeldDeletion"][];
            /**
             * Next
             * @description Cursor of the next page; null on the last page.
             */
            next: string | null;
        };
        /**
         * ImportRoles
         * @description Request to import roles from the text of a file.
         */
        ImportRoles: {
            /**
             * Content
             * @description The file: CSV with a header that names `who`, `role` and any of `from`, `until`, `by`, `why`; or JSON lines.
             */
            content: string;
            /**
             * Reason
             * @description Reason, recorded in the audit trail for lines without `why`.
             */
            reason: string;
            /** @default csv */
            format?: components["schemas"]["Format"];
            /** @default clerk-id */
            who?: components["schemas"]["Who"];
            /**
             * Dry Run
             * @description Return what would become of each line, without changing anything.
             * @default false
             */
            dry_run?: boolean;
        };
        /**
         * ImportedLine
         * @description A line of the file and what becomes of it.
         */
        ImportedLine: {
            /**
             * Number
             * @description Line of the file, counted from 1.
             */
            number: number;
            /** @description `added`; `present` if the user holds the role during all of that time already; or `refused`. */
            outcome: components["schemas"]["Outcome"];
            /**
             * Clerk Id
             * @description The user; null if the line cannot be read.
             */
            clerk_id: string | null;
            role: components["schemas"]["Role"] | null;
            /** Start */
            start: string | null;
            /** End */
            end: string | null;
            /**
             * Why
             * @description Why it was refused; empty otherwise.
             */
            why: string;
        };
        /**
         * InspectedDrift
         * @description A difference, what it means, and what is known about its user.
         */
        InspectedDrift: {
            /** Id */
            id: number;
            /** Clerk Id */
            clerk_id: string;
            /**
             * Class
             * @description `missed_creation`, `missed_update`, `differs`, `ahead`, `absent` or `returned`.
             */
            class: string;
            /**
             * Fields
             * @description Names of the columns that differ.
             */
            fields: string[];
            /**
             * Our Version
             * @description Version stored when the difference was last checked; null for an unknown or deleted user.
             */
            our_version: string | null;
            /**
             * Clerk Version
             * @description Version at Clerk when the difference was last checked; null for a user that Clerk did not show.
             */
            clerk_version: string | null;
            /**
             * Walk Id
             * @description The walk that found it; null if it was found among the latest updates.
             */
            walk_id: number | null;
            /**
             * Found At
             * Format: date-time
             */
            found_at: string;
            /**
             * Checked At
             * Format: date-time
             * @description When it was last checked.
             */
            checked_at: string;
            /**
             * Next Check At
             * Format: date-time
             * @description When it is checked next, if it is open.
             */
            next_check_at: string;
            /**
             * Gone At
             * @description When Clerk first answered that it has no such user.
             */
            gone_at: string | null;
            /**
             * Ended At
             * @description When it ended; null while it is open.
             */
            ended_at: string | null;
            /**
             * Outcome
             * @description `resolved`: it ended by itself. `repaired`: Clerk's contents were applied. `deleted`, `held`: the user is gone,
             *     and was deleted, or the deletion waits for a person.
             */
            outcome: string | null;
            /**
             * Meaning
             * @description What the class means, in plain words.
             */
            meaning: string;
            /**
             * Action
             * @description What is done about this class.
             */
            action: string;
            /** @description The walk that found it. */
            walk: components["schemas"]["Walk"] | null;
            /**
             * Events
             * @description The 20 newest events about the user.
             */
            events: components["schemas"]["Event"][];
            /**
             * Audit
             * @description The audit lines that its repair caused, oldest first.
             */
            audit: components["schemas"]["AuditLine"][];
        };
        /**
         * InspectedEvent
         * @description One delivery as received, with the result of verifying it again and what it changed.
         */
        InspectedEvent: {
            /** Svix Id */
            svix_id: string;
            /** Type */
            type: string | null;
            /**
             * Clerk User Id
             * @description The user that the event is about.
             */
            clerk_user_id: string | null;
            /**
             * Occurred At
             * @description When the event occurred at Clerk: the version of the snapshot, or else the timestamp of the envelope.
             */
            occurred_at: string | null;
            /**
             * Received At
             * Format: date-time
             */
            received_at: string;
            /** Applied At */
            applied_at: string | null;
            /**
             * Status
             * @description `received`, `applied`, `ignored`, `parked`, `discarded` or `held`.
             */
            status: string;
            /**
             * Attempts
             * @description Number of failed attempts.
             */
            attempts: number;
            /**
             * Next Attempt At
             * Format: date-time
             * @description When the next attempt is due, if the event is pending.
             */
            next_attempt_at: string;
            /**
             * Last Error
             * @description Why the event was ignored or parked, or why its last attempt failed.
             */
            last_error: string | null;
            /**
             * Body Bytes
             * @description Size of the body in bytes; null after the body was removed because of its age.
             */
            body_bytes: number | null;
            /**
             * Svix Timestamp
             * @description Signed timestamp of the delivery attempt, in seconds since 1970.
             */
            svix_timestamp: number;
            /**
             * Svix Signature
             * @description Signature header as received.
             */
            svix_signature: string;
            /**
             * Verified By
             * @description Fingerprint (first 12 hex digits of the SHA-256) of the signing secret that verified the delivery on receipt.
             */
            verified_by: string;
            /**
             * Verified Now By
             * @description Fingerprint of a configured secret that verifies the delivery now, ignoring the age of its timestamp; null if
             *     none does, or none could be tried.
             */
            verified_now_by: string | null;
            /**
             * Verification
             * @description Result of verifying the delivery again, as a sentence.
             */
            verification: string;
            /**
             * Content
             * @description The parsed body. Values that may be personal data are replaced by `(hidden)`.
             */
            content: unknown;
            /**
             * Body
             * @description The body exactly as received; null unless it was revealed.
             */
            body: string | null;
            /**
             * Note
             * @description Remark about the body, for example that it is not UTF-8.
             */
            note: string | null;
            /**
             * Audit
             * @description Audit lines about what the event changed and what was done with it, oldest first.
             */
            audit: components["schemas"]["AuditLine"][];
        };
        /**
         * MatchingEvents
         * @description The number of events that match a filter.
         */
        MatchingEvents: {
            total: components["schemas"]["EventCount"];
            /**
             * Reasons
             * @description By kind of reason: the 50 most frequent kinds. The name is empty for events without a reason.
             */
            reasons: components["schemas"]["EventCount"][];
        };
        /**
         * Outcome
         * @description What becomes of a line.
         * @enum {string}
         */
        Outcome: "added" | "present" | "refused";
        /**
         * PastQuestion
         * @description Which of the two questions about the past was answered.
         * @enum {string}
         */
        PastQuestion: "what_was_so" | "what_is_known";
        /**
         * Problem
         * @description Error response of an endpoint.
         */
        Problem: {
            /** @description Stable error code for programs. */
            error: components["schemas"]["ErrorCode"];
            /**
             * Message
             * @description What is wrong and what to do next, for humans.
             */
            message: string;
            /**
             * Request Id
             * @description Id of this request in the log and in the audit trail.
             */
            request_id: string;
            /**
             * Assignment Id
             * @description Id of the conflicting assignment, if `error` is `overlap`.
             * @default null
             */
            assignment_id?: number | null;
        };
        /**
         * Profile
         * @description The caller's own user.
         */
        Profile: {
            /**
             * Id
             * @description Row id, to which other tables can refer. It never changes and is never reused.
             */
            id: number;
            /** Clerk Id */
            clerk_id: string;
            /**
             * Email
             * @description E-mail address held by the user; null while another user holds the claimed address.
             */
            email: string | null;
            /** First Name */
            first_name: string | null;
            /** Last Name */
            last_name: string | null;
            /** Username */
            username: string | null;
            /** Image Url */
            image_url: string | null;
            /**
             * Roles
             * @description Roles held now. A banned user may hold roles, but is refused.
             */
            roles: components["schemas"]["Role"][];
            /**
             * At
             * Format: date-time
             * @description When this was read, by the clock of the database. `roles` and `held` refer to it.
             */
            at: string;
            /**
             * Assignments
             * @description Past, current and future assignments, latest start first.
             */
            assignments: components["schemas"]["Window"][];
        };
        /**
         * Repair
         * @description Request to repair differences.
         */
        Repair: {
            /**
             * Reason
             * @description Reason, recorded in the audit trail.
             */
            reason: string;
            /**
             * Ids
             * @description Only these differences.
             * @default null
             */
            ids?: number[] | null;
            /**
             * All
             * @description All open differences, newest first.
             * @default false
             */
            all?: boolean;
            /**
             * Class
             * @description With `all`: only this class.
             * @default null
             */
            class?: ("missed_creation" | "missed_update" | "differs" | "ahead" | "absent" | "returned") | null;
            /**
             * Dry Run
             * @description Ask Clerk and return what would change, without changing anything.
             * @default false
             */
            dry_run?: boolean;
            /**
             * Force
             * @description Let Clerk's contents win over a stored version that is the same or newer: for the classes `differs` and `ahead`.
             *     Deleted users stay deleted.
             * @default false
             */
            force?: boolean;
            /**
             * Limit
             * @description With `all`: maximum number of differences that this request processes.
             * @default 100
             */
            limit?: number;
            /**
             * Cursor
             * @description With `all`: `next` of the previous response.
             * @default null
             */
            cursor?: string | null;
        };
        /**
         * Repaired
         * @description Result of a repair.
         */
        Repaired: {
            /**
             * Repaired
             * @description Ids of the differences whose user is as Clerk says now.
             */
            repaired: number[];
            /**
             * Resolved
             * @description Ids of the differences that had ended by themselves.
             */
            resolved: number[];
            /**
             * Left
             * @description Differences that were not repaired.
             */
            left: components["schemas"]["SkippedDrift"][];
            /** @description The changes that a dry run would make, with personal data redacted; null if the repair was made. */
            difference: components["schemas"]["Difference"] | null;
            /**
             * Next
             * @description Cursor with which to repeat the request for the remaining differences; null if none remain.
             */
            next: string | null;
        };
        /**
         * Replay
         * @description Request to apply events again.
         */
        Replay: {
            /**
             * @description Only events with this status.
             * @default null
             */
            status?: components["schemas"]["EventStatus"] | null;
            /**
             * Type
             * @description Exact event type, for example `user.updated`.
             * @default null
             */
            type?: string | null;
            /**
             * User
             * @description Only events about this user, by Clerk id.
             * @default null
             */
            user?: string | null;
            /**
             * Since
             * @description Received at or after this time.
             * @default null
             */
            since?: string | null;
            /**
             * Until
             * @description Received before this time.
             * @default null
             */
            until?: string | null;
            /**
             * Occurred Since
             * @description Occurred at Clerk at or after this time.
             * @default null
             */
            occurred_since?: string | null;
            /**
             * Occurred Until
             * @description Occurred at Clerk before this time.
             * @default null
             */
            occurred_until?: string | null;
            /**
             * Error
             * @description Text contained in the reason why an event failed, was ignored or was parked; case-insensitive.
             * @default null
             */
            error?: string | null;
            /**
             * Error Kind
             * @description Only events with this kind of reason, as named in `why_parked` of the statistics.
             * @default null
             */
            error_kind?: string | null;
            /**
             * Reason
             * @description Reason, recorded in the audit trail.
             */
            reason: string;
            /**
             * Svix Ids
             * @description Only these events, if they also match the other conditions.
             * @default null
             */
            svix_ids?: string[] | null;
            /**
             * Limit
             * @description Maximum number of events that this request processes.
             * @default 200
             */
            limit?: number;
            /**
             * Cursor
             * @description `next` of the previous response.
             * @default null
             */
            cursor?: string | null;
            /**
             * Preview
             * @description Return what would change, without changing anything.
             * @default false
             */
            preview?: boolean;
            /**
             * Reveal
             * @description Include personal data in the preview. This is recorded in the audit trail.
             * @default false
             */
            reveal?: boolean;
            /**
             * Force
             * @description Apply one event even though a newer state of its user is stored. Deleted users stay deleted.
             * @default false
             */
            force?: boolean;
        };
        /**
         * Replayed
         * @description Result of a replay.
         */
        Replayed: {
            /**
             * Applied
             * @description Number of events that are applied now, whether or not anything had to change.
             */
            applied: number;
            /**
             * Ignored
             * @description Number of events that do not affect users or roles.
             */
            ignored: number;
            /**
             * Left
             * @description Events that could not be applied.
             */
            left: components["schemas"]["SkippedEvent"][];
            /** @description The changes, if a preview was requested; null if the events were applied. */
            difference: components["schemas"]["Difference"] | null;
            /**
             * Next
             * @description Cursor with which to repeat the request for the remaining events; null if none remain.
             */
            next: string | null;
        };
        /**
         * Reveal
         * @description Request to show the unredacted body of a delivery.
         */
        Reveal: {
            /**
             * Reason
             * @description Reason, recorded in the audit trail.
             */
            reason: string;
        };
        /**
         * Revision
         * @description An audit line that changed the answer.
         */
        Revision: {
            /**
             * User Role Id
             * @description Id of the assignment.
             */
            user_role_id: number;
            role: components["schemas"]["Role"];
            /**
             * Held
             * @description Whether, from this line on, the role counts as held at `at`.
             */
            held: boolean;
            /**
             * Recorded At
             * Format: date-time
             */
            recorded_at: string;
            /**
             * Line
             * @description Id of the audit line.
             */
            line: number;
            /** Action */
            action: string;
            /** Actor */
            actor: string;
            /** Reason */
            reason: string | null;
        };
        /**
         * Revoke
         * @description Request to end an assignment now.
         */
        Revoke: {
            /**
             * Reason
             * @description Reason, recorded in the audit trail.
             */
            reason: string;
        };
        /**
         * Role
         * @description One of the learning platform's roles. A user may hold several at once, each in its own window of time.
         * @enum {string}
         */
        Role: "LEARNER" | "MENTOR" | "ADMIN";
        /**
         * RolesAt
         * @description The roles of a user at a point in time.
         */
        RolesAt: {
            /**
             * At
             * Format: date-time
             * @description The time that the question is about.
             */
            at: string;
            /**
             * As Of
             * Format: date-time
             * @description The answer excludes what was recorded after this time.
             */
            as_of: string;
            /**
             * @description `what_was_so`: what the guard decided at `at`, or would have decided. `what_is_known`: what was recorded by
             *     `as_of` about `at`, including later corrections.
             */
            question: components["schemas"]["PastQuestion"];
            /** @description Status of the user: the guard answers 401 to `unknown` and `deleted` users and 403 to `banned` ones. */
            user_status: components["schemas"]["UserStatus"];
            /**
             * Revisions
             * @description Audit lines recorded after the earlier of `at` and `as_of` that changed the answer about `at`, oldest first.
             *     Lines recorded after `as_of` are not part of this answer.
             */
            revisions: components["schemas"]["Revision"][];
            /** Clerk Id */
            clerk_id: string;
            /** Roles */
            roles: components["schemas"]["Role"][];
            /** Assignments */
            assignments: components["schemas"]["Assignment"][];
        };
        /**
         * RolesImported
         * @description Result of an import.
         */
        RolesImported: {
            /**
             * Written
             * @description Whether the lines were added. False with `dry_run`, and if a line is refused.
             */
            written: boolean;
            /**
             * Added
             * @description Lines that were added, or would be.
             */
            added: number;
            /**
             * Present
             * @description Lines whose role is held already.
             */
            present: number;
            /**
             * Refused
             * @description Lines that are refused; while there are any, nothing is written.
             */
            refused: number;
            /**
             * Cause
             * @description The cause of the lines in the audit trail.
             */
            cause: string;
            /** Lines */
            lines: components["schemas"]["ImportedLine"][];
        };
        /**
         * RowChange
         * @description A row that would be inserted or updated, with only the columns that differ.
         */
        RowChange: {
            /** Clerk User Id */
            clerk_user_id: string;
            /**
             * Assignment Id
             * @description Id of the assignment; null for the row of the user, and for a new assignment.
             */
            assignment_id: number | null;
            /**
             * Role
             * @description Role of the assignment; null for the row of the user.
             */
            role: string | null;
            /**
             * Before
             * @description Current values; null if the row does not exist yet. Personal data is replaced by `(hidden)` unless revealed.
             */
            before: {
                [key: string]: unknown;
            } | null;
            /**
             * After
             * @description Values after the change.
             */
            after: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * SkippedDeletion
         * @description A user whose deletion was neither released nor rejected.
         */
        SkippedDeletion: {
            /** Clerk Id */
            clerk_id: string;
            /**
             * Why
             * @description Why, and what to do next.
             */
            why: string;
        };
        /**
         * SkippedDrift
         * @description A difference that was not repaired.
         */
        SkippedDrift: {
            /** Id */
            id: number;
            /** Clerk Id */
            clerk_id: string | null;
            /**
             * Why
             * @description Why it was not repaired, and what to do next.
             */
            why: string;
        };
        /**
         * SkippedEvent
         * @description An event that was not processed.
         */
        SkippedEvent: {
            /** Svix Id */
            svix_id: string;
            /**
             * Why
             * @description Why the event was not processed, and what to do next.
             */
            why: string;
        };
        /**
         * Span
         * @description The time that is shown.
         * @enum {string}
         */
        Span: "hour" | "day";
        /**
         * User
         * @description A user as shown to admins.
         */
        User: {
            /**
             * Id
             * @description Row id, to which other tables can refer. It never changes and is never reused.
             */
            id: number;
            /** Clerk Id */
            clerk_id: string;
            /**
             * Email
             * @description E-mail address held by the user; null while another user holds the claimed address.
             */
            email: string | null;
            /** First Name */
            first_name: string | null;
            /** Last Name */
            last_name: string | null;
            /** Username */
            username: string | null;
            /** Image Url */
            image_url: string | null;
            /**
             * Roles
             * @description Roles held now. A banned user may hold roles, but is refused.
             */
            roles: components["schemas"]["Role"][];
            /**
             * Claimed Email
             * @description Primary e-mail address at Clerk, even if another user holds it.
             */
            claimed_email: string | null;
            /** External Id */
            external_id: string | null;
            /** Banned */
            banned: boolean;
            /** Clerk Created At */
            clerk_created_at: string | null;
            /** Clerk Updated At */
            clerk_updated_at: string | null;
            /**
             * Deleted At
             * @description When the user was deleted in Clerk. A deleted user is a tombstone without personal data.
             */
            deleted_at: string | null;
        };
        /**
         * UserStatus
         * @description Status of a user for the guard.
         * @enum {string}
         */
        UserStatus: "unknown" | "active" | "banned" | "deleted";
        /**
         * UserWithHistory
         * @description A user with all assignments.
         */
        UserWithHistory: {
            /**
             * Id
             * @description Row id, to which other tables can refer. It never changes and is never reused.
             */
            id: number;
            /** Clerk Id */
            clerk_id: string;
            /**
             * Email
             * @description E-mail address held by the user; null while another user holds the claimed address.
             */
            email: string | null;
            /** First Name */
            first_name: string | null;
            /** Last Name */
            last_name: string | null;
            /** Username */
            username: string | null;
            /** Image Url */
            image_url: string | null;
            /**
             * Roles
             * @description Roles held now. A banned user may hold roles, but is refused.
             */
            roles: components["schemas"]["Role"][];
            /**
             * Claimed Email
             * @description Primary e-mail address at Clerk, even if another user holds it.
             */
            claimed_email: string | null;
            /** External Id */
            external_id: string | null;
            /** Banned */
            banned: boolean;
            /** Clerk Created At */
            clerk_created_at: string | null;
            /** Clerk Updated At */
            clerk_updated_at: string | null;
            /**
             * Deleted At
             * @description When the user was deleted in Clerk. A deleted user is a tombstone without personal data.
             */
            deleted_at: string | null;
            /**
             * As Of
             * Format: date-time
             * @description The assignments are shown as recorded by this time, and `held` refers to it. All other fields are current.
             */
            as_of: string;
            /**
             * Assignments
             * @description Past, current and future assignments, latest start first.
             */
            assignments: components["schemas"]["Assignment"][];
        };
        /**
         * Users
         * @description A page of users, newest first.
         */
        Users: {
            /** Items */
            items: components["schemas"]["User"][];
            /**
             * Next
             * @description Cursor of the next page; null on the last page.
             */
            next: string | null;
        };
        /**
         * Walk
         * @description A walk over all users of Clerk.
         */
        Walk: {
            /** Id */
            id: number;
            /**
             * Kind
             * @description `backfill` or `reconcile`.
             */
            kind: string;
            /**
             * Started At
             * Format: date-time
             */
            started_at: string;
            /**
             * Saved At
             * Format: date-time
             * @description When its progress was last saved.
             */
            saved_at: string;
            /**
             * Seen
             * @description Users read so far.
             */
            seen: number;
            /**
             * Count Before
             * @description Users that Clerk counted at the start.
             */
            count_before: number;
            /**
             * Outcome
             * @description `complete` or `incomplete`; null while it is unfinished.
             */
            outcome: string | null;
            /**
             * Reason
             * @description Why it is incomplete.
             */
            reason: string | null;
        };
        /**
         * Who
         * @description What the column `who` contains.
         * @enum {string}
         */
        Who: "clerk-id" | "external-id" | "email";
        /**
         * Window
         * @description A role held by the caller in a window of time.
         */
        Window: {
            /**
             * Id
             * @description Id of the assignment.
             */
            id: number;
            role: components["schemas"]["Role"];
            /**
             * Effective Start Date
             * Format: date-time
             * @description Held from this time on.
             */
            effective_start_date: string;
            /**
             * Effective End Date
             * @description Held until just before this time; null if it has no end; equal to the start if it was cancelled.
             */
            effective_end_date: string | null;
            /**
             * Held
             * @description Whether the role is held now, or at the time that the question is about.
             */
            held: boolean;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    sync: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The caller's own user. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Profile"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    profile: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The caller's own user. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Profile"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    users: {
        parameters: {
            query?: {
                /** @description Maximum number of items on a page. */
                limit?: number;
                /** @description Prefix of the name, last name, username or e-mail address; case-insensitive. */
                q?: string;
                /** @description Only users who hold this role now, including banned ones. */
                role?: components["schemas"]["Role"];
                /** @description `true`: only banned users. `false`: only users who are not banned. */
                banned?: boolean;
                /** @description `true`: only deleted users. `false`: only users who are not deleted. */
                deleted?: boolean;
                /** @description `next` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of users, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Users"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    user: {
        parameters: {
            query?: {
                /** @description Include only what was recorded by this time. Defaults to now. */
                as_of?: string;
            };
            header?: never;
            path: {
                /** @description Clerk id of the user. */
                clerk_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A user with all assignments. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserWithHistory"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The user, assignment, event or difference does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    roles: {
        parameters: {
            query?: {
                /** @description The time that the question is about. Defaults to now. */
                at?: string;
                /** @description Include only what was recorded by this time, or `now`. Defaults to `at`, but at most now. */
                as_of?: string;
            };
            header?: never;
            path: {
                /** @description Clerk id of the user. */
                clerk_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The roles of a user at a point in time. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RolesAt"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The user, assignment, event or difference does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    assign: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Clerk id of the user. */
                clerk_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Assign"];
            };
        };
        responses: {
            /** @description A role held by a user in a window of time. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Assignment"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The user, assignment, event or difference does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request body was not received in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The change conflicts with the current state. The message says what to do first. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The content type is not `application/json`. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    revoke: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Clerk id of the user. */
                clerk_id: string;
                /** @description Id of the assignment. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Revoke"];
            };
        };
        responses: {
            /** @description A role held by a user in a window of time. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Assignment"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The user, assignment, event or difference does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request body was not received in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The change conflicts with the current state. The message says what to do first. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The content type is not `application/json`. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    change_end: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Clerk id of the user. */
                clerk_id: string;
                /** @description Id of the assignment. */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeEnd"];
            };
        };
        responses: {
            /** @description A role held by a user in a window of time. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Assignment"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The user, assignment, event or difference does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request body was not received in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The change conflicts with the current state. The message says what to do first. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The content type is not `application/json`. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    explain: {
        parameters: {
            query: {
                /** @description The time that the question is about. Defaults to now. */
                at?: string;
                /** @description Include only what was recorded by this time, or `now`. Defaults to `at`, but at most now. */
                as_of?: string;
                /** @description The role to explain. */
                role: components["schemas"]["Role"];
            };
            header?: never;
            path: {
                /** @description Clerk id of the user. */
                clerk_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Why a user held, or did not hold, a role at a point in time. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Explanation"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The user, assignment, event or difference does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    import_roles: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ImportRoles"];
            };
        };
        responses: {
            /** @description Result of an import. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RolesImported"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The request body was not received in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The content type is not `application/json`. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether the sync is healthy, by the clock of the database, at most two seconds old. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    activity: {
        parameters: {
            query?: {
                /** @description `hour`: the last hour by minutes. `day`: the last 24 hours by quarters of an hour. */
                span?: components["schemas"]["Span"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deliveries by the time they were received. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Activity"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    audit: {
        parameters: {
            query?: {
                /** @description Maximum number of items on a page. */
                limit?: number;
                /** @description Only lines about this user, by Clerk id. */
                user?: string;
                /** @description Only lines with exactly this actor. */
                actor?: string;
                /** @description Only lines with this action, for example `role.revoked`. */
                action?: string;
                /** @description Only lines that this delivery (svix id) or request (request id) caused. */
                cause?: string;
                /**
                 * @description Written at or after this time. A line becomes visible when its transaction commits, which is later than its time:
                 *     use `after` to follow the trail without missing lines.
                 */
                since?: string;
                /** @description Written before this time. */
                until?: string;
                /** @description `next` of the previous page. */
                cursor?: string;
                /**
                 * @description Return lines after this position, oldest first: 0, or `position` of an earlier response. Only final lines are
                 *     returned: no line can appear before them later.
                 */
                after?: number;
                /**
                 * @description `json` returns one page. `csv` and `jsonl` (JSON lines) return all matching lines and do not allow `limit` and
                 *     `cursor`.
                 */
                format?: components["schemas"]["AuditFormat"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the audit trail: newest line first, or with `after` oldest line first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditPage"];
                    "text/csv": string;
                    "application/jsonl": string;
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    events: {
        parameters: {
            query?: {
                /** @description Maximum number of items on a page. */
                limit?: number;
                /** @description Only events with this status. */
                status?: components["schemas"]["EventStatus"];
                /** @description Exact event type, for example `user.updated`. */
                type?: string;
                /** @description Only events about this user, by Clerk id. */
                user?: string;
                /** @description Received at or after this time. */
                since?: string;
                /** @description Received before this time. */
                until?: string;
                /** @description Occurred at Clerk at or after this time. */
                occurred_since?: string;
                /** @description Occurred at Clerk before this time. */
                occurred_until?: string;
                /** @description Text contained in the reason why an event failed, was ignored or was parked; case-insensitive. */
                error?: string;
                /** @description Only events with this kind of reason, as named in `why_parked` of the statistics. */
                error_kind?: string;
                /** @description `next` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of stored events, most recently received first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Events"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    event_stats: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Statistics about stored events. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventStats"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    matching_events: {
        parameters: {
            query?: {
                /** @description Only events with this status. */
                status?: components["schemas"]["EventStatus"];
                /** @description Exact event type, for example `user.updated`. */
                type?: string;
                /** @description Only events about this user, by Clerk id. */
                user?: string;
                /** @description Received at or after this time. */
                since?: string;
                /** @description Received before this time. */
                until?: string;
                /** @description Occurred at Clerk at or after this time. */
                occurred_since?: string;
                /** @description Occurred at Clerk before this time. */
                occurred_until?: string;
                /** @description Text contained in the reason why an event failed, was ignored or was parked; case-insensitive. */
                error?: string;
                /** @description Only events with this kind of reason, as named in `why_parked` of the statistics. */
                error_kind?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The number of events that match a filter. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MatchingEvents"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    replay: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Replay"];
            };
        };
        responses: {
            /** @description Result of a replay. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replayed"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The request body was not received in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The content type is not `application/json`. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    discard: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Discard"];
            };
        };
        responses: {
            /** @description Result of discarding events. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Discarded"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The request body was not received in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The content type is not `application/json`. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    event: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Svix id of the delivery. */
                svix_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One delivery as received, with the result of verifying it again and what it changed. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InspectedEvent"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The user, assignment, event or difference does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    reveal: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Svix id of the delivery. */
                svix_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reveal"];
            };
        };
        responses: {
            /** @description One delivery as received, with the result of verifying it again and what it changed. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InspectedEvent"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The user, assignment, event or difference does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request body was not received in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The content type is not `application/json`. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    drift: {
        parameters: {
            query?: {
                /** @description Maximum number of items on a page. */
                limit?: number;
                /** @description Only differences of this class. */
                class?: "missed_creation" | "missed_update" | "differs" | "ahead" | "absent" | "returned";
                /** @description Only differences of this user, by Clerk id. */
                user?: string;
                /** @description `true`: also differences that have ended. */
                ended?: boolean;
                /** @description `next` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of differences, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Drifts"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    drift_summary: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Open differences by class, and the last walks over all users of Clerk. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DriftSummary"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    repair: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Repair"];
            };
        };
        responses: {
            /** @description Result of a repair. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Repaired"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The request body was not received in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The change conflicts with the current state. The message says what to do first. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The content type is not `application/json`. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    difference: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the difference. */
                drift_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A difference, what it means, and what is known about its user. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InspectedDrift"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The user, assignment, event or difference does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    deletions: {
        parameters: {
            query?: {
                /** @description Maximum number of items on a page. */
                limit?: number;
                /** @description `next` of the previous page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of held deletions, oldest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HeldDeletions"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    deletions_summary: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The held deletions by reason. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletionsSummary"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    release_deletions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeletionDecision"];
            };
        };
        responses: {
            /** @description Result of releasing or rejecting held deletions. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletionsDecided"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The request body was not received in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The change conflicts with the current state. The message says what to do first. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The content type is not `application/json`. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
    reject_deletions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeletionDecision"];
            };
        };
        responses: {
            /** @description Result of releasing or rejecting held deletions. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletionsDecided"];
                };
            };
            /** @description The token is missing or invalid, or its user is unknown or deleted. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The caller does not hold a required role, or is banned. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"];
                };
            };
            /** @description The request body was not received in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The content type is not `application/json`. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description A dependency is unavailable or overloaded. Retry after the time in `Retry-After`. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Denial"] | components["schemas"]["Problem"];
                };
            };
        };
    };
}
