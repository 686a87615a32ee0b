"""The map (TOML): which of Keycloak's roles become ours, and what happens to users that are not ordinary.

Closed by default: a role in use that the map does not name stops the plan, and so does a kind of users without a
decision.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from akako_guard.role import Role
from keycloak.inspection import Inspection
from keycloak.person import Category
from keycloak.realm import Realm
from keycloak.refusal import MapRefused
from keycloak.roles import KeycloakRole
from keycloak.toml_text import quoted

IGNORE = "ignore"
CHOOSE = "choose"
"""What a new map has in place of each decision."""

Target: TypeAlias = Literal["LEARNER", "MENTOR", "ADMIN", "ignore", "choose"]


class Treatment(StrEnum):
    """What happens to the users of a category."""

    IMPORT = "import"
    SKIP = "skip"
    BAN = "ban"
    """Import, and let Clerk refuse every sign-in."""
    RESERVE = "reserve"
    """Import, and let Clerk verify the e-mail address at the first sign-in."""


TREATMENTS: Mapping[Category, tuple[Treatment, ...]] = {
    Category.DISABLED: (Treatment.BAN, Treatment.SKIP),
    Category.UNVERIFIED: (Treatment.RESERVE, Treatment.SKIP),
    Category.FEDERATED: (Treatment.IMPORT, Treatment.SKIP),
    Category.SOCIAL_ONLY: (Treatment.IMPORT, Treatment.SKIP),
    Category.WITHOUT_PASSWORD: (Treatment.IMPORT, Treatment.SKIP),
}
"""The possible treatments of each category; service accounts are never imported."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Roles(_Table):
    realm: dict[str, Target] = {}
    client: dict[str, dict[str, Target]] = {}


class _Users(_Table):
    disabled: Literal["ban", "skip", "choose"] = "choose"
    unverified: Literal["reserve", "skip", "choose"] = "choose"
    federated: Literal["import", "skip", "choose"] = "choose"
    social_only: Literal["import", "skip", "choose"] = "choose"
    without_password: Literal["import", "skip", "choose"] = "choose"  # noqa: S105 - a category
    keep: list[str] = []


class _Attributes(_Table):
    private_metadata: list[str] = []


class _Document(_Table):
    count: Literal["effective", "direct"]
    roles: _Roles = _Roles()
    groups: dict[str, Target] = {}
    users: _Users = _Users()
    attributes: _Attributes = _Attributes()


@dataclass(frozen=True, slots=True)
class RoleMap:
    """A map, as it was read."""

    effective: bool
    """Whether roles count that are held by groups, within other roles, or by default; else only direct ones."""
    roles: Mapping[KeycloakRole, str]
    groups: Mapping[str, str]
    treatments: Mapping[Category, Treatment]
    keep: frozenset[str]
    """Ids of those users that are imported although others have the same address, name or id."""
    private_metadata: tuple[str, ...]
    """The attributes that are imported."""

    def target(self, role: KeycloakRole) -> Role | None:
        """What a role becomes; None if it is ignored."""
        return _role(self.roles.get(role))

    def target_of_group(self, path: str) -> Role | None:
        """What the membership of a group gives by itself; None if nothing."""
        return _role(self.groups.get(path))


def parse(text: str) -> RoleMap:
    """Parse the text of a map. Raises MapRefused with every mistake in it."""
    try:
        document = _Document.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise MapRefused(f"It is not valid TOML: {error}.") from None
    except ValidationError as error:
        raise MapRefused(_listed(_mistakes(error))) from None
    users = document.users.model_dump()
    return RoleMap(
        effective=document.count == "effective",
        roles=dict(_roles(document.roles)),
        groups=document.groups,
        treatments={category: Treatment(users[category]) for category in TREATMENTS if users[category] != CHOOSE},
        keep=frozenset(document.users.keep),
        private_metadata=tuple(document.attributes.private_metadata),
    )


def check(found: RoleMap, realm: Realm, inspection: Inspection) -> None:
    """Raise MapRefused, naming everything that is not decided and every name that the realm does not have."""
    missing = [*_undecided(found, inspection), *_unknown(found, realm)]
    if missing:
        raise MapRefused(_listed(missing))


def in_use(found: RoleMap, inspection: Inspection) -> list[KeycloakRole]:
    """The roles of persons that count, sorted."""
    uses = inspection.roles.items()
    return sorted((role for role, use in uses if found.effective or use.direct), key=str)


def _roles(roles: _Roles) -> Iterator[tuple[KeycloakRole, str]]:
    for name, target in roles.realm.items():
        yield KeycloakRole(name), target
    for client, names in roles.client.items():
        yield from ((KeycloakRole(name, client), target) for name, target in names.items())


def _undecided(found: RoleMap, inspection: Inspection) -> Iterator[str]:
    for role in in_use(found, inspection):
        if found.roles.get(role, CHOOSE) == CHOOSE:
            table = f"roles.client.{quoted(role.client)}" if role.client else "roles.realm"
            number = inspection.roles[role].effective if found.effective else inspection.roles[role].direct
            yield f"[{table}] does not say what {quoted(role.name)} becomes, which {number:,} persons hold"
    for path, target in found.groups.items():
        if target == CHOOSE:
            yield f"[groups] does not say what {quoted(path)} becomes"
    for category, treatments in TREATMENTS.items():
        if inspection.categories[category] and category not in found.treatments:
            choices = " or ".join(treatments)
            yield f"[users] does not say what to do with {category} ({inspection.categories[category]:,}): {choices}"


def _unknown(found: RoleMap, realm: Realm) -> Iterator[str]:
    known = realm.graph
    for role in found.roles:
        if role not in known.composites:
            yield f"the realm has no role {quoted(str(role))}"
    for path in found.groups:
        if path not in known.groups:
            yield f"the realm has no group {quoted(path)}"


def _role(target: str | None) -> Role | None:
    return None if target in (None, IGNORE, CHOOSE) else Role(str(target))


def _mistakes(error: ValidationError) -> Iterator[str]:
    for each in error.errors(include_url=False, include_context=False):
        yield f"{'.'.join(map(str, each['loc']))}: {each['msg']}"


def _listed(mistakes: Iterable[str]) -> str:
    return "".join(f"\n- {each}" for each in mistakes)
