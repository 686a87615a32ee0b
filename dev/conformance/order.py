"""Scenarios about order: deliveries that arrive late, early, or after a deletion."""

from dev.conformance.scenario import Gone, Scenario, Sender, Steps, Stored, new_user_id
from dev.conformance.users import created, deleted, updated, user


def _update_first(sender: Sender) -> Steps:
    clerk_id = new_user_id()
    newer, older = user(clerk_id, first_name="New", version=5_000), user(clerk_id, first_name="Old")
    return Steps([updated(sender, newer), created(sender, older)], [Stored(clerk_id, {"first_name": "New"})])


def _update_only(sender: Sender) -> Steps:
    clerk_id = new_user_id()
    newer = user(clerk_id, first_name="New", version=5_000)
    return Steps([updated(sender, newer)], [Stored(clerk_id, {"first_name": "New"})])


def _older_update_last(sender: Sender) -> Steps:
    clerk_id = new_user_id()
    first, second, third = (
        user(clerk_id, first_name=name, version=version) for name, version in (("A", 0), ("B", 1_000), ("C", 9_000))
    )
    steps = [created(sender, first), updated(sender, third), updated(sender, second)]
    return Steps(steps, [Stored(clerk_id, {"first_name": "C"})])


def _creation_after_deletion(sender: Sender) -> Steps:
    clerk_id = new_user_id()
    data = user(clerk_id)
    return Steps([created(sender, data), deleted(sender, clerk_id), created(sender, data)], [Gone(clerk_id)])


def _update_after_deletion(sender: Sender) -> Steps:
    clerk_id = new_user_id()
    late = user(clerk_id, first_name="Late", version=800)
    steps = [created(sender, user(clerk_id)), deleted(sender, clerk_id), updated(sender, late)]
    return Steps(steps, [Gone(clerk_id)])


def _deletion_first(sender: Sender) -> Steps:
    clerk_id = new_user_id()
    return Steps([deleted(sender, clerk_id), created(sender, user(clerk_id))], [Gone(clerk_id)])


ORDER = (
    Scenario("update-before-creation", "An update that overtakes its creation is not overwritten.", _update_first),
    Scenario("update-only", "An update of an unknown user stores the user.", _update_only),
    Scenario("older-update-last", "An older update never overwrites a newer one.", _older_update_last),
    Scenario(
        "creation-after-deletion",
        "A creation delivered after the deletion does not bring the user back.",
        _creation_after_deletion,
    ),
    Scenario(
        "update-after-deletion",
        "An update delivered after the deletion does not bring the user back.",
        _update_after_deletion,
    ),
    Scenario(
        "deletion-before-creation",
        "A deletion of an unknown user is accepted, and the late creation does not store the user.",
        _deletion_first,
    ),
)
