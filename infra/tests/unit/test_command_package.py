"""`package`: a folder that can be deployed without this repository."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest
import yaml
from doubles import write_zip

from infra.deploy import artifacts, package, templates
from infra.deploy.errors import DeployError


@pytest.fixture(name="files")
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[artifacts.Artifact]:
    for function, variable in artifacts.ZIP_VARIABLES.items():
        monkeypatch.setenv(variable, str(write_zip(tmp_path / "built" / function / "bootstrap.zip", machine=0xB7)))
    return [artifacts.load(function) for function in artifacts.ZIP_VARIABLES]


def declared(path: Path) -> dict[str, dict[str, object]]:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda loader, tag, node: None)
    return yaml.load(path.read_text(), Loader=Loader)["Parameters"]


def test_every_file_is_named_by_its_content(tmp_path: Path, files) -> None:
    manifest = package.package(tmp_path / "out", files)
    assert set(manifest["templates"]) == {path.stem for path in templates.TEMPLATES.glob("*.yaml")}
    for entry in (*manifest["functions"].values(), *manifest["templates"].values()):
        content = (tmp_path / "out" / entry["key"]).read_bytes()
        assert hashlib.sha256(content).hexdigest()[:16] in entry["key"]
    assert json.loads((tmp_path / "out" / "manifest.json").read_text()) == manifest


def test_the_functions_templates_name_their_zips_and_change_nothing_else(tmp_path: Path, files) -> None:
    manifest = package.package(tmp_path / "out", files)
    for template, function in package.FUNCTION_OF.items():
        packaged = declared(tmp_path / "out" / manifest["templates"][template]["key"])
        assert packaged["CodeKey"]["Default"] == manifest["functions"][function]["key"]
        assert packaged["Architecture"]["Default"] == "arm64"
        assert packaged["Architecture"]["AllowedValues"] == ["arm64", "x86_64"]
        original = declared(templates.path_of(template))
        assert packaged.keys() == original.keys()
        assert {k: v for k, v in packaged.items() if k not in ("CodeKey", "Architecture")} == {
            k: v for k, v in original.items() if k not in ("CodeKey", "Architecture")}


def test_new_code_gives_the_template_a_new_name(tmp_path: Path, files) -> None:
    first = package.package(tmp_path / "out", files)
    with zipfile.ZipFile(files[0].path, "a") as archive:
        archive.comment = b"the same program in another zip"
    second = package.package(tmp_path / "out", [artifacts.load(one.function) for one in files])
    assert first["templates"]["stream-processor"] != second["templates"]["stream-processor"]
    assert first["templates"]["table-reporter"] == second["templates"]["table-reporter"]
    assert not (tmp_path / "out" / first["functions"]["stream-processor"]["key"]).exists()


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path, files) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis.txt").write_text("x")
    with pytest.raises(DeployError, match="holds something that is no package. Nothing was changed"):
        package.package(tmp_path / "work", files)
    assert (tmp_path / "work" / "thesis.txt").exists()


def test_code_that_is_not_built_is_named(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LASTWRITER_ZIP", str(tmp_path / "none.zip"))
    assert package.main(["--to", str(tmp_path / "out")]) == 1
    assert "The code of stream-processor is not built" in capsys.readouterr().err
