"""What the command `measure` takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer
from typer import Option

from mars_solver.cli import asking, options

OneValue = str | None
SomeValues = list[str] | None


@dataclass(frozen=True, slots=True)
class MeasureOptions:
    """The options of the command."""

    # Where to ask, and for what.
    url: Annotated[OneValue, Option(metavar="URL", help="Where to ask; {text} may be in it.")] = (
        None
    )
    endpoint: Annotated[OneValue, Option(metavar="NAME", help="An endpoint of the catalogue.")] = (
        None
    )
    model: Annotated[OneValue, Option(metavar="ID", help="The model that answers there.")] = None
    method: Annotated[str, Option(metavar="METHOD", help="With --url: of HTTP.")] = "POST"
    header: Annotated[
        SomeValues, Option(metavar="'NAME: VALUE'", help="With --url; {key} is the secret.")
    ] = None
    body: Annotated[
        OneValue, Option(metavar="FILE", help="With --url: a file with the body, and {text} in it.")
    ] = None
    key: Annotated[
        OneValue, Option(metavar="VARIABLE", help="The environment variable with the secret.")
    ] = None
    values: Annotated[
        SomeValues, Option("--set", metavar="NAME=VALUE", help="A value for {NAME} in the request.")
    ] = None
    audio: Annotated[
        str, Option(metavar="wav|pcm_s16le|…|encoded", help="With --url: what comes back.")
    ] = "wav"
    sample_rate: Annotated[
        int | None, Option(metavar="HZ", help="With --url: of raw samples; WAV says its own.")
    ] = None
    attribute: Annotated[
        OneValue, Option(metavar="NAME", help="The fact, where the catalogue has several in ms.")
    ] = None
    texts: Annotated[
        OneValue,
        Option(metavar="FILE", help="Texts of your own, one a line; # is the request's number."),
    ] = None
    # How often, and how sure.
    requests: Annotated[
        int, Option(metavar="N", min=1, max=100_000, help="How many count; with --both, of each.")
    ] = 144
    rate: Annotated[float, Option(metavar="R", min=0.001, max=1000, help="Requests a second.")] = 1
    concurrency: Annotated[
        int, Option(metavar="N", min=1, max=1000, help="At most so many are under way at once.")
    ] = 4
    warm_up: Annotated[
        int, Option(metavar="N", min=0, max=1000, help="How many are made first and do not count.")
    ] = 8
    warm: Annotated[bool, Option("--warm", help="Reuse open connections: the default.")] = False
    cold: Annotated[bool, Option("--cold", help="A new connection for each request.")] = False
    both: Annotated[bool, Option("--both", help="Both in turn; the fact is of warm ones.")] = False
    timeout: Annotated[
        float, Option(metavar="S", min=0.01, max=600, help="Seconds until a request has failed.")
    ] = 60
    max_seconds: Annotated[
        float, Option(metavar="S", min=1, max=86_400, help="Seconds after which none begins.")
    ] = 600
    percentile: Annotated[
        OneValue, Option(metavar="P", help="Of the waits; 95 unless you or --from say so.")
    ] = None
    confidence: Annotated[
        OneValue,
        Option(metavar="P", help="In percent, of the fact; 95 unless you or --from say so."),
    ] = None
    region: Annotated[
        OneValue, Option(metavar="NAME", help="Where you measure from; kept with the fact.")
    ] = None
    until_settled: Annotated[
        OneValue, Option(metavar="NAME=VALUE", help="Stop at a look that settles this requirement.")
    ] = None
    # What to read and to write.
    sources: Annotated[
        SomeValues,
        Option("--from", metavar="SAMPLES", help="Samples to compute from; asks nobody."),
    ] = None
    output: Annotated[
        OneValue, Option("--output", "-o", metavar="FILE", help="The fact, for --measurements.")
    ] = None
    samples: Annotated[OneValue, Option(metavar="FILE", help="Every sample, as JSON Lines.")] = None
    html: Annotated[OneValue, Option(metavar="FILE", help="Also: a report with pictures.")] = None
    models: options.ModelsFolder = None
    force: options.Force = False
    as_json: options.AsJson = False

    def given(self) -> dict[str, str]:
        """Return the flag of each option that is not left as it is."""
        flags = {"values": "--set", "sources": "--from", "as_json": "--json"}
        return {
            name: flags.get(name, f"--{name.replace('_', '-')}")
            for name, default in _UNSAID.items()
            if getattr(self, name) != default
        }


_UNSAID: Final = {each.name: each.default for each in asking.parameters_of(MeasureOptions)}


def register(app: typer.Typer) -> None:
    """Add the command to the others."""

    def measure(**values: Any) -> None:
        """Measure the time to the first audio byte on your own route, and write it as a fact.

        Nobody is asked without --url or --endpoint. Exits with 0, and with 2 for bad input or where
        so many requests fail that there is no fact to state.
        """
        from mars_solver.cli import measuring  # noqa: PLC0415  (loads when used)

        measuring.measure(MeasureOptions(**values))

    shown = asking.shown(
        "measure --endpoint tts-stream --set voice_id=ID --model ID -o measured.toml",
        "measure --from samples.jsonl --percentile 99",
    )
    taken = asking.parameters_of(MeasureOptions)
    app.command(cls=asking.Command, epilog=shown)(asking.taking(taken, measure))
