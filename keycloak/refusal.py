"""Reasons to refuse an export or a map. Each docstring is the message that the operator reads."""


class ExportRefused(Exception):
    """The export cannot be used."""

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
    """The realm `master` holds Keycloak's administrators, who are not users of an application. Export another realm."""


class RealmUnknown(ExportRefused):
    """The export has no realm of this name."""


class SeveralRealms(ExportRefused):
    """The export has several realms. Choose one with --realm."""


class TooFewPersons(ExportRefused):
    """The export has fewer persons than expected. Count them in Keycloak, and export again if some are missing."""


class MapRefused(ExportRefused):
    """The map cannot be used. Correct what is listed, then run the command again."""
