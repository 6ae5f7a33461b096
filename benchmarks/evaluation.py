"""Coverage, bias and error of the estimates from selective labels, over 2,000 draws of the random arm, and their time.

.venv/bin/python -m benchmarks.evaluation [--draws 2000]
"""

from __future__ import annotations

import argparse
import time

from tests.models.worlds import DRAWN, N, World, redraw

WORLDS = {"tips as usual": World(), "tips that double the naive prevalence": World(certain=400, tips=1.2)}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--draws", type=int, default=2000)
    draws = arguments.parse_args().draws
    for title, world in WORLDS.items():
        began = time.process_time()
        found = redraw(world, draws)
        print(f"{title}: {N} eligible, {world.size} certain, {DRAWN} drawn, {draws} redraws, ", end="")
        print(f"{time.process_time() - began:.0f} s of processor")
        print(
            f"  {'figure':<31}{'truth':>8}{'covered':>9}{'bias':>9}{'3 MC':>8}{'rmse':>8}{'naive':>8}{'its rmse':>10}"
        )
        for one in found.values():
            print(
                f"  {one.name:<31}{one.truth:>8.4f}{one.covered:>9.3f}{one.bias:>9.5f}{3 * one.monte_carlo_error:>8.5f}"
                f"{one.rmse:>8.4f}{one.naive.mean():>8.4f}{one.naive_rmse:>10.4f}"
            )


if __name__ == "__main__":
    main()
