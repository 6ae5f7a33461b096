"""The command: from a delivery to a worklist, one verb per step. Each part of the way adds its own (commands/)."""

from __future__ import annotations

import sys

from commands import deliveries, facts, fairness, lists, promotion, rights, service, training  # noqa: F401
from commands.app import app
from commands.display import err


def main() -> None:
    """Run the command; what a person can mend is one line on stderr and exit code 1."""
    try:
        app()
    except KeyboardInterrupt:
        err.print("weegschaal: stopped; started again it goes on where it was", highlight=False)
        sys.exit(130)
    except Exception as error:
        if not isinstance(error, _mendable()):
            raise
        said = error.args[0] if isinstance(error, LookupError) and error.args else error
        err.print(f"weegschaal: {said}", highlight=False, soft_wrap=True)
        sys.exit(1)


def _mendable() -> tuple[type[Exception], ...]:
    """Errors whose message says what to do; any other is a defect of ours and shows where it happened."""
    from enforcement.errors import RefusedError as Refused
    from enforcement.identity import RevealRefusedError
    from enforcement.keys import KeyFileError
    from pipelines.sources.reading import RefusedError as Unreadable

    return (ValueError, LookupError, OSError, RuntimeError, Refused, RevealRefusedError, KeyFileError, Unreadable)


if __name__ == "__main__":
    main()
