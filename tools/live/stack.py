#!/usr/bin/env python3
"""The real stack on this machine: PostgreSQL 15, Kafka 4.3.0, Debezium 3.6.3.Final in Kafka Connect.

    stack.py up         start what is missing, print the addresses
    stack.py status     print them; exit status 4 if something is away
    stack.py down       end what `up` started, remove its data

A part whose address is given (--postgres URI, --connect URL, --kafka HOST:PORT) is attached to, not
started. Addresses are one JSON object on standard output: {"postgres": "postgresql://...",
"connect": "http://...", "kafka": "host:port", "state": "<directory>"}.
The forerunner of `cdcsim live`.
"""
import argparse
import glob
import hashlib
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
UNAVAILABLE = 4

POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "wal_level": "logical",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_replication_slots": "50",
    "max_wal_senders": "50",
    "fsync": "off",
    "autovacuum": "off",  # its transactions would burn xids in the middle of a scenario
    "deadlock_timeout": "20ms",
    "log_line_prefix": "%e|%p|%a|%d|",  # record.py reads SQLSTATEs from the log
    "lc_messages": "C",
}

BROKER_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{kafka},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{kafka}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={state}/kafka-data
num.partitions=1
auto.create.topics.enable=true
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
"""

CONNECT_PROPERTIES = """\
bootstrap.servers={kafka}
listeners=http://127.0.0.1:{connect}
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
key.converter.schemas.enable=true
value.converter.schemas.enable=true
offset.storage.file.filename={state}/connect-offsets
offset.flush.interval.ms=1000
plugin.path={state}/plugins
plugin.discovery=only_scan
"""


class Unavailable(Exception):
    """A part of the stack cannot be started or reached."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(what, reached, seconds, alive=lambda: True):
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            raise Unavailable(f"{what} did not answer within {seconds} s")
        if not alive():
            raise Unavailable(f"{what} ended while starting")
        time.sleep(0.1)


def port_open(address):
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), 1).close()
        return True
    except OSError:
        return False


def url_answers(url):
    try:
        urllib.request.urlopen(url, timeout=2).close()
        return True
    except OSError:
        return False


def postgres_answers(uri):
    command = ["psql", "-X", "-Atc", "SELECT 1", uri]
    return subprocess.run(command, capture_output=True).returncode == 0


def jars():
    """The folder of the jars; fetched once into the user's cache."""
    given = os.environ.get("CDCSIM_LIVE_LIB")
    if given:
        return pathlib.Path(given)
    pom = HERE / "pom.xml"
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    lib = cache / "cdcsim" / ("live-" + hashlib.sha256(pom.read_bytes()).hexdigest()[:12])
    if not lib.exists():
        partial = lib.with_name(lib.name + f".{os.getpid()}")
        command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies",
                   f"-DoutputDirectory={partial}", "-DincludeScope=runtime"]
        if subprocess.run(command, stdout=sys.stderr).returncode:
            raise Unavailable("maven could not fetch the jars of tools/live/pom.xml")
        partial.rename(lib)
    return lib


def postgres_bin():
    found = sorted(glob.glob("/usr/lib/postgresql/15/bin")) or [
        os.path.dirname(p) for p in [shutil.which("initdb")] if p]
    if not found:
        raise Unavailable("PostgreSQL 15 is not installed (package postgresql-15)")
    return pathlib.Path(found[0])


def postgres_user():
    """PostgreSQL refuses to run as root: its own account then, otherwise the caller's."""
    if os.geteuid() != 0:
        return None
    return pwd.getpwnam("postgres")


def spawn(state, name, command, user=None):
    log = open(state / f"{name}.log", "ab")
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                               start_new_session=True, user=user.pw_uid if user else None,
                               group=user.pw_gid if user else None,
                               extra_groups=[] if user else None)
    (state / f"{name}.pid").write_text(str(process.pid))
    return process


