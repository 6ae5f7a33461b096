"""What must hold within an audit; where it does not, the audit fails instead of answering."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.confusion import METRICS

if TYPE_CHECKING:
    from models.fairness import Audit

CLOSE = 1e-12
HALVES = (("precision", "for"), ("tpr", "fpr"))
"""pairs of denominators that both add up to everybody whose selection and outcome are known"""
OPPOSITES = (("precision", "fdr"), ("for", "npv"), ("tpr", "fnr"), ("fpr", "tnr"))


class AuditFailedError(RuntimeError):
    """The figures of an audit contradict each other: a defect, and no answer."""


def check(audit: Audit) -> None:
    """Raises AuditFailedError that names the group and the figure."""
    _denominators(audit)
    _intervals(audit)
    _differences(audit)


def _denominators(audit: Audit) -> None:
    for family in audit.families:
        if int(family.people_rows.sum()) != audit.rows:
            raise AuditFailedError(f"the groups of {_named(family.columns)} do not add up to the table")
        whole = family.counts("accuracy", family.label_rows)[1]
        for pair in HALVES:
            left, right = (family.counts(metric, family.label_rows)[1] for metric in pair)
            if (left + right != whole).any():
                raise AuditFailedError(f"the denominators of {' and '.join(pair)} do not add up to everybody")
    for group in audit.groups:
        for one, other in OPPOSITES:
            first, second = group.metrics[one], group.metrics[other]
            if first.value is not None and second.value is not None:
                if first.denominator != second.denominator:
                    raise AuditFailedError(f"{_named(group.key.values())}: {one} and {other} have two denominators")
                if abs(first.value + second.value - 1) > CLOSE:
                    raise AuditFailedError(f"{_named(group.key.values())}: {one} and {other} do not add up to 1")


def _intervals(audit: Audit) -> None:
    """A bootstrap that always gives the same is broken, unless the whole population was seen or all answers agree."""
    for group in audit.groups:
        for name, one in group.metrics.items():
            who = f"{_named(group.key.values())}: {name}"
            if one.value is None or one.low is None or one.high is None:
                continue
            if not one.low - CLOSE <= one.value <= one.high + CLOSE and not one.resampled:
                raise AuditFailedError(f"{who} lies outside its own interval")
            if one.resampled and one.low == one.high and audit.unsampled > 0 and 0 < one.value < 1:
                raise AuditFailedError(f"{who} has a constant bootstrap")


def _differences(audit: Audit) -> None:
    figures = {tuple(group.key.items()): group.metrics for group in audit.groups}
    for one in audit.comparisons:
        if one.metric not in METRICS:
            raise AuditFailedError(f"{one.metric} is no metric")
        mine, base = (figures[tuple(key.items())][one.metric].value for key in (one.group, one.reference))
        told = None if mine is None or base is None else mine - base
        if (told is None) != (one.difference is None) or (
            told is not None and one.difference is not None and abs(told - one.difference) > CLOSE
        ):
            raise AuditFailedError(
                f"{_named(one.group.values())}: the difference of {one.metric} is not between its own group values"
            )


def _named(values: object) -> str:
    return " / ".join(str(value) for value in values)  # type: ignore[attr-defined]
