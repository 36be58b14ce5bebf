"""The built distributions are complete and need no checkout."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from mars_solver.inputs.files import DATA

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(
    not (ROOT / "src").is_dir(), reason="only a checkout can be built: src is not here"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that is built from it."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return out


def test_the_wheel_holds_the_package_and_its_data_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    package = ROOT / "src/mars_solver"
    sources = {
        f"mars_solver/{path.relative_to(package).as_posix()}" for path in package.rglob("*.py")
    }
    data = {
        f"mars_solver/_data/{path.relative_to(ROOT).as_posix()}"
        for folder in DATA
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    templates = {
        f"mars_solver/{path.relative_to(package).as_posix()}"
        for pattern in ("web/templates/*", "measuring/*.html")
        for path in package.glob(pattern)
    }
    packed = {name for name in names if ".dist-info/" not in name}
    assert packed == sources | data | templates | {"mars_solver/py.typed"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_sdist_holds_what_tests_and_builds_need(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for needed in (
        "Makefile",
        "models/mars-pro.toml",
        "models/guide/lines.toml",
        "weights/default.toml",
        "tests/support/oracle.py",
        "benchmarks/shared/rules.py",
        "benchmarks/tuning/report.html",
        "docs/benchmarks.md",
    ):
        assert needed in names


def test_an_installed_wheel_answers_without_the_checkout(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    target = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, "--target", str(target), str(wheel)], check=True)
    program = (
        "import mars_solver, pathlib;"
        f"assert pathlib.Path({str(target)!r}) in pathlib.Path(mars_solver.__file__).parents;"
        "from mars_solver.inputs.files import data_folder;"
        f"assert pathlib.Path({str(target)!r}) in data_folder('models').parents;"
        "print(mars_solver.recommend().shortlist[0].model)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(target)},
        check=False,
    )
    assert (run.stdout, run.stderr) == ("mars-pro\n", "")


@pytest.mark.parametrize(
    ("module", "package", "extra"),
    [
        ("tuning.tune", "scipy", "tune"),
        ("batch.spark", "pyspark", "spark"),
        ("batch.spark", "pyarrow", "spark"),
        ("measuring.probe", "httpx2", "measure"),
        ("web.app", "starlette", "web"),
        ("web.app", "pyarrow", "web"),
    ],
)
def test_a_missing_extra_is_named_with_its_command(module: str, package: str, extra: str) -> None:
    code = f"import sys; sys.modules[{package!r}] = None; import mars_solver.{module}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = run.stderr.splitlines()[-1]
    assert f"found no package {package}; expected the extra {extra}; pip install '" in last
    assert f"'{package}>=" in last or f"'mars-solver[{extra}]'" in last
