"""The fields of one record-to-be: values in the contracts' units, and a flag for everything that was odd.

A field that may be absent never stops a record: what cannot be read becomes empty, or an unknown date, and a flag says
so. A field that a record cannot do without raises UnreadableError, and the record goes to quarantine. No reason quotes
what stood there.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

from features.records import UNKNOWN_DATE, Address, PartialDate
from pipelines.sources.bsn import bsn_of
from pipelines.sources.xml import Part

SIGNS = {"+": 1, "-": -1}
YES = {"1": True, "2": False}
"""Suwi's StdIndJN"""
LETTERS = {"J": True, "JA": True, "N": False, "NEE": False, "TRUE": True, "FALSE": False}
SEX = {"1": "M", "2": "V", "0": "O", "9": "O"}
LARGEST = 10**17
"""no amount or count beyond this is believed"""
_EUROS = re.compile(r"([+-]?)(\d{1,3}(?:\.\d{3})+|\d+)[.,](\d{2})|([+-]?)(\d{1,3}(?:,\d{3})+)\.(\d{2})")
_POSTCODE = re.compile(r"[1-9]\d{3}[A-Z]{2}")


class UnreadableError(Exception):
    """A record cannot do without this field, and it cannot be read."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class Fields:
    """Reads fields and remembers what was odd. Every method takes the part to look in and a path of local names."""

    def __init__(self) -> None:
        self.flags: list[str] = []

    def flag(self, kind: str) -> None:
        if kind not in self.flags:
            self.flags.append(kind)

    def text(self, part: Part | None, *path: str) -> str | None:
        found = part.part(*path) if part else None
        return found.text if found else None

    def needed(self, part: Part | None, *path: str) -> str:
        """Text that must be there. Raises UnreadableError."""
        value = self.text(part, *path)
        if value is None:
            raise UnreadableError(path[-1], "is not there")
        return value

    def bsn(self, part: Part | None, *path: str) -> str | None:
        """Nine digits, or None where there is none. Raises UnreadableError for what is no number of that length."""
        path = path or ("Burgerservicenr",)
        value = self.text(part, *path)
        if value is None:
            return None
        try:
            number, flags = bsn_of(value)
        except ValueError:
            raise UnreadableError(path[-1], "is not a burgerservicenummer of nine digits") from None
        for flag in flags:
            self.flag(flag)
        return number

    def person(self, part: Part | None, *path: str) -> str:
        """The BSN of someone who must have one. Raises UnreadableError."""
        number = self.bsn(part, *path)
        if number is None:
            raise UnreadableError((path or ("Burgerservicenr",))[-1], "is not there")
        return number

    def date(self, part: Part | None, *path: str) -> PartialDate | None:
        """A date as an interval; None where there is none. A day that does not exist is somewhere in its month; what
        is no date at all is an unknown date."""
        value = self.text(part, *path)
        return None if value is None else self._interval(value)

    def needed_date(self, part: Part | None, *path: str) -> PartialDate:
        """A date that must be there and must be one. Raises UnreadableError."""
        value = self.needed(part, *path)
        if not re.fullmatch(r"[0-9]{8}|\d{4}-\d{2}-\d{2}(T.*|Z)?", value):
            raise UnreadableError(path[-1], "is not a date (yyyymmdd)")
        return self._interval(value)

    def _interval(self, value: str) -> PartialDate:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}(T.*|Z)?", value):
            self.flag("date_with_dashes")
            value = value[:10].replace("-", "")
        if not re.fullmatch(r"[0-9]{8}", value):
            self.flag("date_unreadable")
            return UNKNOWN_DATE
        try:
            found = PartialDate.of(value)
        except ValueError:
            return self._impossible(value)
        if not found.exact:
            self.flag("date_partial")
        return found

    def _impossible(self, value: str) -> PartialDate:
        if value[:4] == "0000":
            self.flag("date_partial")
            return UNKNOWN_DATE
        self.flag("date_impossible")
        for known in (value[:6] + "00", value[:4] + "0000"):
            try:
                return PartialDate.of(known)
            except ValueError:
                continue
        return UNKNOWN_DATE

    def month(self, part: Part | None, name: str) -> dt.date:
        """The first day of a month given as yyyymm. Raises UnreadableError."""
        value = self.needed(part, name)
        if re.fullmatch(r"[1-9][0-9]{3}(0[1-9]|1[0-2])", value):
            return dt.date(int(value[:4]), int(value[4:]), 1)
        raise UnreadableError(name, "is not a month (yyyymm)")

    def amount(self, part: Part | None, *path: str, whole_euros: bool = False) -> int | None:
        """Cents with their sign; None where there is none or it cannot be read (flagged).

        An amount is a group of sign and value; the value counts cents, or euros where the message says so. In the wild
        it is also plain text with two decimals, which are euros."""
        group = part.part(*path) if part else None
        if group is None:
            return None
        sign = self.text(group, "CdPositiefNegatief")
        value = self.text(group, "WaardeBedr") or self.text(group, "WaardeBedrag")
        if value is None and group.text is not None:
            self.flag("amount_not_a_group")
            value = group.text
            if re.fullmatch(r"[+-]?\d+", value) and not whole_euros:
                self.flag("amount_without_unit")
                return None
        if value is None:
            self.flag("amount_empty")
            return None
        if (self.text(group, "CdMunteenheid") or "EUR") != "EUR":
            self.flag("currency_not_euro")
            return None
        if sign is not None and sign not in SIGNS:
            self.flag("code_not_in_list")
            return None
        cents = self._cents(value, whole_euros)
        if cents is None:
            self.flag("amount_unreadable")
            return None
        if cents < 0:
            self.flag("amount_signed")
        return -abs(cents) if sign == "-" or cents < 0 else cents

    def _cents(self, value: str, whole_euros: bool) -> int | None:
        if re.fullmatch(r"[+-]?[0-9]{1,18}", value):
            cents = int(value) * (100 if whole_euros else 1)
        elif found := _EUROS.fullmatch(value):
            self.flag("amount_with_decimals")
            sign, euros, decimals = found.group(1, 2, 3) if found.group(2) else found.group(4, 5, 6)
            cents = int(re.sub(r"[.,]", "", euros) + decimals) * (-1 if sign == "-" else 1)
        else:
            return None
        return cents if abs(cents) < LARGEST else None

    def whole(self, part: Part | None, *path: str) -> int | None:
        """A whole number; None where there is none or it is none (flagged)."""
        value = self.text(part, *path)
        if value is None:
            return None
        if re.fullmatch(r"[+-]?[0-9]{1,9}([.,]0+)?", value):
            return int(re.split(r"[.,]", value)[0])
        self.flag("number_unreadable")
        return None

    def yes(self, part: Part | None, *path: str, codes: Mapping[str, bool] = YES) -> bool | None:
        """Yes or no; None where it says neither (flagged when something else stands there)."""
        value = self.text(part, *path)
        if value is None:
            return None
        if value in codes:
            return codes[value]
        if value.upper() in LETTERS:
            self.flag("indicator_in_letters")
            return LETTERS[value.upper()]
        self.flag("code_not_in_list")
        return None

    def sex(self, part: Part | None) -> str | None:
        """M, V or O; another code stays as it is."""
        value = self.text(part, "Geslacht")
        if value is None or value in SEX:
            return SEX.get(value or "")
        self.flag("code_not_in_list")
        return value.upper() if value.upper() in ("M", "V", "O") else value

    def name(self, part: Part | None, family: str = "SignificantDeelVanDeAchternaam") -> str | None:
        """Given names or initials, prefix and family name."""
        given = self.text(part, "Voornamen") or self.text(part, "Voorletters")
        words = (given, self.text(part, "Voorvoegsel"), self.text(part, family))
        return " ".join(word for word in words if word) or None

    def address(self, part: Part | None, municipality: str | None = None) -> Address | None:
        """A Dutch address, in the words of SuwiML or GWS; None when nothing of it is there."""
        if part is None:
            return None
        found = Address(
            street=self.text(part, "Straatnaam") or self.text(part, "NaamOpenbareRuimte"),
            house_number=self.whole(part, "Huisnr") or self.whole(part, "Huisnummer"),
            house_letter=self.text(part, "Huisletter"),
            house_addition=self.text(part, "Huisnrtoevoeging") or self.text(part, "HuisnrToevoeging"),
            postcode=self._postcode(part),
            city=self.text(part, "Woonplaatsnaam"),
            bag_object=self.text(part, "IdentificatiecdVerblijfplaats"),
            lines=self._lines(part),
        )
        if found == Address():
            self.flag("address_empty")
            return None
        return found if municipality is None else Address(**{**found.__dict__, "municipality": municipality})

    def _lines(self, part: Part) -> str | None:
        """What tells places apart beside street and number: a description, or 'to' and 'by' before the number."""
        words = ("Locatieoms", "Locatie", "AanduidingBijHuisnr")
        return ", ".join(text for word in words if (text := self.text(part, word))) or None

    def _postcode(self, part: Part) -> str | None:
        element = part.part("Postcd") or part.part("Postcode")
        if element is None:
            return None
        if element.text is None:
            self.flag("postcode_empty")
            return None
        postcode = element.text.replace(" ", "").upper()
        if not _POSTCODE.fullmatch(postcode):
            self.flag("postcode_unusual")
        return postcode
