"""Results that people read: as text where they are printed, as a table in a notebook."""

from __future__ import annotations


class Shown:
    """A result that shows itself. Its words are made in `rendering`, which loads when used."""

    def __str__(self) -> str:
        """Return what the command line prints of it, with `-v`."""
        from mars_solver.rendering.results import text_of  # noqa: PLC0415  (loads when used)

        return text_of(self)

    def _repr_html_(self) -> str:
        """Return it as a short table, for notebooks."""
        from mars_solver.rendering.results import html_of  # noqa: PLC0415  (loads when used)

        return html_of(self)
