"""Stands for `python` on PATH: has a program begun as a fork, and ends as it does.

See `tests/programs.py`, which writes this file into a folder of PATH.
"""

import json
import os
import signal
import socket
import sys

with socket.socket(socket.AF_UNIX) as server:
    server.connect(os.path.join(os.path.dirname(__file__), "socket"))
    request = [sys.argv[1:], os.getcwd(), dict(os.environ)]
    socket.send_fds(server, [b"\0"], [0, 1, 2])
    server.sendall(json.dumps(request).encode() + b"\n")
    code = int(server.recv(16))
if code < 0:  # by a signal, which Python may have a handler for
    signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
    os.kill(os.getpid(), -code)
os._exit(code)
