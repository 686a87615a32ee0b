"""Writes a map to fill in: every role in use and every kind of users, with their numbers."""

from collections.abc import Iterator

from keycloak.inspection import Inspection
from keycloak.mapping import CHOOSE, IGNORE, TREATMENTS
from keycloak.realm import Realm
from keycloak.roles import KeycloakRole
from keycloak.toml_text import quoted


def template(realm: Realm, inspection: Inspection) -> str:
    """A map to begin with: every role in use, and every kind of users, with its number."""
    return "".join(f"{line}\n" for line in _template(realm, inspection))


def _template(realm: Realm, inspection: Inspection) -> Iterator[str]:
    yield f'# Map of the realm {quoted(realm.name)}. Replace each "choose".'
    yield '# Roles become "LEARNER", "MENTOR" or "ADMIN", or nothing with "ignore".'
    yield ""
    yield '# "effective": also roles of groups, roles within roles, the default role. "direct": only assigned ones.'
    yield 'count = "effective"'
    roles = sorted(inspection.roles, key=lambda role: (role.client or "", role.name))
    for client in dict.fromkeys(role.client for role in roles):
        yield ""
        yield f"[roles.client.{quoted(client)}]" if client else "[roles.realm]"
        for role in roles:
            if role.client == client:
                use = inspection.roles[role]
                value = IGNORE if _of_keycloak(role, realm) else CHOOSE
                yield f'{quoted(role.name)} = "{value}"  # {use.effective:,} persons, {use.direct:,} of them directly'
    yield ""
    yield "# What the membership of a group gives, in addition to its roles. A group that is not listed gives nothing."
    yield "[groups]"
    for path, number in sorted(inspection.groups.items()):
        yield f'# {quoted(path)} = "LEARNER"  # {number:,} members'
    yield ""
    yield "[users]"
    for category, treatments in TREATMENTS.items():
        choices = " or ".join(f'"{each}"' for each in treatments)
        yield f'{category} = "{CHOOSE}"  # {choices}; {inspection.categories[category]:,} users'
    yield "keep = []  # ids of users to import although others have the same e-mail address or username"
    yield ""
    yield "[attributes]"
    yield "private_metadata = []  # names of the attributes to import"


def _of_keycloak(role: KeycloakRole, realm: Realm) -> bool:
    """Whether every Keycloak has this role, for its own pages."""
    return role in ((realm.graph.default, KeycloakRole("offline_access"), KeycloakRole("uma_authorization"))) or (
        role.client == "account"
    )
