from __future__ import annotations

import io
import subprocess
import sys
import tomllib
from pathlib import Path

import pandas as pd
import pytest

import bayesgrad as package
from bayesgrad import fitting
from bayesgrad.cli.app import main
from bayesgrad.estimands import tables_of
from bayesgrad.files import csv_text
from bayesgrad.fitting.gradient_fit import GradientFit
from bayesgrad.outputs import OwnFiles
from tests.cli.test_app import two_lines
from tests.fabricate import fabricated_draws, with_group
from tests.small import spec_of

FEW = ("--draws", 250)
SHORT = ("--draws", 40, "--tune", 60, "--chains", 2)


class TestCheck:
    def test_a_good_table_is_accounted_for_and_planned(self, bayesgrad, spec_file, table_file):
        result = bayesgrad("check", spec_file, table_file)
        assert result.status == 0
        assert "600 rows read; 600 kept: 600 areas in 20 authorities" in result.out
        assert "would fit: Synthetic England" in result.out
        assert "sd_slope: HalfNormal(0.2)" in result.out

    def test_a_bad_table_exits_2_and_names_file_and_column(
        self, bayesgrad, spec_file, england, tmp_path
    ):
        path = tmp_path / "areas.csv"
        england.areas.assign(referrals=-1).to_csv(path, index=False)
        result = bayesgrad("check", spec_file, path)
        what, _ = two_lines(result.err)
        assert (result.status, result.out) == (2, "")
        assert what.startswith(f"{path}: column referrals")

    def test_a_spec_that_cannot_be_fitted_exits_2(self, bayesgrad, spec_file, table_file, tmp_path):
        path = tmp_path / "spec.toml"
        text = spec_file.read_text(encoding="utf-8").replace("negative_binomial", "beta_binomial")
        path.write_text(f'{text}engine = "laplace"\n', encoding="utf-8")
        result = bayesgrad("check", path, table_file)
        what, _ = two_lines(result.err)
        assert result.status == 2
        assert "family = 'beta_binomial' of referrals: the Laplace engine" in what

    def test_keys_of_the_spec_are_set_for_one_run(self, bayesgrad, spec_file, table_file):
        settings = ("--set", "authority.moderation=linear", "--set", "rows.minimum_areas=3")
        result = bayesgrad("check", spec_file, table_file, *settings)
        assert result.status == 0
        assert "linear moderation" in result.out or "linear" in result.out
        bad = bayesgrad("check", spec_file, table_file, "--set", "authority.moderaton=linear")
        assert (bad.status, bad.out) == (2, "")
        assert f"{spec_file} as changed: [authority] moderaton is not a key" in bad.err

    def test_spec_and_table_in_each_other_s_place_are_named(self, bayesgrad, spec_file, table_file):
        what, do = two_lines(bayesgrad("check", table_file, spec_file).err)
        assert what == f"{table_file}: is a table, not a model spec (TOML)"
        assert "first" in do

    def test_a_missing_table_exits_2(self, bayesgrad, spec_file, tmp_path):
        result = bayesgrad("check", spec_file, tmp_path / "none.csv")
        assert result.status == 2
        assert str(tmp_path / "none.csv") in two_lines(result.err)[0]


