# SPDX-License-Identifier: Apache-2.0
"""A forward proxy: the CONNECT of TLS, bytes to and fro until one side ends, and requests of plain HTTP, each passed on by
the host in its address. "hosts": addresses of names that it alone knows; "login": what has to stand in Proxy-Authorization."""
import base64
import http.client
import select
import socket
import urllib.parse

from front import HOP


def address_of(handler, host):
    return handler.options.get("hosts", {}).get(host, host)


def tunnel(handler):
    host, port = handler.path.rsplit(":", 1)
    with socket.create_connection((address_of(handler, host), int(port)), timeout=10) as far:
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


class Proxy:
    def __init__(self, handler):
        self.h = handler

    def answer(self):
        h = self.h
        data = h.body()
        login = h.options.get("login")
        if login and h.headers.get("Proxy-Authorization") != "Basic " + base64.b64encode(login.encode()).decode():
            return h.reply(407, b"", {"Proxy-Authenticate": 'Basic realm="proxy"'})
        url = urllib.parse.urlsplit(h.path)
        far = http.client.HTTPConnection(address_of(h, url.hostname), url.port or 80, timeout=60)
        far.putrequest(h.command, h.path.split(url.netloc, 1)[1], skip_host=True, skip_accept_encoding=True)
        for name, value in h.headers.items():
            if name.lower() not in HOP and not name.lower().startswith("proxy-"):
                far.putheader(name, value)
        try:
            far.endheaders(data)
        except OSError:
            return h.reply(502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"})
        response = far.getresponse()
        body = response.read()
        h.reply(response.status, body, {name: value for name, value in response.getheaders() if name.lower() not in HOP})
        return far.close()
