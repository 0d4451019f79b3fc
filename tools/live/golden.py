"""The files beside a scenario that hold what the real stack did with it."""
import json

from connect_rest import CONNECTOR_CLASS, Connect
from psql import Session


def versions(addresses):
    session = Session(addresses["postgres"], "-At", "-q")
    postgres = session.value("SHOW server_version").split(" ")[0]
    session.close()
    connect = Connect(addresses["connect"])
    connector = next(p["version"] for p in connect.ask("GET", "/connector-plugins")
                     if p["class"] == CONNECTOR_CLASS)
    return {"golden": 1, "postgres": postgres, "connector": connector,
            "kafka": connect.ask("GET", "/")["version"]}


def write(scenario, header, records, transcript):
    first = json.dumps(dict(header, scenario_sha256=scenario.sha256), separators=(",", ":"))
    scenario.output("jsonl").write_bytes(b"".join(l + b"\n" for l in [first.encode(), *records]))
    scenario.output("psql").write_text(transcript)


def is_recorded(scenario):
    """There is a golden of the file as it is now."""
    golden = scenario.output("jsonl")
    return golden.exists() and scenario.sha256.encode() in golden.read_bytes().split(b"\n")[0]


def read(scenario):
    """(lines, transcript) of what was recorded before; None without a golden of this text."""
    if not is_recorded(scenario):
        return None
    lines = scenario.output("jsonl").read_bytes().split(b"\n")[1:-1]
    return lines, scenario.output("psql").read_text()
