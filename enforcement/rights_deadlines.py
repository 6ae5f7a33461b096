"""By when a client has an answer to what was asked under GDPR 15 to 21: within a month (GDPR 12(3))."""

from __future__ import annotations

import datetime as dt

from enforcement import working_days
from enforcement.exemptions import months_before


def answer_by(received: dt.date) -> dt.date:
    """The last day of the month that begins when the request came in; one that ends on a weekend or a holiday runs on
    to the next working day (Regulation 1182/71, article 3(4)).

    >>> answer_by(dt.date(2027, 1, 29)), answer_by(dt.date(2026, 11, 25))
    (datetime.date(2027, 3, 1), datetime.date(2026, 12, 28))
    """
    return working_days.end_of_term(months_before(received, -1))
