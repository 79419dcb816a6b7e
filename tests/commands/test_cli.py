from __future__ import annotations

import pytest
from support.commands import records


def test_doctor_names_every_meter_and_its_state(command):
    done = command("doctor")
    assert done.returncode == 0, done.stderr
    for name in ("rapl", "cpu_estimate", "codecarbon"):
        assert name in done.stdout


def test_measure_weighs_a_command_and_lets_its_output_through(program, tmp_path):
    code = "print(sum(i * i for i in range(4 * 10**6)))"
    done = program("measure", "tracking=none", "idle_s=0.1", "--", "python3", "-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(sum(i * i for i in range(4 * 10**6)))
    (record,) = records(tmp_path)
    assert record["metrics"]["energy_j"] > 0.05
    assert record["metrics"]["exit_code"] == 0
    assert record["tags"]["command"].startswith("python3 -c")


def test_measure_hands_on_the_exit_code(command, tmp_path):
    done = command("measure", "tracking=none", "idle_s=0", "--", "sh", "-c", "exit 7")
    assert done.returncode == 7
    (record,) = records(tmp_path)
    assert record["status"] == "FAILED"
    assert record["metrics"]["exit_code"] == 7


def test_measure_counts_sub_processes_that_ended(command, tmp_path):
    busy = "import time\nwhile time.process_time() < 1: pass"
    shell = f"(python3 -S -E -c '{busy}')"
    done = command("measure", "tracking=none", "idle_s=0", "--", "sh", "-c", shell)
    assert done.returncode == 0
    (record,) = records(tmp_path)
    assert record["metrics"]["energy_j"] == pytest.approx(4 * 1.0, rel=0.1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["measure"], ["no command"]),
        (["measure", "--"], ["no command"]),
        (["measure", "--", "no-such-program"], ["no-such-program"]),
        (["measure", "idl_s=1", "--", "true"], ["did you mean idle_s?"]),
        (["measure", "meter=rapl", "meter.rapl.root=/nowhere", "--", "true"], ["/nowhere"]),
    ],
)
def test_a_users_mistake_is_one_sentence(command, refused, arguments, words):
    refused(command(*arguments), *words)


def test_train_help_needs_no_torch(program):
    done = program("train", "--help", PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    assert "model: " in done.stdout
    for heavy in ("torch", "mlflow", "pandas", "sklearn", "lightning"):
        assert f"| {heavy}\n" not in done.stderr
