"""Pages of the manager: what the reviews gave and cost, and the policy beside the shared standard. Aggregates only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from api.beside import compared
from api.case_pages import as_typed, cents
from api.funnel_svg import drawing
from api.language import Language
from api.money_together import together
from api.money_words import (
    SIDES,
    arm_rows,
    beside_rows,
    euros,
    hour_rows,
    summary,
    together_rows,
    what_if_parts,
    what_if_rows,
    what_if_whys,
)
from api.pages import see_other
from api.refusals import said
from api.rendering import language, may, render
from api.results import Results, Which, results_csv, results_of
from api.security import Meant, Signed, engine
from api.themes import installed
from api.whatif import LARGEST, Wish, what_if_csv, what_if_of
from enforcement.access import Permission, require
from enforcement.database import reading, writing
from enforcement.errors import FindingsError
from enforcement.policy import (
    OWN,
    RANDOM_FLOOR_PERCENT,
    Policy,
    PolicyError,
    change,
    deviations,
    in_force,
    standard_for,
    versions,
)
from enforcement.users import DEMO_MUNICIPALITIES, Visit

router = APIRouter()
NUMBERS = (
    "yearly_capacity", "random_percent", "signal_percent", "risk_percent", "blind_percent", "max_per_cluster",
    "reviewed_months", "settling_months", "retention_months",
)  # fmt: skip
TEXTS = ("period", "phone", "theme")
HOUR = "hour_cents"
CHANGEABLE = (*NUMBERS[:1], "period", *NUMBERS[1:], *TEXTS[1:], HOUR)
"""settings that the form changes; letters and further grounds are changed through /api/v1/policy"""
EXPLAINED = frozenset({*CHANGEABLE} - OWN | {HOUR})
"""of which the form asks why: what has a standard, and where the price of an hour comes from"""


Chosen = Annotated[Literal["eigen", "eerder"] | None, Query()]
"""lists of this service, or reviews before it; without a choice the first that has something to tell"""
Typed = Annotated[str, Query(max_length=9)]
WISHES = {
    "yearly_capacity": "capaciteit",
    "random_percent": "loten",
    "signal_percent": "signalen",
    "risk_percent": "plaats",
}
"""setting -> field of the what-if form"""


@router.get("/resultaten")
def results_page(request: Request, visit: Signed, lijsten: Chosen = None) -> Response:
    viewer, found = visit.viewer, chosen_results(request, visit, lijsten)
    drawn, beside = None, None
    if may(visit, Permission.COMPARE_MUNICIPALITIES):
        beside = compared(request.app.state.engine, viewer, own=found.which == "own")
        drawn = drawing(beside.funnel, name_of)
    spoken = language(request)
    return render(
        request,
        "results.html",
        visit,
        found=found,
        funnel=drawn,
        name_of=name_of,
        summary=summary(found.money, spoken),
        beside=[] if beside is None else beside_rows(beside.towns, spoken),
    )


@router.get("/resultaten/geld")
def money_page(request: Request, visit: Signed, lijsten: Chosen = None) -> Response:
    """A manager's holds all municipalities together, at the price of an hour in each one's policy."""
    found, spoken = chosen_results(request, visit, lijsten), language(request)
    whole = None
    if may(visit, Permission.COMPARE_MUNICIPALITIES):
        whole = together(request.app.state.engine, visit.viewer, found.which)
    return render(
        request,
        "money.html",
        visit,
        found=found,
        whole=whole,
        together=[] if whole is None else together_rows(whole, spoken),
        added=None if whole is None or whole.added_value is None else euros(whole.added_value, spoken),
        name_of=name_of,
        directions=[(name, [(one, arm_rows(found.money, one, spoken)) for one in its]) for name, its in SIDES],
        hours=hour_rows(found.money, spoken),
    )


@router.get("/resultaten/wat-als")
def what_if_page(
    request: Request,
    visit: Signed,
    lijsten: Chosen = None,
    capaciteit: Typed = "",
    loten: Typed = "",
    signalen: Typed = "",
    plaats: Typed = "",
) -> Response:
    """The policy of now beside the one in the form; what is refused is said and the form keeps what was typed."""
    require(visit.viewer, Permission.SEE_RESULTS)
    given = dict(zip(WISHES, (capaciteit, loten, signalen, plaats), strict=True))
    which = chosen_results(request, visit, lijsten).which
    wrong = ""
    with reading(engine(request)) as session:
        _, policy = in_force(session, visit.viewer.municipality)
        try:
            wish = Wish.model_validate({name: whole(typed, name) for name, typed in given.items() if typed})
            found = what_if_of(session, visit.viewer, wish, which)
        except (PolicyError, ValidationError):
            wrong = _refused(given, policy)
            found = what_if_of(session, visit.viewer, Wish(), which)
    return render(
        request,
        "whatif.html",
        visit,
        status=422 if wrong else 200,
        found=found,
        fields=[(name, field, given[name] or getattr(policy, name)) for name, field in WISHES.items()],
        wrong=wrong,
        asked=any(given.values()) and not wrong,
        floor=RANDOM_FLOOR_PERCENT,
        rows=what_if_rows(found, language(request)),
        parts=what_if_parts(found.then, language(request)),
        whys=what_if_whys(found.then, language(request)),
    )


def _refused(given: Mapping[str, str], policy: Policy) -> str:
    """Why the wish cannot be: a text of section whatif."""
    typed = {name: value or str(getattr(policy, name)) for name, value in given.items()}
    if not all(value.isdigit() for value in typed.values()) or not 0 < int(typed["yearly_capacity"]) <= LARGEST:
        return "no_number"
    return "below_floor" if int(typed["random_percent"]) < RANDOM_FLOOR_PERCENT else "not_hundred"


@router.get("/resultaten/wat-als/csv")
def what_if_file(request: Request, visit: Signed, wish: Annotated[Wish, Query()], lists: Which = "own") -> Response:
    """Every figure of the page as it stands, for a spreadsheet; the download is in the log."""
    return what_if_csv(request, visit, wish, lists)


@router.get("/resultaten/csv")
def results_file(request: Request, visit: Signed, lijsten: Chosen = None) -> Response:
    return results_csv(request, visit, "earlier" if lijsten == "eerder" else "own")


def chosen_results(request: Request, visit: Visit, lijsten: Literal["eigen", "eerder"] | None) -> Results:
    """What was asked for; when nothing was, the lists of this service as soon as one review of them is finished."""
    today = dt.datetime.now(dt.UTC).date()
    with reading(engine(request)) as session:
        own = results_of(session, visit.viewer, today) if lijsten != "eerder" else None
        if own is not None and (lijsten == "eigen" or own.arms[-1].reviewed):
            return own
        earlier = results_of(session, visit.viewer, today, "earlier")
    return own if own is not None and not earlier.lists else earlier


@router.get("/beleid")
def policy_page(request: Request, visit: Signed) -> Response:
    return _policy(request, visit)


@router.post("/beleid")
async def change_policy(request: Request, visit: Meant) -> Response:
    """The whole form is one new version. What was typed stays when it is refused."""
    require(visit.viewer, Permission.CHANGE_POLICY)
    form = {name: str(value).strip() for name, value in (await request.form()).items() if isinstance(value, str)}
    try:
        with writing(engine(request)) as session:
            _, policy = in_force(session, visit.viewer.municipality)
            content = policy.content() | {name: form.get(name, "") for name in TEXTS if name in form}
            content |= {name: whole(form.get(name, ""), name) for name in NUMBERS}
            content[HOUR] = price(form.get(HOUR, ""))
            content["explanation"] = {name: form[f"why_{name}"] for name in CHANGEABLE if form.get(f"why_{name}")}
            read = whole(form.get("version", ""), "version")
            change(session, visit.viewer, content, form.get("reason", ""), read, dt.datetime.now(dt.UTC))
    except PolicyError as error:
        return _policy(request, visit, status=422, given=form, wrong=said(str(error), language(request)))
    return see_other("/beleid")


def whole(typed: str, name: str) -> int:
    """A number as typed. Raises PolicyError for something else.

    >>> whole("480", "yearly_capacity")
    480
    """
    if not typed.isdigit() or len(typed) > 9:
        raise PolicyError(f"{name}: a whole number")
    return int(typed)


def price(typed: str) -> int | None:
    """Euro cents of an amount as typed; None for nothing. Raises PolicyError for something else.

    >>> price("85,50"), price("")
    (8550, None)
    """
    try:
        return cents(typed)
    except FindingsError:
        raise PolicyError("hour_cents: an amount in euros, such as 85.50") from None


def name_of(municipality: str) -> str:
    return DEMO_MUNICIPALITIES.get(municipality, municipality)


def _policy(
    request: Request, visit: Visit, *, status: int = 200, given: Mapping[str, str] | None = None, wrong: str = ""
) -> Response:
    require(visit.viewer, Permission.READ_POLICY)
    with reading(engine(request)) as session:
        version, policy = in_force(session, visit.viewer.municipality)
        every = [
            {"version": one.version, "from": one.valid_from, "author": one.author}
            for one in versions(session, visit.viewer)
        ]
    return render(
        request,
        "policy.html",
        visit,
        status=status,
        version=version,
        rows=beside(policy),
        choices=choices(language(request)),
        letters=sorted(policy.letters),
        versions=every,
        may_change=may(visit, Permission.CHANGE_POLICY),
        given=given or {},
        wrong=wrong,
        places=policy.places,
        capacity=policy.capacity,
    )


def choices(spoken: Language) -> dict[str, list[tuple[str, str]]]:
    """(value, words) of every setting that is chosen from a few: the period, and the themes that are installed."""
    themes = [(name, one.word_mark or name) for name, one in installed().items()]
    return {
        "period": [(one, spoken.text(f"policy.period_{one}")) for one in ("month", "quarter")],
        "theme": [("standard", spoken.text("policy.theme_standard")), *themes],
    }


def beside(policy: Policy) -> list[dict[str, Any]]:
    """Every setting here, in the standard, and why it differs."""
    here, standard = policy.content(), standard_for(policy.yearly_capacity).content()
    differs = {one.setting for one in deviations(policy)}
    return [
        {
            "name": name,
            "here": here[name],
            "typed": as_typed(here[name]) if name == HOUR else here[name],
            "standard": None if name in OWN else standard[name],
            "differs": name in differs,
            "why": policy.explanation.get(name, "").strip() if name in differs or name == HOUR else "",
            "asks_why": name in EXPLAINED,
            "number": name in NUMBERS,
        }
        for name in CHANGEABLE
    ]
