"""The demonstration: a simulated province, all the way from its deliveries to the worklists."""

from __future__ import annotations

from typing import Any

from enforcement.settings import Settings
from pipelines.steps import Show, Tally, fingerprint, once, unseen


def demo(settings: Settings, clients: int, seed: int, show: Show) -> dict[str, Any]:
    """Everything up to the worklists, going on where it stopped: {as_of, draws}. Done before, it is only read."""
    return once(
        settings, "demo", fingerprint(clients, seed), unseen, lambda _: _all_the_way(settings, clients, seed, show)
    )


def _all_the_way(settings: Settings, clients: int, seed: int, show: Show) -> dict[str, Any]:
    # The steps bring large libraries with them; a second start needs none of them.
    from pipelines.deliveries import simulate
    from pipelines.ingest import ingest
    from pipelines.learning import train
    from pipelines.province.world import AS_OF
    from pipelines.ranking import score, select, set_up_demo
    from pipelines.serving import service_lists
    from pipelines.settling import settle

    made = simulate(settings, clients, seed, show)

    def bring_in(tally: Tally) -> dict[str, Any]:
        reports = ingest(settings, [settings.deliveries], seed=seed)
        tally.rows = sum(sum(one.records.values()) for one in reports)
        statuses = [one.status for one in reports]
        return {status: statuses.count(status) for status in sorted(set(statuses))}

    once(settings, "ingest", fingerprint(made["rows"], clients, seed), show, bring_in)
    train(settings, AS_OF, seed, show)
    scored = score(settings, AS_OF, show)
    set_up_demo(settings, scored)
    made_lists = select(settings, AS_OF, show)
    service_lists(settings, AS_OF, show)
    settle(settings, show)
    return made_lists
