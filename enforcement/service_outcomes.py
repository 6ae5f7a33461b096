"""What an item of the service list may turn out to be, and what was done for the client (R34).

The words describe what happened elsewhere: nothing is paid or granted here (R1). There is no word for something to the
client's disadvantage, because the list is not for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from enforcement.errors import FindingsError
from enforcement.findings import check_reasoning


class Found(StrEnum):
    """What was found, the one that asks nothing of anybody first."""

    NOTHING_MISSING = "nothing_missing"
    PAID_TOO_LITTLE = "paid_too_little"
    RIGHT_UNUSED = "right_unused"
    UNREACHABLE = "unreachable"
    INCONCLUSIVE = "inconclusive"


class Done(StrEnum):
    """What was done for the client."""

    NOTHING = "nothing"
    PAID_BACK = "paid_back"
    GRANTED = "granted"
    HELPED_TO_APPLY = "helped_to_apply"
    PASSED_ON = "passed_on"
    NOT_WANTED = "not_wanted"


FOUND_WORDS: Mapping[Found, tuple[str, str]] = MappingProxyType(
    {
        Found.NOTHING_MISSING: ("De klant komt niets tekort", "The client is missing nothing"),
        Found.PAID_TOO_LITTLE: ("Er is te weinig betaald", "Too little was paid"),
        Found.RIGHT_UNUSED: ("Een recht is niet gebruikt", "A right was not used"),
        Found.UNREACHABLE: ("De klant is niet bereikt", "The client could not be reached"),
        Found.INCONCLUSIVE: ("Niet vast te stellen", "Inconclusive"),
    }
)
DONE_WORDS: Mapping[Done, tuple[str, str]] = MappingProxyType(
    {
        Done.NOTHING: ("Niets", "Nothing"),
        Done.PAID_BACK: ("Nabetaald", "Paid back"),
        Done.GRANTED: ("Toegekend", "Granted"),
        Done.HELPED_TO_APPLY: ("Geholpen met de aanvraag", "Helped to apply"),
        Done.PASSED_ON: ("Doorgegeven aan wie het uitbetaalt", "Passed on to those who pay"),
        Done.NOT_WANTED: ("De klant wil er geen gebruik van maken", "The client does not want to use it"),
    }
)
GOES_WITH: Mapping[Found, frozenset[Done]] = MappingProxyType(
    {
        Found.NOTHING_MISSING: frozenset({Done.NOTHING}),
        Found.PAID_TOO_LITTLE: frozenset({Done.PAID_BACK, Done.PASSED_ON}),
        Found.RIGHT_UNUSED: frozenset({Done.GRANTED, Done.HELPED_TO_APPLY, Done.PASSED_ON, Done.NOT_WANTED}),
        Found.UNREACHABLE: frozenset({Done.NOTHING, Done.PASSED_ON}),
        Found.INCONCLUSIVE: frozenset({Done.NOTHING, Done.PASSED_ON}),
    }
)
"""what was found -> what may have been done about it"""
WITH_AMOUNT = frozenset({Done.PAID_BACK, Done.GRANTED})


@dataclass(frozen=True)
class ServiceOutcome:
    """What an officer hands in. `amount_cents`: EUR cents that the client got, None when nothing was paid or it is not
    known yet. `check` raises FindingsError for a field that is not acceptable."""

    found: Found
    done: Done
    amount_cents: int | None
    reasoning: str

    @classmethod
    def of(cls, found: str, done: str, amount_cents: int | None, reasoning: str) -> ServiceOutcome:
        """From what a form or a message holds. Raises FindingsError for an unknown word."""
        if found not in set(Found):
            raise FindingsError("found", "Kies wat u vond.", "Choose what you found.")
        if done not in set(Done):
            raise FindingsError("done", "Kies wat er is gedaan.", "Choose what was done.")
        return cls(Found(found), Done(done), amount_cents, reasoning)

    def check(self) -> None:
        if self.done not in GOES_WITH[self.found]:
            raise FindingsError(
                "done",
                "Dit past niet bij wat u vond.",
                "This does not go with what you found.",
            )
        if self.amount_cents is not None and self.amount_cents < 0:
            raise FindingsError("amount_cents", "Een bedrag is niet negatief.", "An amount is not negative.")
        if self.amount_cents and self.done not in WITH_AMOUNT:
            raise FindingsError(
                "amount_cents",
                "Een bedrag hoort bij nabetalen of toekennen.",
                "An amount goes with paying back or granting.",
            )
        if self.done == Done.PAID_BACK and not self.amount_cents:
            raise FindingsError("amount_cents", "Vul in hoeveel is nabetaald.", "Fill in how much was paid back.")
        check_reasoning(self.reasoning)
