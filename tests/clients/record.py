"""Stands between an MCP client and a stdio server, and writes down what passes.

    python3 record.py DIR -- COMMAND ARG...

Every run leaves DIR/<pid>.log with `->` lines (client to server), `<-` lines
(server to client) and `--` lines (end of input, signals, exit status), and
DIR/<pid>.err with the server's stderr. Bytes and signals go through unchanged,
so that the client meets the server as if nothing stood between them.
"""

import os
import signal
import subprocess
import sys
import threading
import time


def main() -> int:
    split = sys.argv.index("--")
    folder, command = sys.argv[1], sys.argv[split + 1 :]
    os.makedirs(folder, exist_ok=True)
    base = os.path.join(folder, str(os.getpid()))
    log = open(base + ".log", "wb", buffering=0)
    lock = threading.Lock()

    def note(mark: bytes, line: bytes) -> None:
        with lock:
            log.write(mark + b" " + line.rstrip(b"\n") + b"\n")

    with open(base + ".err", "wb") as err:
        server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err
        )

    ended = [time.monotonic()]

    def pass_signal(number: int, _frame: object) -> None:
        # No lock here: the handler may interrupt a note that holds it.
        ended[0] = time.monotonic()
        log.write(b"-- signal %d\n" % number)
        server.send_signal(number)

    signal.signal(signal.SIGTERM, pass_signal)
    signal.signal(signal.SIGINT, pass_signal)

    def pump() -> None:
        for line in iter(sys.stdin.buffer.readline, b""):
            note(b"->", line)
            try:
                server.stdin.write(line)
                server.stdin.flush()
            except (BrokenPipeError, ValueError):
                note(b"--", b"the server no longer reads")
                return
        ended[0] = time.monotonic()
        note(b"--", b"end of input")
        try:
            server.stdin.close()
        except BrokenPipeError:
            pass

    threading.Thread(target=pump, daemon=True).start()
    listening = True
    for line in iter(server.stdout.readline, b""):
        note(b"<-", line)
        if listening:
            try:
                sys.stdout.buffer.write(line)
                sys.stdout.buffer.flush()
            except BrokenPipeError:
                listening = False
    status = server.wait()
    note(b"--", b"exit %d after %d ms" % (status, (time.monotonic() - ended[0]) * 1000))
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    # Straight out: the pump may still be blocked on the client's end.
    os._exit(main())
