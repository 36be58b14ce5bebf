"""What the command `measure` takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from mars_solver.cli import asking, options

# Where to ask.
Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="Where to ask for speech; {text} may be in it."),
]
EndpointName = Annotated[
    str | None, typer.Option("--endpoint", metavar="NAME", help="An endpoint of the catalogue.")
]
ModelOption = Annotated[
    str | None, typer.Option("--model", metavar="ID", help="The model that answers there.")
]
Method = Annotated[str, typer.Option(metavar="METHOD", help="Of HTTP, with --url.")]
HeaderFlag = Annotated[
    list[str] | None,
    typer.Option("--header", metavar="'NAME: VALUE'", help="With --url; {key} is the secret."),
]
BodyFile = Annotated[
    str | None, typer.Option("--body", metavar="FILE", help="With --url: the body, with {text}.")
]
KeyVariable = Annotated[
    str | None,
    typer.Option("--key", metavar="VARIABLE", help="The environment variable with the secret."),
]
SetFlag = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A value for {NAME} in the request."),
]
AudioFlag = Annotated[
    str,
    typer.Option("--audio", metavar="wav|pcm_s16le|…|encoded", help="What the answer is."),
]
SampleRate = Annotated[
    int | None, typer.Option(metavar="HZ", help="Of raw samples; WAV says its own.")
]
AttributeName = Annotated[
    str | None,
    typer.Option("--attribute", metavar="NAME", help="The fact, where the catalogue names none."),
]
TextsFile = Annotated[
    str | None, typer.Option("--texts", metavar="FILE", help="Texts of your own, one a line.")
]

# How often, and how sure.
Requests = Annotated[int, typer.Option(metavar="N", min=1, max=100_000, help="That count.")]
Rate = Annotated[float, typer.Option(metavar="R", min=0.001, max=1000, help="Requests a second.")]
Concurrency = Annotated[
    int, typer.Option(metavar="N", min=1, max=1000, help="Under way at once, at most.")
]
WarmUp = Annotated[
    int, typer.Option("--warm-up", metavar="N", min=0, max=1000, help="Made first, not counted.")
]
Timeout = Annotated[
    float, typer.Option(metavar="S", min=0.01, max=600, help="After which a request has failed.")
]
MaxSeconds = Annotated[
    float, typer.Option(metavar="S", min=1, max=86_400, help="After which none begins.")
]
Percentile = Annotated[
    str | None, typer.Option(metavar="P", help="Such as 99.9; 95 unless you or --from say so.")
]
Confidence = Annotated[str | None, typer.Option(metavar="P", help="In percent; the same.")]
Region = Annotated[
    str | None, typer.Option(metavar="NAME", help="Where you measure from; kept with the fact.")
]
WarmFlag = Annotated[bool, typer.Option("--warm", help="Connections that are open: the default.")]
ColdFlag = Annotated[bool, typer.Option("--cold", help="A new connection for each request.")]
BothFlag = Annotated[bool, typer.Option("--both", help="Both in turn; the fact is of warm ones.")]
UntilSettled = Annotated[
    str | None,
    typer.Option(metavar="NAME=VALUE", help="Stop at a look that settles this requirement."),
]

# What to read and to write.
FromSamples = Annotated[
    list[str] | None,
    typer.Option("--from", metavar="SAMPLES", help="Samples to compute from; asks nobody."),
]
FactFile = Annotated[
    str | None, typer.Option("--output", "-o", metavar="FILE", help="For --measurements.")
]
SamplesFile = Annotated[
    str | None, typer.Option("--samples", metavar="FILE", help="Every sample, as JSON Lines.")
]
HtmlReport = Annotated[
    str | None, typer.Option("--html", metavar="FILE", help="Also: a report with pictures.")
]


@dataclass(frozen=True, slots=True)
class MeasureOptions:
    """The options of the command."""

    url: Url = None
    endpoint: EndpointName = None
    model: ModelOption = None
    output: FactFile = None
    samples: SamplesFile = None
    html: HtmlReport = None
    sources: FromSamples = None
    method: Method = "POST"
    header: HeaderFlag = None
    body: BodyFile = None
    key: KeyVariable = None
    values: SetFlag = None
    audio: AudioFlag = "wav"
    sample_rate: SampleRate = None
    attribute: AttributeName = None
    texts: TextsFile = None
    requests: Requests = 144
    rate: Rate = 1
    concurrency: Concurrency = 4
    warm_up: WarmUp = 8
    warm: WarmFlag = False
    cold: ColdFlag = False
    both: BothFlag = False
    timeout: Timeout = 60
    max_seconds: MaxSeconds = 600
    percentile: Percentile = None
    confidence: Confidence = None
    region: Region = None
    until_settled: UntilSettled = None
    models: options.ModelsFolder = None
    force: options.Force = False
    as_json: options.AsJson = False


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
