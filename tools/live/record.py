#!/usr/bin/env python3
"""Runs scenarios on the real stack and writes what it did beside them.

    record.py [--check] [-v] SCENARIO.yaml|DIRECTORY ...

x.yaml gives x.golden.jsonl (a line of versions, then every Kafka record as `kcat -J` prints it, by
topic, partition, offset) and x.golden.psql (what psql printed for each sql step); a file with cases
gives x[case].golden.* for each.
--check writes nothing where there is a golden, but names what differs from it beyond the known
volatile leaves; a scenario without a golden is run twice, compared and recorded.
Exit status: 0, 1 something did not go as the scenario says, 2 a bad file, 4 the stack is away.
The forerunner of `cdcsim record`.
"""
import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.parse

import compare
import expectations
import golden
import stack
from connect_rest import CONNECTOR_CLASS, Connect, Refused
from kafka_wire import Kafka
from psql import Session, run_script, with_database
from scenario import VERBS, BadScenario, load

QUIET_SECONDS = 0.4      # topics that have not grown for so long, all events having been received
LONG_QUIET_SECONDS = 1.5  # the same where nothing says what was received
LIMIT_SECONDS = 200
# Not visible in any record; they make waiting short.
HASTE = {"poll.interval.ms": "20", "status.update.interval.ms": "50"}
# A session that ends its waiting itself is waited for.
TIMEOUT_SET = re.compile(r"(?:lock|statement)_timeout\s*(?:=|to)\s*'?(\w+)", re.I)
LONGEST_TIMEOUT_SECONDS = 11
LOGGED_ERROR = re.compile(rb"^(\w{5})\|(\d+)\|psql\|[^|]*\|(?:ERROR|FATAL):", re.M)


class Failed(Exception):
    """The real stack did something else than the scenario says."""


