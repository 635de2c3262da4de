#!/usr/bin/python3
"""An HTTP server with ranges that writes down which bytes of its one file it gave, before it gives
them. As a program: origin.py ADDRESS PORT FILE LOG BYTES_PER_SECOND
"""

import http.server
import os
import re
import sys
import time

from .process import Failure, wait_port

PORT = 8000
PIECE = 64 << 10


class Origin:
    """The server on a host; may be killed and started again."""

    def __init__(self, run, host, path, rate):
        self.run = run
        self.host = host
        self.path = path
        self.rate = rate
        self.log = os.path.join(run.folder("origin"), "given")
        self.start()

    def start(self):
        self.process = self.run.start(
            self.host,
            [
                *("/usr/bin/python3", "-m", "harness.origin"),
                *(self.host.ip, PORT, self.path, self.log, self.rate),
            ],
            "origin",
            cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
        )
        wait_port(self.host, self.host.ip, PORT, process=self.process)

    @property
    def url(self):
        return f"http://{self.host.ip}:{PORT}/{os.path.basename(self.path)}"

    def given(self):
        """Ranges that were given, in order."""
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding="ascii") as file:
            return [tuple(int(word) for word in line.split()) for line in file]

    def given_bytes(self):
        return sum(end - begin for begin, end in self.given())

    def must_have_given_once(self):
        """Each byte at most once, but for a last piece that may have been written down and not sent
        when the server was killed.
        """
        size = os.path.getsize(self.path)
        total = self.given_bytes()
        if not size <= total <= size + PIECE:
            raise Failure(f"the origin gave {total:,} bytes of a file of {size:,}")


def _handler(path, log, rate):
    size = os.path.getsize(path)
    stamp = f'"{os.path.getmtime(path)}"'

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self):
            self._answer(False)

        def do_GET(self):
            self._answer(True)

        def _answer(self, body):
            begin, end, status = 0, size, 200
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            if asked and self.headers.get("If-Range", stamp) == stamp:
                begin = int(asked.group(1))
                end = min(size, int(asked.group(2)) + 1) if asked.group(2) else size
                status = 206 if begin < size else 416
            self.send_response(status)
            self.send_header("ETag", stamp)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Type", "application/octet-stream")
            if status == 206:
                self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{size}")
            self.send_header("Content-Length", str(0 if status == 416 else end - begin))
            self.end_headers()
            if body and status != 416:
                self._give(begin, end)

        def _give(self, begin, end):
            with open(path, "rb") as file, open(log, "ab", buffering=0) as given:
                file.seek(begin)
                while begin < end:
                    data = file.read(min(PIECE, end - begin))
                    given.write(f"{begin} {begin + len(data)}\n".encode())
                    self.wfile.write(data)
                    begin += len(data)
                    time.sleep(len(data) / rate)

        def log_message(self, *_):
            pass

    return Handler


if __name__ == "__main__":
    address, port, file, log_path, speed = sys.argv[1:]
    server = http.server.ThreadingHTTPServer(
        (address, int(port)), _handler(file, log_path, float(speed))
    )
    server.serve_forever()
