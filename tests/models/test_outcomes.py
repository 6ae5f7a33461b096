"""Which outcomes count as positive is declared, read from a file, and refused when it names what no finding has."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import pytest

from enforcement.findings import Cause, Effect
from models.outcomes import CAUSES, EFFECTS, OTHERS, REVIEW, SERVICE_LIST, read

DAY = dt.date(2026, 3, 1)


def test_the_words_are_those_of_a_finding() -> None:
    assert {one.value for one in Cause} == CAUSES
    assert {one.value for one in Effect} == EFFECTS


@pytest.mark.parametrize("coding", [REVIEW, *OTHERS], ids=lambda one: one.name)
def test_every_coding_labels_every_finding_and_keeps_what_is_missing_missing(coding) -> None:
    for cause in CAUSES:
        for effect in EFFECTS:
            label = coding.label(cause=cause, effect=effect, approved=DAY, overturned=None)
            assert label in (0.0, 1.0) or math.isnan(label)
    assert math.isnan(coding.label(cause="inconclusive", effect="down", approved=DAY, overturned=None))
    assert math.isnan(coding.label(cause="breach_of_duty", effect="down", approved=None, overturned=None))


MISSING = None


@pytest.mark.parametrize(
    ("cause", "effect", "review", "service"),
    [
        ("breach_of_duty", "down", 1, 0),
        ("client_late_or_mistaken", "down", 1, 0),
        ("municipal_error", "down", 1, 0),
        ("registry_wrong", "none", 1, 0),  # wrong data that would have lowered it
        ("registry_wrong", "unknown", 1, MISSING),
        ("registry_wrong", "up", 1, 1),
        ("needs_help", "up", 0, 1),
        ("nothing_irregular", "none", 0, 0),
        ("breach_of_duty", "none", 0, 0),
        ("breach_of_duty", "unknown", MISSING, MISSING),
        ("municipal_error", None, MISSING, MISSING),
        (None, "none", 0, 0),
        (None, "down", 1, 0),
        ("inconclusive", "unknown", MISSING, MISSING),
        ("inconclusive", "none", MISSING, MISSING),
        (None, None, MISSING, MISSING),
    ],
)
def test_what_a_review_found_is_a_label_or_missing_and_missing_is_not_zero(
    cause: str | None, effect: str | None, review: int | None, service: int | None
) -> None:
    """statistics.md, Labels: of the review list down or wrong data that would have, of the service list up."""
    for coding, expected in ((REVIEW, review), (SERVICE_LIST, service)):
        label = coding.label(cause=cause, effect=effect, approved=DAY, overturned=None)
        assert (None if math.isnan(label) else label) == expected
        unapproved = coding.label(cause=cause, effect=effect, approved=None, overturned=None)
        assert math.isnan(unapproved), "labels exist only after a second person approved"
        overturned = coding.label(cause=cause, effect=effect, approved=DAY, overturned=True)
        assert (math.isnan(overturned) and (cause, effect) == (None, None)) or overturned == 0


def test_the_other_codings_differ_from_the_one_in_use() -> None:
    for coding in OTHERS:
        pairs = [(cause, effect) for cause in CAUSES for effect in EFFECTS]
        mine, own = (
            [repr(one.label(cause=c, effect=e, approved=DAY, overturned=None)) for c, e in pairs]
            for one in (coding, REVIEW)
        )
        assert mine != own


def test_a_file_in_the_home_takes_the_place_of_what_is_declared(tmp_path: Path) -> None:
    path = tmp_path / "outcomes.toml"
    assert read(path).review == REVIEW
    path.write_text('[review]\neffects = ["down", "up"]\n[down]\neffects = ["down"]\nmissing_causes = ["needs_help"]\n')
    codings = read(path)
    assert codings.review.label(cause="registry_wrong", effect="up", approved=DAY, overturned=None) == 1.0
    (down,) = codings.others
    assert math.isnan(down.label(cause="needs_help", effect="down", approved=DAY, overturned=None))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[down]\n", "no \\[review\\]"),
        ('[review]\neffects = ["fraud"]\n', "review.effects has 'fraud'"),
        ('[review]\ncause = ["x"]\n', "has 'cause'"),
        ('review = "down"\n', "write \\[review\\]"),
        ("[review\n", "outcomes.toml"),
    ],
)
def test_a_coding_that_cannot_be_is_refused_with_the_word(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "outcomes.toml"
    path.write_text(content)
    with pytest.raises(ValueError, match=said):
        read(path)
