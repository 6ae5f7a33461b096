"""What can go wrong when people work on cases, and what each of them means to the person who meets it."""

from __future__ import annotations


class RefusedError(Exception):
    """The request was understood and refused; the message says why and what to do next, without personal data."""


class NotFoundError(RefusedError):
    """No such thing in the viewer's municipality. Another municipality's case looks exactly the same."""


class ForbiddenError(RefusedError):
    """This role, or this person, may not do that."""


class ConflictError(RefusedError):
    """The case is in a state from which this step does not exist, or somebody else was first."""


class StaleError(RefusedError):
    """The case changed since it was read: read it again and repeat the change. Nothing was saved."""


class UnkeepableError(RefusedError):
    """A text holds a character that the database cannot keep."""


class LogUnavailableError(RefusedError):
    """The log could not be written, so nothing is shown and nothing is changed (R14)."""


class FindingsError(RefusedError):
    """A field of the findings is not acceptable. `field` names it; `nl` and `en` say what is asked."""

    def __init__(self, field: str, nl: str, en: str) -> None:
        super().__init__(en)
        self.field, self.nl, self.en = field, nl, en
