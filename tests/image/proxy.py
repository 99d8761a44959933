# SPDX-License-Identifier: Apache-2.0
"""The CONNECT of a forward proxy: bytes to and fro until one side ends."""
import select
import socket


def tunnel(handler):
    host, port = handler.path.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as far:
        handler.send_response(200)
        handler.end_headers()
        near = handler.connection
        while True:
            ready, _, _ = select.select([near, far], [], [], 60)
            if not ready:
                break
            for one, other in ((near, far), (far, near)):
                if one in ready:
                    data = one.recv(1 << 16)
                    if not data:
                        handler.close_connection = True
                        return
                    other.sendall(data)
