"""The three requests of Kafka's protocol that the recorder needs and kcat does not offer cheaply.

Metadata, ListOffsets and DeleteTopics, each in version 1 (the oldest that Kafka 4 answers).
"""
import socket
import struct

METADATA, LIST_OFFSETS, DELETE_TOPICS = 3, 2, 20
LATEST = -1
INTERNAL_TOPICS = {"__consumer_offsets", "__transaction_state", "__share_group_state"}


class Reader:
    """Reads the big-endian primitives of an answer."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, form):
        (value,) = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return value

    def text(self):
        size = self.number("h")
        if size < 0:
            return None
        self.at += size
        return self.data[self.at - size:self.at].decode()

    def items(self, read):
        return [read() for _ in range(self.number("i"))]


def text(value):
    data = value.encode()
    return struct.pack(">h", len(data)) + data


class Kafka:
    """One connection to a single broker; reconnects when it was lost."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.address, self.socket = (host, int(port)), None

    def ask(self, api, body):
        for attempt in (1, 2):
            try:
                if self.socket is None:
                    self.socket = socket.create_connection(self.address, 10)
                message = struct.pack(">hhi", api, 1, 0) + text("cdcsim") + body
                self.socket.sendall(struct.pack(">i", len(message)) + message)
                answer = self.receive(struct.unpack(">i", self.receive(4))[0])
                return Reader(answer[4:])  # behind the correlation id
            except OSError:
                self.socket = None
                if attempt == 2:
                    raise
        return None

    def receive(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise OSError("Kafka closed the connection")
            data += part
        return data

    def partitions(self):
        """{topic: [partition]} without Kafka's own topics."""
        answer = self.ask(METADATA, struct.pack(">i", -1))
        answer.items(lambda: (answer.number("i"), answer.text(), answer.number("i"), answer.text()))
        answer.number("i")

        def partition():
            answer.number("h")
            number = answer.number("i")
            answer.number("i")
            answer.items(lambda: answer.number("i"))
            answer.items(lambda: answer.number("i"))
            return number

        def topic():
            answer.number("h")
            name = answer.text()
            answer.number("b")
            return name, sorted(answer.items(partition))

        return {name: found for name, found in sorted(answer.items(topic))
                if name not in INTERNAL_TOPICS}

    def ends(self, partitions=None):
        """{topic: number of records}, for topics whose offsets start at 0."""
        wanted = self.partitions() if partitions is None else partitions
        body = struct.pack(">ii", -1, len(wanted))
        for name, numbers in wanted.items():
            body += text(name) + struct.pack(">i", len(numbers))
            for number in numbers:
                body += struct.pack(">iq", number, LATEST)
        answer = self.ask(LIST_OFFSETS, body)

        def partition():
            answer.number("i")
            answer.number("h")
            answer.number("q")
            return max(0, answer.number("q"))

        return dict(answer.items(lambda: (answer.text(), sum(answer.items(partition)))))

    def delete(self, topics):
        body = struct.pack(">i", len(topics)) + b"".join(text(t) for t in topics)
        self.ask(DELETE_TOPICS, body + struct.pack(">i", 10000))
