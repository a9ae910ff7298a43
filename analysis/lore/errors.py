"""What stops a command and is the user's to mend; lore.commands turns it into a message and an exit code. And a warning."""


class Mistake(Exception):
    """A mistake of the user. The text says what is wrong, where, and what is allowed or what to do."""


class Damaged(Mistake):
    """A file that cannot be read as NetCDF."""


class MissingRuns(Mistake):
    """Runs that a figure or a finding needs are not there: `what` says which, `where` in which study."""

    def __init__(self, what: str, where: str = "") -> None:
        super().__init__(f"{where}: {what}" if where else what)
        self.what = what


class NothingLearnt(MissingRuns):
    """Runs of the kind are there, but they did not learn enough for a finding to measure anything."""


class Incomplete(UserWarning):
    """What a dataset or a table leaves out: runs that cannot be read, have no record yet, or are not finished."""