@pytest.mark.usefixtures("compiled")
class TestFit:
    def test_a_fit_whose_output_nobody_reads_is_written_all_the_same(
        self, spec_file, table_file, tmp_path, monkeypatch
    ):
        class Gone(io.StringIO):
            def write(self, text: str) -> int:
                raise BrokenPipeError

        out, tables = tmp_path / "fit.nc", tmp_path / "tables"
        arguments = ["fit", spec_file, table_file, "--out", out, "--tables", tables, *SHORT]
        monkeypatch.setattr("sys.argv", ["bayesgrad", *map(str, arguments)])
        monkeypatch.setattr("sys.stdout", Gone())
        monkeypatch.setattr("sys.stderr", Gone())
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 3
        assert package.load(out).provenance["runs"][0]["chains"] == 2
        assert (tables / "gradients.csv").is_file()

    @pytest.mark.full
    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device without room here")
    def test_a_fit_whose_log_has_no_room_is_written_all_the_same(
        self, spec_file, table_file, tmp_path
    ):
        out, tables = tmp_path / "fit.nc", tmp_path / "tables"
        arguments = ["fit", spec_file, table_file, "--out", out, "--tables", tables]
        arguments += ["--engine", "laplace"]
        command = [sys.executable, "-m", "bayesgrad", *map(str, arguments)]
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=300
            )
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("warning: standard output cannot be written: ") == 1
        assert package.load(out).passed
        assert (tables / "gradients.csv").is_file()

    def test_a_fit_that_passes_is_written_and_exits_0(
        self, bayesgrad, spec_file, table_file, england_fit, tmp_path
    ):
        out = tmp_path / "fit.nc"
        result = bayesgrad("fit", spec_file, table_file, "--out", out)
        assert result.status == 0
        assert "diagnostics: passed" in result.out
        assert f"fit written to {out}" in result.out
        assert "sampling: 100%" in result.err
        written = package.load(out)
        assert (
            written.draws["posterior"]
            .to_dataset()
            .equals(england_fit.draws["posterior"].to_dataset())
        )
        assert written.provenance["table"]["of"] == f"file {table_file.name}"

    def test_a_fit_that_fails_its_diagnostics_is_written_says_so_and_exits_3(
        self, bayesgrad, spec_file, table_file, tmp_path
    ):
        out, tables = tmp_path / "fit.nc", tmp_path / "tables"
        OwnFiles(tables, "tables").write({"ranks.csv": b"of an earlier fit"})
        (tables / "notes.csv").write_text("of the user", encoding="utf-8")
        result = bayesgrad(
            *("fit", spec_file, table_file, "--out", out, "--tables", tables, "--seed", 3), *SHORT
        )
        assert result.status == 3
        assert "DIAGNOSTICS FAILED" in result.out
        written = package.load(out)
        assert not written.passed
        sampling = written.spec.sampling
        assert (sampling.draws, sampling.tune, sampling.chains, sampling.seed) == (40, 60, 2, 3)
        assert "ranks withheld" in result.err
        names = {path.stem for path in tables.glob("[!.]*")}
        assert names == {*tables_of(written.draws), "notes"} - {"ranks", "pairs"}
        assert "sha256" not in str(written.provenance)

    @pytest.mark.parametrize("inside", ["", "tables"])
    def test_tables_in_the_fit_file_are_refused_before_the_fit(
        self, bayesgrad, spec_file, table_file, tmp_path, inside
    ):
        out = tmp_path / "fit"
        words = ("fit", spec_file, table_file, "--out", out, "--tables", out / inside)
        result = bayesgrad(*words)
        assert result.status == 2
        assert two_lines(result.err)[1] == "Give the two different names."
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("option", ["--out", "--tables"])
    def test_an_input_is_never_an_output(
        self, bayesgrad, spec_file, table_file, tmp_path, monkeypatch, option
    ):
        calls = []
        monkeypatch.setattr(fitting, "fit", lambda *_args, **_options: calls.append(1))
        table = tmp_path / "levels.csv"
        table.write_bytes(table_file.read_bytes())
        before = table.read_bytes()
        if option == "--out":
            link = tmp_path / "fit.nc"
            link.symlink_to(table)
            result = bayesgrad("fit", spec_file, table, "--out", link)
            assert result.status == 2
            assert "is the same file as" in result.err
            assert not calls
        else:
            words = ("fit", spec_file, table, "--out", tmp_path / "fit.nc", "--tables", tmp_path)
            assert "levels.csv is the same file as" in bayesgrad(*words).err
        assert table.read_bytes() == before

    @pytest.mark.full
    def test_area_data_are_stored_only_when_asked(self, bayesgrad, spec_file, table_file, tmp_path):
        out = tmp_path / "fit.nc"
        bayesgrad("fit", spec_file, table_file, "--out", out, *SHORT)
        assert "areas" not in package.load(out).draws.children
        bayesgrad("fit", spec_file, table_file, "--out", out, "--store-data", *SHORT)
        assert package.load(out).draws["areas"].sizes["row"] == 600

    @pytest.mark.parametrize("place", ["none/fit.nc", "."])
    def test_a_file_that_cannot_be_written_is_refused_before_any_work(
        self, bayesgrad, spec_file, tmp_path, place
    ):
        result = bayesgrad("fit", spec_file, "no table.csv", "--out", tmp_path / place)
        assert result.status == 2
        assert "folder" in two_lines(result.err)[0]
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("option", "value"), [("--draws", 2), ("--chains", 0), ("--engine", "stan")]
    )
    def test_an_impossible_setting_exits_2(
        self, bayesgrad, spec_file, table_file, tmp_path, option, value
    ):
        out = tmp_path / "fit.nc"
        result = bayesgrad("fit", spec_file, table_file, "--out", out, option, value)
        assert result.status == 2
        assert f"sampling setting {option[2:]} = {value!r}" in two_lines(result.err)[0]
        assert not out.exists()

    def test_the_laplace_engine_fits(self, bayesgrad, spec_file, table_file, tmp_path):
        out = tmp_path / "fit.nc"
        result = bayesgrad("fit", spec_file, table_file, "--out", out, "--engine", "laplace", *FEW)
        assert result.status == 0, result.err
        assert "draws by nested Laplace, seed" in result.out
        assert bayesgrad("table", out, "gradients").status == 0


