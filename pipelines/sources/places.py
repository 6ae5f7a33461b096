"""When an address says which place it is: two people are only at one address when the registry could tell.

A street without a number, or a country without a line, is shared by thousands; kept as an address it would make them
one household. Then the record has no address and says so.
"""

from __future__ import annotations

from features.records import Address


def told(address: Address) -> tuple[Address | None, tuple[str, ...]]:
    """The address when it names one place, else None and the flag `address_incomplete`.

    One place is: a BAG object; a postcode and number; a street, number and city; or free lines.

    >>> told(Address(street="Dorpsstraat", city="Weert"))
    (None, ('address_incomplete',))
    """
    numbered = address.house_number is not None
    names_one = (
        address.bag_object
        or (address.postcode and numbered)
        or (address.street and numbered and address.city)
        or address.lines
    )
    return (address, ()) if names_one else (None, ("address_incomplete",))


def bag_object_of(text: str) -> tuple[str | None, tuple[str, ...]]:
    """The number of the addressable object, sixteen digits, and flags. Fifteen have lost a leading zero; anything else
    is no such number, and the postcode has to say which address it is.

    >>> bag_object_of("363010012067062")
    ('0363010012067062', ('bag_object_padded',))
    """
    text = text.strip()
    if not text.strip("0"):
        return None, ("no_bag_object",)
    if not text.isascii() or not text.isdigit() or len(text) not in (15, 16):
        return None, ("bag_object_odd", "no_bag_object")
    return (text, ()) if len(text) == 16 else ("0" + text, ("bag_object_padded",))