class Run:
    """One run of one scenario, from an empty database to its records."""

    def __init__(self, addresses, scenario, serial):
        self.scenario, self.serial = scenario, serial
        self.admin = Session(addresses["postgres"], "-At", "-q")
        self.target = urllib.parse.urlsplit(addresses["postgres"])
        self.uri = with_database(addresses["postgres"], scenario.database, scenario.user)
        self.connect, self.kafka = Connect(addresses["connect"]), Kafka(addresses["kafka"])
        self.kafka_address = addresses["kafka"]
        self.log = pathlib.Path(addresses.get("state", "/")) / "postgres.log"
        self.log_at = self.log.stat().st_size if self.log.exists() else 0
        self.sessions, self.connectors, self.waiting = {}, {}, {}
        self.transcript, self.problems = {}, []
        self.logged = {}  # {session or None: [SQLSTATE]} that no step has accounted for yet
        self.drained_to = None  # the end of the write-ahead log at the last drain
        self.judge = expectations.Judge(self)

    # --- before and after

    def clean(self):
        for name in self.connect.connectors():
            self.connect.verb(name, "delete")
        for session in self.sessions.values():
            session.close()
        database = self.scenario.database
        deadline = time.monotonic() + 20
        while self.admin.rows("SELECT 1 FROM pg_replication_slots WHERE active"):
            if time.monotonic() > deadline:
                self.admin.ask("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots "
                               "WHERE active")
            time.sleep(0.05)
        self.admin.ask("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")
        if database != "postgres":
            self.admin.ask(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        roles = self.admin.rows("SELECT quote_ident(rolname) FROM pg_roles WHERE oid >= 16384")
        for (role,) in roles:
            self.admin.ask(f"DROP OWNED BY {role}; DROP ROLE {role}")
        deadline = time.monotonic() + 20
        while topics := list(self.kafka.partitions()):
            self.kafka.delete(topics)
            if time.monotonic() > deadline:
                raise stack.Unavailable("Kafka does not delete topics")
            time.sleep(0.1)

    def prepare(self):
        self.clean()
        self.admin.ask(f'CREATE DATABASE "{self.scenario.database}"')

    def close(self):
        """Leaves nothing behind, as far as the stack still answers."""
        try:
            self.clean()
        finally:
            self.admin.close()

    # --- waiting

    def streaming_slots(self):
        """[(slot, received everything up to the present end of the log)]"""
        return self.admin.rows(
            "SELECT s.slot_name, r.state = 'streaming' "
            "  AND r.write_lsn >= pg_current_wal_flush_lsn() "
            "FROM pg_replication_slots s JOIN pg_stat_replication r ON r.pid = s.active_pid")

    def drain(self):
        """Waits until every event of what was committed so far is in its topic."""
        end = self.admin.value("SELECT pg_current_wal_insert_lsn()")
        if not self.connectors or end == self.drained_to:
            return
        self.drained_to = end
        deadline = time.monotonic() + 5
        quiet = LONG_QUIET_SECONDS
        while time.monotonic() < deadline:
            slots = self.streaming_slots()
            if not slots:
                break
            if all(received == "t" for _, received in slots):
                quiet = QUIET_SECONDS
                break
            time.sleep(0.02)
        if not any(state == "RUNNING" for state in self.states()):
            quiet = QUIET_SECONDS
        self.silence(quiet)

    def silence(self, seconds):
        deadline = time.monotonic() + LIMIT_SECONDS
        ends, since = self.kafka.ends(), time.monotonic()
        while time.monotonic() - since < seconds:
            if time.monotonic() > deadline:
                raise Failed(f"the topics still grow after {LIMIT_SECONDS} s")
            time.sleep(0.05)
            now = self.kafka.ends()
            if now != ends:
                ends, since = now, time.monotonic()
        self.ends = ends

    def states(self):
        return [self.connect.status(real)[0] for real in self.connectors.values()]

    # --- steps

    def run(self):
        for number, step in enumerate(self.scenario.steps, 1):
            kind = step if isinstance(step, str) else next(
                k for k in ("sql", "connector", "expect", "sleep") if k in step)
            try:
                if kind == "sql":
                    self.run_sql(number, step)
                    self.drain()
                elif kind == "connector":
                    self.run_connector(step["connector"])
                elif kind == "sleep":
                    time.sleep(float(step["sleep"]))
                    self.drain()
                elif kind == "expect":
                    self.judge.note(number, step["expect"])
                else:
                    self.run_verb(kind, None)
            except Failed as failure:
                self.problems.append(f"step {number}: {failure}")
        self.collect_waiting(final=True)
        self.drain()
        records = self.read_records()
        self.problems += self.judge.problems(records)
        return records, self.render_transcript()

    def script_of(self, body):
        if isinstance(body, str):
            return body
        folder = self.scenario.path.parent
        if "file" in body:
            return (folder / body["file"]).read_text()
        if "files" in body:
            return "".join(p.read_text() for p in sorted(folder.glob(body["files"])))
        raise BadScenario("sql: neither text nor file")

    def run_sql(self, number, step):
        text, folder = self.script_of(step["sql"]), str(self.scenario.path.parent.resolve())
        uri = with_database(self.uri, self.scenario.database, step.get("user"))
        if "session" not in step:
            try:
                self.transcript[number] = run_script(
                    uri, text, step.get("on_error") == "stop", folder)
            except subprocess.TimeoutExpired:
                raise Failed("a step without a session waits for a lock") from None
        else:
            self.run_in_session(number, step, uri, text, folder)
        self.collect_waiting()
        if number in self.transcript:
            self.check_errors(number, step)

    def run_in_session(self, number, step, uri, text, folder):
        name = step["session"]
        if name not in self.sessions:
            session = self.sessions[name] = Session(uri, "-v", "ON_ERROR_STOP=0", cwd=folder)
            session.ask("SELECT pg_backend_pid() AS cdcsim_pid \\gset")
            session.pid = session.ask("\\echo :cdcsim_pid").strip()
        session = self.sessions[name]
        if session.marker:
            raise Failed(f"session {name} still waits")
        for value in TIMEOUT_SET.findall(text):
            session.has_timeout = value not in ("0", "default")
        session.send(text)
        deadline = time.monotonic() + LIMIT_SECONDS
        patience = time.monotonic() + (LONGEST_TIMEOUT_SECONDS if session.has_timeout else 0)
        while (output := session.collect(0.1)) is None:
            if time.monotonic() > patience and self.is_blocked(session):
                self.waiting[name] = number
                return
            if time.monotonic() > deadline:
                raise Failed(f"session {name} neither ends nor waits")
        self.transcript[number] = output

    def is_blocked(self, session):
        return self.admin.value(f"SELECT cardinality(pg_blocking_pids({session.pid}))") != "0"

    def collect_waiting(self, final=False):
        """What sessions print whose lock has become free."""
        for name, number in list(self.waiting.items()):
            session = self.sessions[name]
            deadline = time.monotonic() + 5
            while (output := session.collect(0.1)) is None:
                if not final and self.is_blocked(session):
                    break
                if time.monotonic() > deadline:
                    raise Failed(f"session {name} still waits at the end")
            if output is not None:
                self.transcript[number] = output
                del self.waiting[name]
                self.check_errors(number, self.scenario.steps[number - 1])

    def errors_logged(self, session):
        """The SQLSTATEs that the server logged for a named session, or for none of them."""
        if not self.log.exists():
            return None
        with open(self.log, "rb") as log:
            log.seek(self.log_at)
            text = log.read()
        self.log_at += len(text)
        named = {s.pid: name for name, s in self.sessions.items()}
        for state, pid in LOGGED_ERROR.findall(text):
            self.logged.setdefault(named.get(pid.decode()), []).append(state.decode())
        return self.logged.pop(session, [])

    def check_errors(self, number, step):
        """The SQLSTATEs that the server logged against those that the step expects."""
        seen = self.errors_logged(step.get("session"))
        if seen is None:
            return
        expected = step.get("error", [])
        expected = expected if isinstance(expected, list) else [expected]
        codes = [e["sqlstate"] if isinstance(e, dict) else str(e) for e in expected if
                 not (isinstance(e, dict) and "sqlstate" not in e)]
        if len(expected) != len(seen) or len(codes) == len(expected) and codes != seen:
            self.problems.append(f"step {number}: expected the errors {codes}, there were {seen}")

    def run_connector(self, body):
        if isinstance(body, str):
            return self.run_verb(body, None)
        verb = next((v for v in VERBS if v in body), None)
        if verb:
            return self.run_verb(verb, body[verb])
        given = {}
        if "file" in body:
            given = json.loads((self.scenario.path.parent / body["file"]).read_text())
        name = body.get("name") or given.get("name") or "connector"
        real = self.connectors.get(name, f"{name}-{self.serial}")
        config = self.config_of({**given.get("config", {}), **(body.get("config") or {})})
        slot = config.get("slot.name", "debezium")
        old_sender = self.sender(slot) if name in self.connectors else None
        try:
            self.connect.put_config(real, config)
        except Refused as refused:
            if "refused" in body and body["refused"] in refused.message:
                return None
            raise Failed(f"connector {name}: {refused}") from None
        if "refused" in body:
            raise Failed(f"connector {name} was not refused")
        self.connectors[name] = real
        return self.wait_for_connector(name, body.get("state", "RUNNING"), old_sender)

    def config_of(self, given):
        """The scenario's configuration and what comes from the target; null takes an option away."""
        port = self.target.port or 5432
        config = {"connector.class": CONNECTOR_CLASS, "plugin.name": "pgoutput",
                  "topic.prefix": "cdc", **HASTE, **given,
                  "database.hostname": self.target.hostname, "database.port": port,
                  "database.user": self.target.username or "postgres",
                  "database.password": "postgres", "database.dbname": self.scenario.database}
        text = {True: "true", False: "false"}
        return {k: text.get(v, str(v)) if isinstance(v, bool) else str(v)
                for k, v in config.items() if v is not None}

    def wait_for_connector(self, name, wanted, old_sender=None):
        """Until the connector is in that state and, if it is to run, streams by a new walsender."""
        self.drained_to = None
        real, deadline = self.connectors[name], time.monotonic() + LIMIT_SECONDS
        config = self.connect.config(real)
        slot = config.get("slot.name", "debezium")
        streams = config.get("snapshot.mode") != "initial_only"
        while True:
            try:
                state, trace = self.connect.status(real)
            except Refused:
                state, trace = "STARTING", None
            if state == wanted and (wanted != "RUNNING" or not streams or
                                    self.sender(slot) not in (None, old_sender)):
                break
            if state == "FAILED":
                raise Failed(f"connector {name} is FAILED: {trace[:600]}")
            if time.monotonic() > deadline:
                raise Failed(f"connector {name} is {state}, not {wanted}, after {LIMIT_SECONDS} s")
            time.sleep(0.05)
        if wanted == "RUNNING" and streams:
            return self.drain()
        return self.silence(LONG_QUIET_SECONDS)

    def sender(self, slot):
        """The process that streams from the slot."""
        return self.admin.value(
            "SELECT r.pid FROM pg_replication_slots s "
            "JOIN pg_stat_replication r ON r.pid = s.active_pid "
            f"WHERE s.slot_name = '{slot}' AND r.state = 'streaming'")

    def run_verb(self, verb, name):
        name = next(iter(self.connectors)) if name is None and len(self.connectors) == 1 else name
        if name not in self.connectors:
            raise Failed(f"{verb}: no such connector: {name}")
        config = self.connect.config(self.connectors[name])
        slot = config.get("slot.name", "debezium")
        old_sender = self.sender(slot) if verb == "restart" else None
        self.connect.verb(self.connectors[name], verb)
        if verb == "delete":
            real = self.connectors.pop(name)
            while real in self.connect.connectors():
                time.sleep(0.05)
        else:
            wanted = {"stop": "STOPPED", "pause": "PAUSED"}.get(verb, "RUNNING")
            self.wait_for_connector(name, wanted, old_sender)
        if verb in ("delete", "stop"):
            self.wait_for_release(slot)

    def wait_for_release(self, slot):
        deadline = time.monotonic() + 20
        while self.admin.rows("SELECT 1 FROM pg_replication_slots "
                              f"WHERE slot_name = '{slot}' AND active"):
            if time.monotonic() > deadline:
                raise Failed(f"slot {slot} is still in use")
            time.sleep(0.05)

    # --- results

    def read_records(self):
        """The lines of kcat, by topic, partition, offset."""
        readers = []
        for topic, count in self.kafka.ends().items():
            if count:
                command = ["kcat", "-b", self.kafka_address, "-C", "-t", topic, "-o", "beginning",
                           "-e", "-q", "-J", "-X", "fetch.wait.max.ms=10"]
                readers.append((count, subprocess.Popen(command, stdout=subprocess.PIPE)))
        lines = []
        for count, reader in readers:
            found = reader.communicate(timeout=LIMIT_SECONDS)[0].split(b"\n")[:-1]
            if len(found) != count:
                raise stack.Unavailable(f"kcat read {len(found)} of {count} records")
            lines += found
        place = lambda record: (record["topic"], record["partition"], record["offset"])
        return sorted(lines, key=lambda line: place(json.loads(line)))

    def render_transcript(self):
        text = ""
        for number in sorted(self.transcript):
            text += f"-- step {number}\n{self.transcript[number]}"
            if not text.endswith("\n"):
                text += "\n"
        return text


def record_once(addresses, scenario):
    run = Run(addresses, scenario, f"{os.getpid()}-{time.monotonic_ns()}")
    try:
        run.prepare()
        records, transcript = run.run()
        return records, transcript, run.problems
    finally:
        run.close()


def record(addresses, scenario, options):
    started = time.monotonic()
    records, transcript, problems = record_once(addresses, scenario)
    if options.check:
        there, transcript_there = golden.read(scenario) or record_once(addresses, scenario)[:2]
        problems += compare.differences(there, records)
        problems += compare.transcript_differences(transcript_there, transcript)
    if not options.check or not golden.is_recorded(scenario):
        golden.write(scenario, golden.versions(addresses), records, transcript)
    for problem in problems:
        print(f"{scenario}: {problem}")
    if options.verbose:
        print(f"{scenario}: {len(records)} records, {time.monotonic() - started:.1f} s", flush=True)
    return not problems


@contextlib.contextmanager
def alone(path):
    """One scenario at a time on a stack, whoever records."""
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def files_of(paths):
    for path in map(pathlib.Path, paths):
        yield from sorted(path.rglob("*.yaml")) if path.is_dir() else [path]


def loaded(path):
    try:
        return load(path)
    except BadScenario as bad:
        raise BadScenario(f"{path}: {bad}") from None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("paths", nargs="+", metavar="PATH")
    parser.add_argument("--check", action="store_true",
                        help="compare with the golden; where there is none, run twice")
    parser.add_argument("--missing", action="store_true",
                        help="only those whose golden is missing or of another text")
    parser.add_argument("-v", "--verbose", action="store_true", help="a line for each scenario")
    parser.add_argument("--may-empty", action="store_true",
                        help="a given stack may be emptied: connectors, slots, roles, topics")
    stack.add_address_options(parser)
    options = parser.parse_args()
    if stack.given_addresses(options) and not options.may_empty:
        parser.error("recording empties the stack that it uses; --may-empty allows it")
    try:
        scenarios = [s for path in files_of(options.paths) for s in loaded(path)]
    except (BadScenario, OSError) as bad:
        print(f"record: {bad}", file=sys.stderr)
        return 2
    if options.missing:
        scenarios = [s for s in scenarios if not golden.is_recorded(s)]
    state, worst = stack.state_directory(options.name), 0
    state.parent.mkdir(parents=True, exist_ok=True)
    for scenario in scenarios:
        try:
            with alone(state.parent / f"{options.name}.lock"):
                # Each time, should it have died.
                addresses = stack.up(state, stack.given_addresses(options))
                good = record(addresses, scenario, options)
            worst = max(worst, 0 if good else 1)
        except (stack.Unavailable, OSError) as trouble:
            print(f"{scenario}: live stack: {trouble}", file=sys.stderr)
            worst = stack.UNAVAILABLE
    return worst


if __name__ == "__main__":
    sys.exit(main())
