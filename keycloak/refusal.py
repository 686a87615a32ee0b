"""Reasons to refuse an export, Keycloak's database or a map. Each docstring is the message to the operator."""


class ExportRefused(Exception):
    """The export or the database cannot be used."""

    def __init__(self, particulars: str = "") -> None:
        super().__init__(" ".join(filter(None, [self.__doc__, particulars])))


class NotAnExport(ExportRefused):
    """This is not an export of Keycloak. Give a file or a directory that `kc.sh export` wrote."""


class Malformed(ExportRefused):
    """The file is not valid JSON, so the export is damaged. Export again, and copy the files completely."""


class Truncated(ExportRefused):
    """The file ends in the middle, so users are missing. Export again, and copy the files completely."""


class ValueTooLarge(ExportRefused):
    """One value is larger than 256 MiB, which no user and no setting of a realm is. Check that it is an export."""


class ReadableByOthers(ExportRefused):
    """Other users of this host can read the export, which contains password digests. Run `chmod -R go= PATH`."""


class PartialExport(ExportRefused):
    """The export has no users: the admin console exports none. Use `kc.sh export --dir DIR --users different_files`."""


class OnlyServiceAccounts(ExportRefused):
    """The export has service accounts and no persons. Give the directory with the files R-users-0.json and so on."""


class MissingFile(ExportRefused):
    """The numbers of the files with users have a gap, so users are missing. Export again, and copy every file."""


class Masked(ExportRefused):
    """Secrets are masked with asterisks, as in exports of the admin console. Use `kc.sh export`, which masks none."""


class MasterRealm(ExportRefused):
    """The realm `master` holds Keycloak's administrators, who are not users of an application. Choose another realm."""


class RealmUnknown(ExportRefused):
    """There is no realm of this name."""


class SeveralRealms(ExportRefused):
    """There are several realms. Choose one with --realm."""


class TooFewPersons(ExportRefused):
    """There are fewer persons than expected. Count them in Keycloak, and export again if some are missing."""


class NotAKeycloakDatabase(ExportRefused):
    """The database has not the tables of Keycloak. Check KEYCLOAK_DATABASE_URL and KEYCLOAK_DATABASE_SCHEMA."""


class NotReadable(ExportRefused):
    """The role of KEYCLOAK_DATABASE_URL may not read Keycloak's tables. Let their owner run what is listed."""


class NoPersons(ExportRefused):
    """The realm has no users, or service accounts only. Check KEYCLOAK_DATABASE_URL and --realm."""


class MapRefused(ExportRefused):
    """The map cannot be used. Correct what is listed, then run the command again."""
