"""Stands for `python` on PATH: has a program begun as a fork, and ends as it does.

`tests/programs.py` puts it there, and begins the fork.
"""

import json
import os
import signal
import socket
import sys

with socket.socket(socket.AF_UNIX) as server:
    server.connect(os.path.join(os.path.dirname(__file__), "socket"))
    socket.send_fds(server, [b"\0"], [0, 1, 2])
    request = [sys.argv[1:], os.getcwd(), dict(os.environ)]
    server.sendall(json.dumps(request).encode() + b"\n")
    code = int(server.recv(16))
if code < 0:  # a signal
    if -code != signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
sys.exit(code)