def start_postgres(state):
    binaries, user, port = postgres_bin(), postgres_user(), free_port()
    data = state / "postgres-data"
    data.mkdir(mode=0o700)
    if user:
        os.chown(data, user.pw_uid, user.pw_gid)
    identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    made = subprocess.run([binaries / "initdb", "-D", data, "-A", "trust", "-U", "postgres",
                           "--locale=C.UTF-8", "-E", "UTF8", "--no-sync"],
                          capture_output=True, text=True, cwd="/", **identity)
    if made.returncode:
        raise Unavailable("initdb: " + made.stderr.strip())
    settings = dict(POSTGRES_SETTINGS, port=str(port), unix_socket_directories="")
    command = [str(binaries / "postgres"), "-D", str(data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    process = spawn(state, "postgres", command, user)
    uri = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    wait_until("PostgreSQL", lambda: postgres_answers(uri), 30, lambda: process.poll() is None)
    return uri


def java(heap, lib, *arguments):
    return ["java", f"-Xmx{heap}", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
            "-Duser.timezone=UTC", "-Dfile.encoding=UTF-8",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
            "-cp", f"{lib}/*", *arguments]


def start_kafka(state):
    lib, port = jars(), free_port()
    settings = state / "kafka.properties"
    settings.write_text(BROKER_PROPERTIES.format(kafka=port, controller=free_port(), state=state))
    formatted = subprocess.run(
        java("128m", lib, "kafka.tools.StorageTool", "format", "--standalone", "-t",
             "cdcsimcdcsimcdcsimcdcQ", "-c", str(settings)), capture_output=True, text=True)
    if formatted.returncode:
        raise Unavailable("formatting Kafka's storage: " + formatted.stderr.strip()[-500:])
    process = spawn(state, "kafka", java("512m", lib, "kafka.Kafka", str(settings)))
    address = f"127.0.0.1:{port}"
    wait_until("Kafka", lambda: port_open(address), 60, lambda: process.poll() is None)
    return address


def start_connect(state, kafka):
    lib, port = jars(), free_port()
    (state / "plugins").mkdir()
    settings = state / "connect.properties"
    settings.write_text(CONNECT_PROPERTIES.format(kafka=kafka, connect=port, state=state))
    process = spawn(state, "connect", java(
        "768m", lib, "org.apache.kafka.connect.cli.ConnectStandalone", str(settings)))
    url = f"http://127.0.0.1:{port}"
    wait_until("Kafka Connect", lambda: url_answers(url + "/connectors"), 120,
               lambda: process.poll() is None)
    return url


def state_directory(name):
    # As root PostgreSQL runs as another user, who could not enter root's runtime directory.
    base = "/tmp" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR") or "/tmp"
    return pathlib.Path(base) / f"cdcsim-live-{os.getuid()}" / name


def read_addresses(state):
    try:
        return json.loads((state / "addresses.json").read_text())
    except FileNotFoundError:
        return None


def unreachable(addresses):
    """The names of the parts that do not answer."""
    away = []
    if not postgres_answers(addresses["postgres"]):
        away.append("postgres")
    if not port_open(addresses["kafka"]):
        away.append("kafka")
    if not url_answers(addresses["connect"] + "/connectors"):
        away.append("connect")
    return away


def end_process(pid_file):
    pid = int(pid_file.read_text())
    fast = signal.SIGINT if pid_file.stem == "postgres" else signal.SIGTERM
    for sign, seconds in ((fast, 10), (signal.SIGKILL, 5)):
        try:
            os.kill(pid, sign)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                try:
                    os.waitpid(pid, os.WNOHANG)  # our own child, when `up` failed half-way
                except ChildProcessError:
                    pass
                os.kill(pid, 0)
                time.sleep(0.05)
        except ProcessLookupError:
            return


def down(state):
    for name in ("connect", "kafka", "postgres"):
        pid_file = state / f"{name}.pid"
        if pid_file.exists():
            end_process(pid_file)
    shutil.rmtree(state, ignore_errors=True)


def up(state, given):
    """Starts what is not given and not there; returns the addresses."""
    there = read_addresses(state)
    if there and given.items() <= there.items() and not unreachable(there):
        return there
    down(state)
    state.mkdir(parents=True)
    os.chmod(state, 0o755)  # PostgreSQL may run as another user below it
    try:
        addresses = {"postgres": given.get("postgres") or start_postgres(state)}
        addresses["kafka"] = given.get("kafka") or start_kafka(state)
        addresses["connect"] = given.get("connect") or start_connect(state, addresses["kafka"])
        addresses["state"] = str(state)
        away = unreachable(addresses)
        if away:
            raise Unavailable("cannot be reached: " + ", ".join(away))
    except BaseException:
        for log in () if os.environ.get("CDCSIM_QUIET") else sorted(state.glob("*.log")):
            tail = log.read_text(errors="replace").splitlines()[-5:]
            print(f"-- {log.name}", *tail, sep="\n", file=sys.stderr)
        down(state)
        raise
    (state / "addresses.json").write_text(json.dumps(addresses))
    return addresses


def add_address_options(parser):
    parser.add_argument("--postgres", metavar="URI", help="use this PostgreSQL (libpq URI)")
    parser.add_argument("--connect", metavar="URL", help="use this Kafka Connect")
    parser.add_argument("--kafka", metavar="HOST:PORT", help="use this Kafka")
    parser.add_argument("--name", default="default", help="which stack, where several run")


def given_addresses(options):
    return {k: v for k in ("postgres", "connect", "kafka") if (v := getattr(options, k))}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("command", choices=["up", "down", "status"])
    add_address_options(parser)
    options = parser.parse_args()
    state = state_directory(options.name)
    try:
        if options.command == "down":
            down(state)
            return 0
        if options.command == "up":
            print(json.dumps(up(state, given_addresses(options))))
            return 0
        addresses = dict(read_addresses(state) or {}, **given_addresses(options))
        missing = [k for k in ("postgres", "kafka", "connect") if k not in addresses]
        if missing:
            raise Unavailable("not started: " + ", ".join(missing))
        print(json.dumps(addresses))
        away = unreachable(addresses)
        if away:
            raise Unavailable("cannot be reached: " + ", ".join(away))
        return 0
    except Unavailable as trouble:
        print(f"live stack: {trouble}", file=sys.stderr)
        return UNAVAILABLE


if __name__ == "__main__":
    sys.exit(main())
