"""The process list becomes a supervisor's configuration without losing or changing anything."""

import configparser
import json
import shlex
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from deploy.local.keys import Keys
from deploy.local.ports import Ports
from deploy.local.processes import Plan, all_processes, make_plan
from deploy.local.suite import ROOT
from deploy.local.supervision import configuration, socket_path

SERVICES = {"identity", "accounts", "payments", "documents", "content"}
WORKERS = {"accounts-worker", "payments-worker", "documents-worker", "content-worker"}
REGIONS = {f"region-{city}" for city in ("moscow", "novosibirsk", "vladivostok", "kaliningrad", "yekaterinburg")}
WORLD = REGIONS | {"acquirer", "social", "mailbox"}


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.delenv("MONGO_URL", raising=False)
    monkeypatch.delenv("AMQP_URL", raising=False)
    plan = make_plan(run_dir=tmp_path, ports=Ports(18000))
    plan.keys.make()
    return plan


def test_configuration_has_every_process(plan: Plan) -> None:
    parsed = _parse(plan)

    programs = {name.removeprefix("program:") for name in parsed.sections() if name.startswith("program:")}
    assert programs == {"mongo", "epmd", "rabbitmq", "gateway"} | SERVICES | WORKERS | WORLD


def test_external_servers_take_the_place_of_own_ones(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGO_URL", "mongodb://elsewhere/?replicaSet=x")
    monkeypatch.setenv("AMQP_URL", "amqp://elsewhere/")

    processes = {p.name: p for p in all_processes(make_plan(run_dir=plan.run_dir, ports=plan.ports))}

    assert not processes.keys() & {"mongo", "epmd", "rabbitmq"}
    assert processes["payments"].environment["MONGO_URL"] == "mongodb://elsewhere/?replicaSet=x"
    assert processes["payments-worker"].environment["AMQP_URL"] == "amqp://elsewhere/"


def test_supervisor_reads_back_commands_and_settings_as_they_were(plan: Plan) -> None:
    processes = {process.name: process for process in all_processes(plan)}
    file = plan.run_dir / "supervisord.conf"
    file.write_text(configuration(list(processes.values()), run_dir=plan.run_dir, root=ROOT))
    (plan.run_dir / "logs").mkdir()

    options = ServerOptions()
    options.realize(["-c", str(file)])

    for group in options.process_group_configs:
        for program in group.process_configs:
            expected = processes[program.name]
            assert tuple(shlex.split(program.command)) == expected.command
            assert program.environment == dict(expected.environment)


def test_settings_with_awkward_characters_survive(plan: Plan) -> None:
    awkward = "100% of a,b=c 'd' $e"
    process = next(process for process in all_processes(plan) if process.name == "social")
    changed = replace(process, command=(*process.command, "50%"), environment={"AWKWARD": awkward})
    file = plan.run_dir / "supervisord.conf"
    file.write_text(configuration([changed], run_dir=plan.run_dir, root=ROOT))
    (plan.run_dir / "logs").mkdir()

    options = ServerOptions()
    options.realize(["-c", str(file)])

    program = options.process_group_configs[0].process_configs[0]
    assert program.environment == {"AWKWARD": awkward}
    assert shlex.split(program.command)[-1] == "50%"


@pytest.mark.parametrize("value", ['a"b', "a ;b", "a #b", "a\nb"])
def test_setting_that_the_supervisor_would_change_is_refused(plan: Plan, value: str) -> None:
    process = next(process for process in all_processes(plan) if process.name == "social")
    changed = replace(process, environment={"AWKWARD": value})

    with pytest.raises(ValueError, match="cannot hold"):
        configuration([changed], run_dir=plan.run_dir, root=ROOT)


def test_no_port_is_given_out_twice() -> None:
    ports = Ports(18000)

    numbers = [ports.of(name) for name in ports.names()]

    assert len(numbers) == len(set(numbers))
    assert all(18000 <= number < 18100 for number in numbers)


def test_socket_path_fits_into_what_linux_allows(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 60) / ("y" * 60)

    path = socket_path(deep)

    assert len(bytes(path)) <= 99
    assert path != socket_path(deep / "z")


def test_keys_are_private_and_stay_the_same(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys")
    keys.make()
    before = {file.name: file.read_bytes() for file in keys.folder.iterdir()}

    keys.make()

    assert {file.name: file.read_bytes() for file in keys.folder.iterdir()} == before
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in keys.folder.iterdir())


def test_trust_file_names_every_caller_and_holds_no_private_half(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys")

    keys.make()

    trusted = json.loads(keys.trust_file.read_text())["keys"]
    assert {key["kid"] for key in trusted} == SERVICES | {"gateway"} | {
        f"region:{code}" for code in ("77", "54", "25", "39", "66")
    }
    assert not any("d" in key for key in trusted)


def _parse(plan: Plan) -> configparser.RawConfigParser:
    parsed = configparser.RawConfigParser()
    parsed.read_string(configuration(all_processes(plan), run_dir=plan.run_dir, root=ROOT))
    return parsed
