"""Where the stop rule stands, from the approved outcomes in the lake, and what it does at the group's own volume."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

from enforcement.database import engine_of, reading, writing
from enforcement.draws import yearly_secret
from enforcement.policy import in_force
from enforcement.settings import Settings
from enforcement.switch import Actor, is_off, restarted, switch_off, years
from models.dataset import latest_outcomes
from models.outcomes import LabelCoding
from models.outcomes import read as read_codings
from models.stopping import Quarterly, Verdict, judge, quarter, rates
from pipelines.lake import Lake


def stop_rule(settings: Settings, towns: list[str], day: dt.date) -> dict[str, Any]:
    """{status, stopped_on, looks, detection, false_stop, ...} over all participants on the day.

    detection and false_stop are None while the random arm has found nothing to reckon with.
    """
    reviews = _reviews(settings, day)
    verdict = judge(reviews, day, _restarted(settings, towns))
    risk, random = volume(settings, towns)
    lot = [one for one in reviews if one.arm == "random"]
    reviewed, changed = sum(one.reviewed for one in lot), sum(one.changed for one in lot)
    found = rates(risk, random, changed / reviewed) if risk and random and changed else None
    return _stated(verdict) | {
        "risk_a_quarter": risk,
        "random_a_quarter": random,
        "base_rate": changed / reviewed if reviewed else None,
        "detection": found.detection if found else None,
        "false_stop": found.false_stop if found else None,
        "looks_ahead": found.looks if found else None,
    }


def act(settings: Settings, towns: list[str], day: dt.date, now: dt.datetime) -> list[str]:
    """Does what was declared: on a stop the ranking of each of the towns is switched off, logged as the rule's doing,
    so that its places go to random and signal (R7, statistics.md, Stop rule). Gives the towns switched off by this.

    Where people switched it on again since the stop, it stays as they judged, until two looks after that say so again.
    """
    reviews, done = _reviews(settings, day), []
    for town in towns:
        with writing(engine_of(settings.database)) as session:
            stopped_on = judge(reviews, day, restarted(session, town)).stopped_on
            if stopped_on is None or is_off(session, town):
                continue
            reason = f"stop rule: on {stopped_on} the ranking was not shown to find more than the lot, twice running"
            secrets = {year: yearly_secret(settings.keys, year) for year in years(session, town)}
            switch_off(session, town, Actor("stop-rule"), reason, secrets, now)
            done.append(town)
    return done


def _restarted(settings: Settings, towns: list[str]) -> dt.date | None:
    """The day since which all of the towns go on again; None when one is off, or none was ever stopped."""
    with reading(engine_of(settings.database)) as session:
        if any(is_off(session, town) for town in towns):
            return None
        return max(filter(None, (restarted(session, town) for town in towns)), default=None)


def _reviews(settings: Settings, day: dt.date) -> list[Quarterly]:
    parts = Lake(settings).parts().get("outcomes", [])
    return quarterly(parts, day, read_codings(settings.home / "outcomes.toml").review)


def quarterly(parts: list[Path], day: dt.date, coding: LabelCoding) -> list[Quarterly]:
    """Completed reviews per quarter, municipality and arm, known before the day. A case of both arms counts in both;
    a random case with an open signal is no random case here (statistics.md, Lift)."""
    counts: dict[tuple[dt.date, str, str], list[int]] = {}
    if not parts:
        return []
    for row in latest_outcomes(parts, day).to_pylist():
        label = coding.label(**{name: row[name] for name in ("cause", "effect", "approved", "overturned")})
        if math.isnan(label):
            continue
        arms = set((row["arm"] or "").split(","))
        sides = (["risk"] if "risk" in arms else []) + (["random"] if "random" in arms and "signal" not in arms else [])
        for arm in sides:
            count = counts.setdefault((quarter(row["selected"]), row["municipality"], arm), [0, 0])
            count[0] += 1
            count[1] += int(label)
    return [Quarterly(*key, reviewed, changed) for key, (reviewed, changed) in sorted(counts.items())]


def volume(settings: Settings, towns: list[str]) -> tuple[int, int]:
    """Reviews a quarter in the risk and in the random arm, by the policies in force of the towns together."""
    risk = random = 0.0
    with reading(engine_of(settings.database)) as session:
        for town in towns:
            _, policy = in_force(session, town)
            risk += policy.yearly_capacity * policy.risk_percent / 400
            random += policy.yearly_capacity * policy.random_percent / 400
    return round(risk), round(random)


def _stated(verdict: Verdict) -> dict[str, Any]:
    return {
        "status": verdict.status,
        "stopped_on": verdict.stopped_on.isoformat() if verdict.stopped_on else None,
        "looks": [
            {
                "day": look.day.isoformat(),
                "known": look.known,
                "lift": look.lift.stratified,
                "lower": look.lower,
                "without_random": list(look.lift.without_reference),
            }
            for look in verdict.looks
        ],
    }
