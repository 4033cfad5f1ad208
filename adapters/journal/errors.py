"""How a journal fails: one error that names the row and what to do."""

NO_ROW = -1


class JournalError(ValueError):
    """A journal cannot be used; *row* is the first that fails, `NO_ROW` where none is to blame."""

    def __init__(self, row: int, why: str, fix: str) -> None:
        place = "journal" if row == NO_ROW else f"journal row {row}"
        super().__init__(f"{place}: {why}; {fix}")
        self.row, self.why, self.fix = row, why, fix
