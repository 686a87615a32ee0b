"""Every user has a fate, with its reasons."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from keycloak import inspection, mapping, plan
from keycloak.export import open_export
from keycloak.fate import Decision, Fate
from keycloak.history import History
from keycloak.plan import PlannedUser
from keycloak.refusal import MapRefused
from tests.keycloak import exports
from tests.keycloak.exports import CREDENTIALS, SERVICE_ACCOUNT, person
from tests.keycloak.maps import MAP, changed

APP = exports.ANSWERS["totp"][0]["credential"]
OTHER_APP = exports.ANSWERS["totp"][2]["credential"]


@pytest.fixture
def planned(tmp_path: Path) -> Any:
    """Plans persons, after the service account."""

    def run(*persons: Any, text: str = MAP) -> list[PlannedUser]:
        opened = open_export(exports.single(tmp_path / "export.json", persons))
        found = inspection.inspect(opened)
        return list(plan.users(opened, found, mapping.parse(text), History(), opened.written_at))

    return run


def decisions(users: Sequence[PlannedUser]) -> list[Decision]:
    return [user.decision for user in users[1:]]


def pupil(number: int = 2, password: str | None = "argon2id-default", **more: Any) -> Any:
    return person(number, password, realmRoles=["pupil"], **more)


@pytest.mark.parametrize(
    ("data", "text", "fate", "reasons"),
    [
        (pupil(), MAP, "planned", ()),
        (person(2), MAP, "planned", ("no_role",)),
        (pupil(enabled=False), MAP, "planned", ("banned",)),
        (pupil(enabled=False), changed(('"ban"', '"skip"')), "skipped", ("disabled",)),
        (pupil(emailVerified=False), MAP, "planned", ("email_reserved",)),
        (pupil(emailVerified=False), changed(('"reserve"', '"skip"')), "skipped", ("unverified",)),
        (pupil(2, None, federationLink="ldap"), MAP, "skipped", ("federated",)),
        (
            pupil(2, None, federationLink="ldap"),
            changed(('federated = "skip"', 'federated = "import"')),
            "planned",
            ("federated", "no_password"),
        ),
        (
            pupil(2, None, federatedIdentities=[{"identityProvider": "google"}]),
            MAP,
            "planned",
            ("social_only", "no_password"),
        ),
        (pupil(2, None), MAP, "planned", ("without_password", "no_password")),
        (pupil(2, "argon2d"), MAP, "planned", ("without_password", "password_algorithm")),
        (
            pupil(2, "argon2d"),
            changed(('without_password = "import"', 'without_password = "skip"')),
            "skipped",
            ("without_password",),
        ),
        (pupil(2, "plain-text"), MAP, "planned", ("without_password", "password_in_plain_text")),
        (pupil(2, "password-history"), MAP, "planned", ("without_password", "no_password")),
        (pupil(username="ab"), MAP, "planned", ("username_unusable",)),
        (pupil(requiredActions=["UPDATE_PASSWORD"]), MAP, "planned", ("required_actions",)),
        (pupil(username="x@school.org"), MAP, "planned", ("username_unusable",)),
        (pupil(email="person@localhost"), MAP, "planned", ("email_unusable",)),
        (pupil(email="person@school.invalid"), MAP, "planned", ("email_unusable",)),
        (pupil(email=None, username="ключ"), MAP, "refused", ("no_identifier",)),
        (pupil(email=None, username="+491701234567"), MAP, "refused", ("no_identifier",)),
        (pupil(attributes={"note": ["ä" * 5_000]}), MAP, "planned", ()),
        (
            pupil(attributes={"note": ["ä" * 5_000]}),
            MAP + '[attributes]\nprivate_metadata = ["note"]\n',
            "refused",
            ("metadata_too_large",),
        ),
        (
            pupil(attributes={"note": ["ä" * 4_000]}),
            MAP + '[attributes]\nprivate_metadata = ["note", "missing"]\n',
            "planned",
            (),
        ),
        (pupil(credentials=[CREDENTIALS["argon2id-default"], OTHER_APP]), MAP, "planned", ("totp_unsupported",)),
        (
            pupil(
                credentials=[CREDENTIALS["argon2id-default"], {"type": "webauthn"}, {"type": "recovery-authn-codes"}]
            ),
            MAP,
            "planned",
            ("recovery_codes", "webauthn"),
        ),
    ],
)
def test_a_user_has_a_fate_with_its_reasons(
    planned: Any, data: Any, text: str, fate: str, reasons: tuple[str, ...]
) -> None:
    assert decisions(planned(data, text=text)) == [Decision(Fate(fate), reasons)]


def test_a_service_account_is_never_imported(planned: Any) -> None:
    [first, *_] = planned(person(2))
    assert (first.keycloak_id, first.decision) == (SERVICE_ACCOUNT["id"], Decision(Fate.SKIPPED, ("service_account",)))
    assert first.windows == ()


ADA, UPPER = pupil(2, email="ada@school.org"), pupil(3, email="ADA@school.org")


def test_users_with_one_address_are_refused_until_the_map_keeps_one(planned: Any) -> None:
    refused = Decision(Fate.REFUSED, ("duplicate_email",))
    assert decisions(planned(ADA, UPPER, pupil(4))) == [refused, refused, Decision(Fate.PLANNED, ())]
    text = MAP + f'keep = ["{UPPER["id"]}"]\n'
    assert decisions(planned(ADA, UPPER, text=text)) == [refused, Decision(Fate.PLANNED, ())]


def test_of_users_with_one_address_only_one_is_kept(planned: Any) -> None:
    text = MAP + f'keep = ["{ADA["id"]}", "{UPPER["id"]}"]\n'
    assert decisions(planned(ADA, UPPER, text=text)) == [
        Decision(Fate.PLANNED, ()),
        Decision(Fate.REFUSED, ("duplicate_email",)),
    ]


def test_users_with_one_username_are_refused(planned: Any) -> None:
    found = decisions(planned(pupil(2, username="same"), pupil(3, username="SAME")))
    assert found == [Decision(Fate.REFUSED, ("duplicate_username",))] * 2


def test_a_user_that_appears_twice_is_planned_once(planned: Any) -> None:
    again = {**ADA, "email": "other@school.org", "username": "other"}
    assert decisions(planned(ADA, again)) == [Decision(Fate.REFUSED, ("duplicate_id",))]
    kept = planned(ADA, again, text=MAP + f'keep = ["{ADA["id"]}"]\n')
    assert decisions(kept) == [Decision(Fate.PLANNED, ())]


def test_ids_to_keep_that_the_export_does_not_have_are_a_mistake(planned: Any) -> None:
    with pytest.raises(MapRefused, match="nowhere"):
        planned(ADA, text=MAP + 'keep = ["nowhere"]\n')


def test_a_plan_says_how_the_password_is_verified_and_when_it_was_set(planned: Any) -> None:
    data = pupil(credentials=[CREDENTIALS["sha512-210000-64"], APP])
    [user] = planned(data)[1:]
    assert (user.hasher, user.has_app) == ("pbkdf2_sha512_hex", True)
    assert user.password_set_at is not None
    assert user.password_set_at.timestamp() == 1_700_000_000


def test_a_plan_has_no_secret_name_and_address(planned: Any) -> None:
    shown = repr(planned(pupil(credentials=[CREDENTIALS["argon2id-default"], APP], firstName="Adelheid")))
    hidden = ("kr5LV", "Q7fGk2mWz0aXb9LpT4dN", "KE3WMR3L", "school.org", "person-2", "Adelheid")
    assert [each for each in hidden if each in shown] == []