class TestTable:
    def test_every_table_is_printed_as_csv(self, bayesgrad, fit_file, passed_fit, monkeypatch):
        loaded = fitting.load(fit_file)  # once for all tables
        monkeypatch.setattr(fitting, "load", {fit_file: loaded}.__getitem__)
        for name in tables_of(passed_fit.draws):
            result = bayesgrad("table", fit_file, name)
            assert result == (0, csv_text(passed_fit.table(name)), ""), name

    def test_a_table_is_written_to_a_file(self, bayesgrad, fit_file, passed_fit, tmp_path):
        out = tmp_path / "gradients.csv"
        assert bayesgrad("table", fit_file, "gradients", "--out", out) == (0, "", "")
        assert out.read_text(encoding="utf-8") == csv_text(passed_fit.gradients())

    def test_the_interval_is_the_one_asked_for(self, bayesgrad, fit_file):
        tables = {}
        for level in (0.5, 0.95):
            printed = bayesgrad("table", fit_file, "gradients", "--interval", level).out
            tables[level] = pd.read_csv(io.StringIO(printed))
        assert (tables[0.5]["lower"] > tables[0.95]["lower"]).all()
        assert (tables[0.5]["upper"] < tables[0.95]["upper"]).all()
        assert (tables[0.5]["gradient"] == tables[0.95]["gradient"]).all()

    @pytest.mark.parametrize("level", [0, 1, 95, -0.5])
    def test_an_impossible_interval_exits_2(self, bayesgrad, fit_file, level):
        result = bayesgrad("table", fit_file, "gradients", f"--interval={level}")
        assert (result.status, result.out) == (2, "")
        two_lines(result.err)

    def test_an_unknown_name_exits_2_and_lists_the_right_ones(self, bayesgrad, fit_file):
        result = bayesgrad("table", fit_file, "gradient")
        assert result.status == 2
        assert "gradient" in two_lines(result.err)[0]
        assert "heterogeneity" in result.err

    def test_a_file_that_is_not_a_fit_exits_2(self, bayesgrad, table_file):
        result = bayesgrad("table", table_file, "gradients")
        assert result.status == 2
        assert "is a table, not a fit file" in two_lines(result.err)[0]

    def test_a_folder_that_does_not_exist_exits_2(self, bayesgrad, fit_file, tmp_path):
        out = tmp_path / "none" / "gradients.csv"
        result = bayesgrad("table", fit_file, "gradients", "--out", out)
        assert result.status == 2
        assert "does not exist" in two_lines(result.err)[0]

    def test_ranks_of_a_failed_fit_are_withheld_with_3(self, bayesgrad, failed_file):
        result = bayesgrad("table", failed_file, "ranks")
        assert (result.status, result.out) == (3, "")
        two_lines(result.err)

    def test_ranks_of_a_failed_fit_are_given_to_those_who_insist(self, bayesgrad, failed_file):
        result = bayesgrad("table", failed_file, "ranks", "--despite-failed-diagnostics")
        assert result.status == 0
        assert len(pd.read_csv(io.StringIO(result.out))) == 12
        assert "failed its diagnostics (max_r_hat)" in result.err

    def test_other_tables_of_a_failed_fit_come_with_a_warning(self, bayesgrad, failed_file):
        result = bayesgrad("table", failed_file, "gradients")
        assert result.status == 0
        assert result.err == "warning: the fit failed its diagnostics (max_r_hat)\n"

    def test_a_name_that_a_spreadsheet_would_run_is_neutralised(self, bayesgrad, tmp_path):
        draws = fabricated_draws()
        authorities = draws["authorities"].to_dataset()
        names = [f"{start}cmd" for start in "=+-@"] + ["Barking"] * 8
        draws = with_group(draws, authorities=authorities.assign(name=("authority", names)))
        fit = GradientFit(spec_of(), draws, {"engine": "nuts", "seed": 7})
        printed = bayesgrad("table", fit.save(tmp_path / "fit.nc"), "gradients").out
        found = pd.read_csv(io.StringIO(printed))["name"].tolist()
        assert sorted(found) == sorted(["'=cmd", "'+cmd", "'-cmd", "'@cmd"] + ["Barking"] * 8)


