"""psql as scenarios use it, its output kept as a terminal shows it; the recorder's questions too."""
import itertools
import os
import select
import subprocess
import time
import urllib.parse

MARKER = "cdcsim-end-of-step"


def with_database(uri, database, user=None):
    parts = urllib.parse.urlsplit(uri)
    host = parts.netloc.rsplit("@", 1)[-1]
    login = parts.netloc[:-len(host) - 1] if "@" in parts.netloc else "postgres"
    return urllib.parse.urlunsplit((parts.scheme, f"{user or login}@{host}", f"/{database}",
                                    parts.query, ""))


def environment():
    keep = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    return dict(keep, PGCLIENTENCODING="UTF8", LC_ALL="C.UTF-8")


class Session:
    """A psql that reads its script from a pipe. Output and errors come in a terminal's order:
    stdbuf makes standard output line buffered, and both go to one pipe."""

    def __init__(self, uri, *options, cwd=None):
        command = ["stdbuf", "-oL", "psql", "-X", "-P", "pager=off", *options, uri]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env=environment(), cwd=cwd)
        self.pending = b""
        self.serial = itertools.count(1)
        self.marker = None  # of the step that still runs
        self.has_timeout = False  # a lock_timeout or statement_timeout is set

    def send(self, text):
        """Sends a script; what its end leaves open is executed, as at the end of a file."""
        text = text.rstrip()
        if not text.endswith(";") and not text.rsplit("\n", 1)[-1].startswith("\\"):
            text += "\n;"
        self.marker = f"{MARKER}-{next(self.serial)}\n".encode()
        self.process.stdin.write(text.encode() + b"\n\\echo " + self.marker)
        self.process.stdin.flush()

    def collect(self, seconds):
        """The output of what was sent, or None when it has not ended within `seconds`."""
        deadline = time.monotonic() + seconds
        while not self.pending.endswith(self.marker):
            ready, _, _ = select.select([self.process.stdout], [], [], deadline - time.monotonic()
                                        if deadline > time.monotonic() else 0)
            if not ready:
                return None
            part = os.read(self.process.stdout.fileno(), 1 << 16)
            if not part:
                raise RuntimeError("psql ended: " + self.pending.decode(errors="replace"))
            self.pending += part
        text = self.pending[:-len(self.marker)].decode()
        self.pending, self.marker = b"", None
        return text

    def ask(self, text, seconds=30):
        self.send(text)
        answer = self.collect(seconds)
        if answer is None:
            raise TimeoutError(f"PostgreSQL did not answer within {seconds} s: {text}")
        return answer

    def rows(self, query):
        """The rows of a query, split at `|` (sessions opened with -At)."""
        answer = self.ask(query)
        if "ERROR:" in answer:
            raise RuntimeError(answer)
        return [line.split("|") for line in answer.splitlines()]

    def value(self, query):
        rows = self.rows(query)
        return rows[0][0] if rows else None

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def run_script(uri, text, stop_on_error=False, cwd=None, seconds=60):
    """What one `psql < script` prints; raises subprocess.TimeoutExpired."""
    command = ["stdbuf", "-oL", "psql", "-X", "-P", "pager=off",
               "-v", f"ON_ERROR_STOP={int(stop_on_error)}", uri]
    done = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=environment(), cwd=cwd, timeout=seconds)
    return done.stdout.decode()
