"""The arguments and options of the commands, each declared once."""

from __future__ import annotations

from typing import Annotated

import typer

from mars_solver.cli import completing
from mars_solver.vocabulary import MOST_RANKED

# The profile: a file, and flags that override it.
ProfileFile = Annotated[
    str | None,
    typer.Argument(metavar="PROFILE", help="A TOML or JSON file; - is standard input."),
]
AskedPreset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="NAME",
        help="A ready profile to start from, instead of a file: mars-solver catalogue presets.",
        autocompletion=completing.presets,
    ),
]
Require = Annotated[
    list[str] | None,
    typer.Option(
        "--require",
        metavar="NAME[=VALUE]",
        help="A requirement; overrides the file. NAME=null takes it back.",
        autocompletion=completing.requirements,
    ),
]
Prefer = Annotated[
    list[str] | None,
    typer.Option(
        "--prefer",
        metavar="NAME=0..10",
        help="How much a criterion matters: 5 is neutral, 0 switches it off.",
        autocompletion=completing.criteria,
    ),
]
WorkflowFlag = Annotated[
    str | None,
    typer.Option(
        "--workflow",
        metavar="batch",
        help="batch: speech is rendered ahead of time.",
        autocompletion=completing.workflows,
    ),
]
Primary = Annotated[
    str | None,
    typer.Option(
        "--primary",
        metavar="NEED",
        help="The stated need that comes first.",
        autocompletion=completing.needs,
    ),
]
AcceptBeta = Annotated[
    bool | None,
    typer.Option("--accept-beta/--no-accept-beta", help="Let beta models be candidates."),
]

# What an answer rests on, and how it is made.
Measurements = Annotated[
    list[str] | None,
    typer.Option("--measurements", metavar="FILE", help="Your own measurements, as facts."),
]
Measure = Annotated[
    list[str] | None,
    typer.Option(
        "--measure",
        metavar="MODEL.NAME=VALUE",
        help="One measurement of your own.",
        autocompletion=completing.facts,
    ),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        "--keep",
        metavar="NAME",
        help="A stated requirement that no way out may change.",
        autocompletion=completing.kept,
    ),
]
ModelsFolder = Annotated[
    str | None,
    typer.Option("--models", metavar="DIR", help="A catalogue of your own: one TOML per model."),
]
WeightsFile = Annotated[
    str | None, typer.Option("--weights", metavar="FILE", help="Weights of your own.")
]
Unknown = Annotated[
    str,
    typer.Option(
        "--unknown",
        metavar="flag|accept|reject",
        help="What is unverified: last (flag), as if it met all (accept), out (reject).",
        autocompletion=completing.policies,
    ),
]
Top = Annotated[
    int | None,
    typer.Option(
        "--top", metavar="N", min=1, max=MOST_RANKED, help="The longest shortlist to show."
    ),
]

# What is shown.
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", help="Also caveats, every reason, and what each score is made of."
    ),
]
ShowVersion = Annotated[bool, typer.Option("--version", help="Print the version and stop.")]

# recommend
CallWay = Annotated[
    str | None,
    typer.Option(
        "--for", metavar="NAME", help="Print the ready call alone: NAME is a way in calls/."
    ),
]
AskMore = Annotated[
    bool,
    typer.Option(
        "--ask", help="First ask, on the terminal, what could still change which model wins."
    ),
]

# explain
AskedModel = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="Also: what would put this model first.",
        autocompletion=completing.models,
    ),
]
HtmlFile = Annotated[
    str | None,
    typer.Option("--html", metavar="FILE", help="Also: save the answer as one page."),
]

# compare
FirstModel = Annotated[
    str,
    typer.Argument(
        metavar="A", help="The id or the name of a model.", autocompletion=completing.models
    ),
]
SecondModel = Annotated[
    str, typer.Argument(metavar="B", help="Another one.", autocompletion=completing.models)
]

# batch
TableFile = Annotated[
    str,
    typer.Argument(
        metavar="IN",
        help="Profiles: .parquet, .csv or .jsonl, the last two also .gz; - is standard input.",
    ),
]
OutputFile = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        help="The answers: .parquet, .csv or .jsonl, the last two also .gz; - is standard output.",
    ),
]
RejectsFile = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="The rows that are no profiles, if there are any."),
]
RankedFlag = Annotated[
    int, typer.Option(metavar="N", min=1, max=MOST_RANKED, help="How many models to rank.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue a run that was cut short.")]
Delimiter = Annotated[
    str | None,
    typer.Option(
        metavar="CHAR", help="Between the cells of CSV; by default what its header line has."
    ),
]
Extras = Annotated[
    str | None,
    typer.Option(
        "--extra-columns",
        metavar="keep|drop",
        help="Carry columns that no profile has to the answers, or leave them out.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=64,
        help="How many parts at once; one for each processor by default.",
    ),
]
BatchRows = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Rows at once; no answer depends on it."),
]

# catalogue
FolderArgument = Annotated[
    str | None,
    typer.Argument(metavar="DIR|SET|presets", help="A folder, as --models; or the part to show."),
]
MemberArgument = Annotated[
    str | None, typer.Argument(metavar="MEMBER", help="The one member of the set to show.")
]
CheckOnly = Annotated[
    bool, typer.Option("--check", help="Only say whether the catalogue is usable.")
]

# init
NewFolder = Annotated[str, typer.Argument(metavar="DIR", help="The folder to write to.")]
Force = Annotated[bool, typer.Option("--force", help="Write over files that are there.")]

# verify
CertificateFile = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Write the proof there; if it is there, compare it."),
]
CounterexampleFile = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Where to write a profile that refutes the theorem."),
]
PinFile = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Write the answers of today as pins, and stop."),
]

# serve
Host = Annotated[
    str, typer.Option(metavar="ADDRESS", help="Where to listen; this machine alone by default.")
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="A host name to answer for, beside addresses and localhost; * is any. Repeatable.",
    ),
]
Port = Annotated[
    int, typer.Option(metavar="N", min=0, max=65535, help="Where to listen; 0 takes any free port.")
]
Processes = Annotated[
    int,
    typer.Option(
        metavar="N", min=1, max=64, help="How many processes answer, each on one processor at most."
    ),
]

# schema
SchemaArgument = Annotated[
    str,
    typer.Argument(
        metavar="[KIND]",
        help="profile, answer and comparison (what --json prints), or a file: attributes, model,"
        " sources, flowchart, weights, measurements, labels.",
    ),
]