class TestCompare:
    def test_two_authorities_are_compared_in_words(self, bayesgrad, fit_file, passed_fit):
        codes = ("E09000003", "E09000001")
        result = bayesgrad("compare", fit_file, *codes)
        assert result == (0, passed_fit.compare(codes) + "\n", "")
        assert all(code in result.out for code in codes)

    def test_the_interval_is_the_one_asked_for(self, bayesgrad, fit_file):
        command = ("compare", fit_file, "E09000003", "E09000001")
        assert bayesgrad(*command, "--interval", 0.5).out != bayesgrad(*command).out

    def test_an_unknown_code_exits_2_and_is_named(self, bayesgrad, fit_file):
        result = bayesgrad("compare", fit_file, "E09000001", "S-A001")
        assert (result.status, result.out) == (2, "")
        assert "S-A001" in two_lines(result.err)[0]

    def test_one_authority_alone_exits_2(self, bayesgrad, fit_file):
        result = bayesgrad("compare", fit_file, "E09000001")
        assert result.status == 2
        two_lines(result.err)

    def test_a_comparison_from_a_failed_fit_says_so(self, bayesgrad, failed_file):
        draws = package.load(failed_file).draws
        codes = draws["authorities"]["authority"].values[:2]
        result = bayesgrad("compare", failed_file, *codes)
        assert "failed" in (result.out + result.err).lower()


class TestModels:
    def test_every_spec_is_listed_with_its_title_and_path(self, bayesgrad, models):
        result = bayesgrad("models")
        assert result.status == 0
        for path in models.glob("*.toml"):
            assert (
                f"{path.stem}: {tomllib.loads(path.read_text(encoding='utf-8'))['title']}"
                in result.out
            )

    def test_a_spec_is_printed_as_it_is(self, bayesgrad, models):
        expected = (models / "referrals.toml").read_text(encoding="utf-8")
        assert bayesgrad("models", "referrals") == (0, expected, "")

    def test_a_spec_is_written_to_a_new_file_alone(self, bayesgrad, models, tmp_path):
        out = tmp_path / "my.toml"
        expected = (models / "referrals.toml").read_bytes()
        assert bayesgrad("models", "referrals", "--out", out) == (0, f"written: {out}\n", "")
        assert out.read_bytes() == expected
        out.write_text("edited", encoding="utf-8")
        again = bayesgrad("models", "referrals", "--out", out)
        assert again.status == 2
        assert "is there already" in again.err
        assert out.read_text(encoding="utf-8") == "edited"

    def test_to_write_a_spec_it_must_be_named(self, bayesgrad, tmp_path):
        result = bayesgrad("models", "--out", tmp_path / "my.toml")
        assert result.status == 2
        assert "needs the name of a spec" in result.err

    def test_an_unknown_spec_exits_2_and_lists_those_there_are(self, bayesgrad):
        result = bayesgrad("models", "referal")
        what, do = two_lines(result.err)
        assert result.status == 2
        assert "referal" in what
        assert "referrals" in do


class TestSimulate:
    def test_england_is_written_with_its_spec_and_truth(self, bayesgrad, tmp_path):
        out = tmp_path / "england"
        result = bayesgrad(
            *("simulate", "england", "--out", out, "--authorities", 5, "--areas", 40),
            *("--seed", 3, "--moderation", "linear", "--family", "poisson"),
        )
        assert result.status == 0
        assert {f"written: {path}" for path in out.iterdir()} == set(result.out.splitlines())
        spec = package.ModelSpec.read(out / "synthetic_england.toml")
        assert (spec.authority.moderation, spec.likelihood.family) == ("linear", "poisson")
        table = package.read_table(out / "synthetic_england_areas.csv")
        assert (len(table), table["authority"].nunique()) == (40, 5)

    def test_the_same_seed_writes_the_same_bytes(self, bayesgrad, tmp_path):
        size = ("--authorities", 5, "--areas", 40)
        for folder, seed in (("one", 3), ("two", 3), ("three", 4)):
            bayesgrad("simulate", "england", "--out", tmp_path / folder, *size, "--seed", seed)
        one, two, three = (
            (tmp_path / folder / "synthetic_england_areas.csv").read_bytes()
            for folder in ("one", "two", "three")
        )
        assert one == two != three

    def test_an_impossible_size_exits_2(self, bayesgrad, tmp_path):
        out = tmp_path / "england"
        result = bayesgrad("simulate", "england", "--out", out, "--authorities", 1)
        assert result.status == 2
        assert "authorities" in two_lines(result.err)[0]
        assert not out.exists()

    def test_an_unknown_scenario_exits_2(self, bayesgrad, tmp_path):
        result = bayesgrad("simulate", "england", "--out", tmp_path, "--scenario", "wales")
        assert result.status == 2
