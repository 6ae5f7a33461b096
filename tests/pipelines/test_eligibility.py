"""What the exemption rules are told of a case comes from the clients on the benefit, and from nobody else."""

import datetime as dt

import pyarrow as pa
import pyarrow.compute as pc

from enforcement.exemptions import exempting
from enforcement.policy import STANDARD
from pipelines.eligibility import InService, candidates, gather

AS_OF = dt.date(2026, 11, 1)


def circumstances(*cases: int) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "case_id": case,
                "municipality": "0917",
                "as_of": AS_OF,
                "benefit_since": dt.date(2020, 1, 1),
                "last_review": None,
                "without_address": False,
                "open_signal": dt.date(2026, 5, 1) if case == 1 else None,
            }
            for case in cases
        ]
    )


MEMBERS = pa.table(
    {"case_id": [1, 1, 1, 2], "person_id": [10, 11, 12, 20], "role": ["client", "partner", "child", "client"]}
)
AGES = pa.table({"person_id": [10, 11, 12], "band": ["27-63", "64-66", "minor"]})


def test_r33_the_age_of_either_partner_counts_and_that_of_a_child_does_not() -> None:
    first, second = gather(circumstances(1, 2), MEMBERS, AGES, frozenset(), InService())["0917"].facts
    assert first.bands == {"27-63", "64-66"}
    assert second.bands == {"unknown"}


def test_r33_a_case_with_one_client_of_unknown_age_is_left_alone() -> None:
    """The other client may be a minor, or 64 or older: what is missing is never read as "nothing there" (R37)."""
    ages = AGES.filter(pc.field("person_id") == 10)
    first, _ = gather(circumstances(1, 2), MEMBERS, ages, frozenset(), InService())["0917"].facts
    assert first.bands == {"27-63", "unknown"}
    assert [rule.name for rule in exempting(first, STANDARD)] == ["age_unknown"]


def test_r33_a_review_in_the_service_counts_before_the_lake_knows_of_it() -> None:
    """Approved findings return at night and are known from the day after: until then no arm may draw the case again."""
    yesterday, before = AS_OF - dt.timedelta(days=1), AS_OF - dt.timedelta(days=400)
    around = circumstances(1, 2).set_column(4, "last_review", pa.array([before, before], pa.date32()))
    facts = gather(around, MEMBERS, AGES, frozenset(), InService(reviews={1: yesterday}))["0917"].facts
    assert [one.last_review for one in facts] == [yesterday, before]
    later = gather(circumstances(1, 2), MEMBERS, AGES, frozenset(), InService(reviews={1: AS_OF}))["0917"].facts
    assert "reviewed" in {rule.name for rule in exempting(later[0], STANDARD)}, "a list may be made after its date"


def test_r33_care_of_a_client_exempts_the_case_and_care_of_a_child_does_not() -> None:
    facts = gather(circumstances(1, 2), MEMBERS, AGES, frozenset({12, 20}), InService())["0917"].facts
    assert [one.in_care for one in facts] == [False, True]


def test_an_open_case_is_known_as_open() -> None:
    facts = gather(circumstances(1, 2), MEMBERS, AGES, frozenset(), InService(open=frozenset({2})))["0917"].facts
    assert [one.open_case for one in facts] == [False, True]


def test_r33_an_open_contest_is_known_as_an_open_dispute() -> None:
    facts = gather(circumstances(1, 2), MEMBERS, AGES, frozenset(), InService(disputed=frozenset({1})))["0917"].facts
    assert [one.open_dispute for one in facts] == [True, False]


def test_only_the_eligible_become_candidates_with_their_signal_and_cluster() -> None:
    known = gather(circumstances(1, 2), MEMBERS, AGES, frozenset(), InService())["0917"]
    (only,) = candidates((1,), {1: 4, 2: 9}, known.signals, {1: 100})
    assert (only.case_id, only.place, only.signal, only.cluster) == (1, 4, dt.date(2026, 5, 1), "100")
