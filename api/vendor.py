"""Copies from node_modules what the pages really use, so that a page stays below 100 kB: `python -m api.vendor`.

Of the components only the rules are kept whose classes stand in a template, and of the theme's 200 kB of design tokens
only those that these rules refer to.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
COMPONENTS = ("alert", "button", "form-label", "link", "radio-button", "select", "skip-link", "table", "textarea")
LICENCES = "/* Components: EUPL-1.2, Frameless and Gemeente Utrecht. Source Sans 3: OFL-1.1, Adobe. */\n"
WEIGHTS = (400, 600)
LATIN = "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+2000-206F,U+20AC,U+2122,U+2212"

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_TOKEN = re.compile(r"^\s*(--[\w-]+):\s*([^;]+);", re.MULTILINE)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_BETWEEN = re.compile(r",(?![^()]*\))")
_CLASS = re.compile(r"\.(utrecht-[\w-]+)")
_USED = re.compile(r"var\(\s*(--[\w-]+)")


def tokens_in_use(theme: str, styles: str) -> dict[str, str]:
    """Tokens of `theme` that `styles` refers to, directly or through other tokens, in order of name.

    >>> tokens_in_use(".t { --a: var(--b); --b: 1px; --c: 2px; }".replace(" --", "\\n--"), "p{margin:var(--a)}")
    {'--a': 'var(--b)', '--b': '1px'}
    """
    values = {name: value.strip() for name, value in _TOKEN.findall(theme)}
    wanted = set(_USED.findall(styles))
    reached: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in values and name not in reached:
            reached.add(name)
            wanted |= set(_USED.findall(values[name]))
    return {name: values[name] for name in sorted(reached)}


def rules_in_use(css: str, classes: set[str]) -> str:
    """`css` (no nesting but in @media) with only the selectors that need no other class than `classes`.

    >>> rules_in_use(".utrecht-a,.utrecht-b:hover{color:red}.utrecht-b{top:0}", {"utrecht-a"})
    '.utrecht-a{color:red}'
    >>> rules_in_use(".utrecht-a:not(:focus,:hover){top:0}", {"utrecht-a"})
    '.utrecht-a:not(:focus,:hover){top:0}'
    """

    def kept(rule: re.Match[str]) -> str:
        selectors = [part for part in _BETWEEN.split(rule[1]) if set(_CLASS.findall(part)) <= classes]
        return f"{','.join(selectors)}{{{rule[2]}}}" if selectors else ""

    return re.sub(r"@media[^{}]*\{\s*\}", "", _RULE.sub(kept, css))


def narrowed(css: str) -> str:
    """`css` without comments and without space that means nothing.

    >>> narrowed("p  {\\n  margin : 0 auto;\\n}\\n")
    'p{margin:0 auto;}'
    """
    bare = _COMMENT.sub("", css).replace("\\9", "")
    return re.sub(r"\s*([{};,>]|:(?=\s))\s*", r"\1", re.sub(r"\s+", " ", bare)).strip()


def classes_of(templates: Path) -> set[str]:
    """Component classes that the templates name."""
    return {
        name for path in templates.rglob("*.html") for name in re.findall(r"utrecht-[\w-]+", path.read_text("utf-8"))
    }


def copy(modules: Path, into: Path, templates: Path = HERE / "templates") -> list[Path]:
    """Fills `into` from `modules` (node_modules). Gives what was written. FileNotFoundError names what is missing."""
    into.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    styles = "\n".join((modules / f"@utrecht/{c}-css/dist/index.css").read_text("utf-8") for c in COMPONENTS)
    styles = rules_in_use(narrowed(styles), classes_of(templates))
    theme = (modules / "@nl-design-system-unstable/voorbeeld-design-tokens/dist/theme.css").read_text("utf-8")
    tokens = "".join(f"{name}:{value};" for name, value in tokens_in_use(theme, styles).items())
    faces = ""
    for weight in WEIGHTS:
        name = f"source-sans-3-latin-{weight}-normal.woff2"
        shutil.copyfile(modules / "@fontsource/source-sans-3/files" / name, into / name)
        written.append(into / name)
        faces += (
            f'@font-face{{font-family:"Source Sans 3";font-weight:{weight};font-display:swap;'
            f'src:url("{name}") format("woff2");unicode-range:{LATIN}}}\n'
        )
    (into / "components.css").write_text(f"{LICENCES}{faces}.voorbeeld-theme{{{tokens}}}\n{styles}\n", "utf-8")
    shutil.copyfile(modules / "htmx.org/dist/htmx.min.js", into / "htmx.min.js")
    return [*written, into / "components.css", into / "htmx.min.js"]


def main() -> int:
    modules = HERE.parent / "node_modules"
    if not modules.is_dir():
        print("node_modules is absent: run `npm ci --ignore-scripts` first", file=sys.stderr)
        return 1
    for path in copy(modules, HERE / "static" / "vendor"):
        print(f"{path.stat().st_size:>8} {path.relative_to(HERE.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
