"""The codes of all error responses, for programs. Clients generate their types from the OpenAPI document."""

from enum import StrEnum


class ErrorCode(StrEnum):
    """Stable code of an error response."""

    ANOTHER_INSTANCE = "another_instance"
    ASSIGNMENT_OVER = "assignment_over"
    ASSIGNMENT_UNKNOWN = "assignment_unknown"
    DRIFT_UNKNOWN = "drift_unknown"
    END_TOO_SOON = "end_too_soon"
    EVENT_UNKNOWN = "event_unknown"
    HEAD_TOO_LARGE = "head_too_large"
    INTERNAL = "internal"
    INVALID = "invalid"
    LAST_ADMIN = "last_admin"
    MALFORMED = "malformed"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_FOUND = "not_found"
    NOT_JSON = "not_json"
    NOT_PINNED = "not_pinned"
    OVERLAP = "overlap"
    REFUSED = "refused"
    START_TOO_EARLY = "start_too_early"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    UNAVAILABLE = "unavailable"
    USER_DELETED = "user_deleted"
    USER_UNKNOWN = "user_unknown"
