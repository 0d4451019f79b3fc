#!/usr/bin/env python3
"""Runs the real connector and ours on one real PostgreSQL at once and compares their records.

    compare_connectors.py --tool connector_on_postgres [--save] CASE.case.json...

Both read the same WAL, so every byte must be equal but the connectors' clocks, the run id, and what
each snapshot's own transaction gives (its xid, position and time). A case is
{"setup": SQL, "config": {option: value}, "steps": [SQL | {"cmd": "restart", "sql": SQL}]}.
--save writes, beside a case whose records are equal, CASE.golden.jsonl (the real connector's records
as kcat -J prints them) and CASE.replay.jsonl (our conversation with the server), which
connector_replay_test plays without any server.
Environment: CONNECT_URL, KAFKA, PGHOST, PGPORT, PGUSER.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import time
import urllib.error
import urllib.request

CONNECT = os.environ.get("CONNECT_URL", "http://127.0.0.1:8083")
KAFKA = os.environ.get("KAFKA", "127.0.0.1:9092")
HOST = os.environ.get("PGHOST", "127.0.0.1")
PORT = os.environ.get("PGPORT", "5432")
USER = os.environ.get("PGUSER", "postgres")
FIRST_USER_OID = 16384


def rest(method, path, body=None):
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(CONNECT + path, method=method, data=data,
                                     headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=90) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def psql(database, sql, *options):
    command = ["psql", "-X", "-q", "-h", HOST, "-p", PORT, "-U", USER, "-d", database, *options]
    done = subprocess.run(command, input=sql, capture_output=True, text=True, check=False)
    if done.stderr.strip():
        print("psql:", done.stderr.strip()[:500])
    return done.stdout.strip()


def topics(prefix):
    listing = subprocess.run(["kcat", "-b", KAFKA, "-L", "-J"], capture_output=True, check=True)
    return sorted(t["topic"] for t in json.loads(listing.stdout)["topics"]
                  if t["topic"].startswith(prefix))


def read_records(prefix):
    lines = []
    for topic in topics(prefix):
        done = subprocess.run(["kcat", "-b", KAFKA, "-C", "-t", topic, "-o", "beginning", "-e", "-q",
                               "-J"], capture_output=True, check=True)
        lines += [line for line in done.stdout.decode("utf-8").split("\n") if line]
    return lines


def normalised(line):
    """Without what two connectors on one server cannot share (connector_replay_test does the same)."""
    record = json.loads(line)
    for name in ("ts", "broker"):
        record.pop(name, None)
    headers = record.get("headers", [])
    for i, name in enumerate(headers):
        if name == "__debezium.context.runId":
            headers[i + 1] = "RUN"
    for name in ("key", "payload"):
        text = record[name]
        if not isinstance(text, str):
            continue
        text = re.sub(r'("op":"[a-z]",)"ts_ms":\d+,"ts_us":\d+,"ts_ns":\d+', r"\1CLOCK", text)
        text = re.sub(r'("op":"m",)"ts_ms":\d+', r"\1CLOCK", text)
        if '"snapshot":"false"' not in text:
            text = re.sub(r'"ts_ms":\d+,("snapshot":)', r"SNAPSHOT,\1", text)
            text = re.sub(r'"sequence":"\[null,\\"\d+\\"\]","ts_us":\d+,"ts_ns":\d+', "SNAPSHOT", text)
            text = re.sub(r'"txId":\d+,"lsn":\d+', "SNAPSHOT", text)
        record[name] = text
    return json.dumps(record, ensure_ascii=False)


class Ours:
    """Our connector, driven over its standard input."""

    def __init__(self, tool, database, body, conversation):
        conninfo = f"host={HOST} port={PORT} user={USER} dbname={database}"
        self.process = subprocess.Popen([tool, conninfo, body, conversation], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.records = []
        self.state = ""

    def command(self, text="poll"):
        try:
            self.process.stdin.write((text + "\n").encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        while True:
            line = self.process.stdout.readline().decode("utf-8").rstrip("\n")
            if not line:
                return
            if line.startswith("polled"):
                self.state = line
                return
            if line.startswith('{"topic"'):
                self.records.append(line)
            else:
                print("ours:", line[:1000])

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


class Case:
    def __init__(self, path, tool, settle):
        self.path = pathlib.Path(path)
        self.spec = json.loads(self.path.read_text())
        self.tool = tool
        self.settle = settle
        self.tag = f"dz{int(time.time() * 1000) % 10**10}"
        self.slots = [self.tag + "_real", self.tag + "_ours"]
        config = {"connector.class": "io.debezium.connector.postgresql.PostgresConnector",
                  "plugin.name": "pgoutput", "poll.interval.ms": "20", "database.hostname": HOST,
                  "database.port": PORT, "database.user": USER, "database.password": "postgres",
                  "database.dbname": self.tag, "topic.prefix": self.tag,
                  "publication.name": self.tag}
        config.update(self.spec.get("config", {}))
        self.config = config

    def real_is_active(self):
        sql = f"SELECT count(*) FROM pg_replication_slots WHERE active AND slot_name = '{self.slots[0]}'"
        return psql(self.tag, sql, "-A", "-t") == "1"

    def real_status(self):
        return rest("GET", f"/connectors/{self.tag}/status")[1]

    def wait(self, condition, seconds=20):
        end = time.time() + seconds
        while time.time() < end and not condition():
            time.sleep(0.1)

    def start(self):
        psql(self.tag, self.spec.get("setup", ""))
        body = {"name": self.tag, "config": dict(self.config, **{"slot.name": self.slots[0]})}
        status, text = rest("POST", "/connectors", body)
        if status != 201:
            print("the real one refuses:", text[:600])
        self.wait(lambda: self.spec.get("never_streams") or self.real_is_active()
                  or "FAILED" in self.real_status())
        time.sleep(4 * self.settle if self.spec.get("never_streams") else self.settle)
        body["config"]["slot.name"] = self.slots[1]
        self.body = f"/tmp/{self.tag}.json"
        pathlib.Path(self.body).write_text(json.dumps(body))
        self.conversation = f"/tmp/{self.tag}.replay"
        self.ours = Ours(self.tool, self.tag, self.body, self.conversation)
        self.ours.command()

    def step(self, step):
        if isinstance(step, str):
            psql(self.tag, step)
            time.sleep(self.settle)
            self.ours.command()
            return
        time.sleep(2 * self.settle)
        self.ours.command()
        rest("PUT", f"/connectors/{self.tag}/stop")
        self.wait(lambda: not self.real_is_active() and '"tasks":[]' in self.real_status())
        self.ours.command("stop")
        psql(self.tag, step.get("sql", ""))
        rest("PUT", f"/connectors/{self.tag}/resume")
        self.ours.command("resume")
        self.wait(self.real_is_active)
        time.sleep(3 * self.settle)

    def finish(self):
        self.ours.command()
        last = -1
        end = time.time() + 25
        while time.time() < end:
            count = len(read_records(self.tag))
            if count == last and (count >= len(self.ours.records) or time.time() > end - 19):
                break
            last = count
            time.sleep(0.6)
        self.ours.command()
        self.real = read_records(self.tag)

    def compare(self, show):
        by_topic = {}
        for side, lines in enumerate((self.real, self.ours.records)):
            for line in lines:
                by_topic.setdefault(json.loads(line)["topic"], ([], []))[side].append(line)
        bad = 0
        for topic, (real, ours) in sorted(by_topic.items()):
            if len(real) != len(ours):
                print(f"{topic}: {len(real)} real records, {len(ours)} of ours")
                bad += 1
            for number, (left, right) in enumerate(zip(real, ours)):
                left, right = normalised(left), normalised(right)
                if left == right:
                    continue
                bad += 1
                if bad <= show:
                    at = next((k for k, (a, b) in enumerate(zip(left, right)) if a != b),
                              min(len(left), len(right)))
                    print(f"{topic} {number}:\n  real {left[max(0, at - 120):at + 120]}\n"
                          f"  ours {right[max(0, at - 120):at + 120]}")
        for state in (self.real_status(), self.ours.state):
            if "FAILED" in state:
                print("  ", re.sub(r"(\\n\\tat [^\\]*)+", " ", state)[:900])
        print(f"{self.path.name}: {len(self.real)} records, {bad} differ")
        return bad

    def save(self):
        """The golden with the tag made `cdc`; the conversation without PostgreSQL's own types."""
        stem = str(self.path).removesuffix(".case.json")
        anonymous = lambda text: text.replace(self.tag, "cdc")
        real = sorted(self.real, key=lambda line: json.loads(line)["topic"])
        pathlib.Path(stem + ".golden.jsonl").write_text("".join(anonymous(line) + "\n" for line in real))
        out = [json.dumps({"connector": json.loads(pathlib.Path(self.body).read_text())})]
        for line in pathlib.Path(self.conversation).read_text().split("\n"):
            if '"sql":"SELECT t.oid, t.typname' in line and "WHERE n.nspname <>" in line:
                entry = json.loads(line)
                entry["rows"] = [row for row in entry["rows"] if int(row[0]) >= FIRST_USER_OID]
                line = json.dumps(entry)
            if line:
                out.append(line)
        pathlib.Path(stem + ".replay.jsonl").write_text("".join(anonymous(line) + "\n" for line in out))

    def clean_up(self):
        try:
            self.ours.close()
        except Exception:  # whatever became of it
            pass
        rest("DELETE", f"/connectors/{self.tag}")
        time.sleep(0.4)
        for slot in self.slots:
            where = f"FROM pg_replication_slots WHERE slot_name = '{slot}'"
            psql(self.tag, f"SELECT pg_terminate_backend(active_pid) {where} AND active", "-o", "/dev/null")
            time.sleep(0.1)
            psql(self.tag, f"SELECT pg_drop_replication_slot(slot_name) {where}", "-o", "/dev/null")
        subprocess.run(["dropdb", "--force", "-h", HOST, "-p", PORT, "-U", USER, self.tag], check=False)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", required=True)
    parser.add_argument("--save", action="store_true")
    parser.add_argument("--show", type=int, default=3)
    parser.add_argument("--settle", type=float, default=0.4)
    parser.add_argument("cases", nargs="+")
    arguments = parser.parse_args()
    total = 0
    for path in arguments.cases:
        case = Case(path, arguments.tool, arguments.settle)
        subprocess.run(["createdb", "-h", HOST, "-p", PORT, "-U", USER, case.tag], check=True)
        try:
            case.start()
            for step in case.spec.get("steps", []):
                case.step(step)
            case.finish()
            bad = case.compare(arguments.show)
            total += bad
            if arguments.save and not bad:
                case.save()
        finally:
            case.clean_up()
    raise SystemExit(1 if total else 0)


if __name__ == "__main__":
    main()
