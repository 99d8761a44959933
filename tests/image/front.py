# SPDX-License-Identifier: Apache-2.0
"""What stands in front of a registry of others and passes requests on, as nginx does: each when it has come whole. By the
rule "take": N it ends the connection after N bytes of the body; with "pass" those have gone on to the registry."""
import http.client

from faults import Cut

HOP = ("connection", "keep-alive", "transfer-encoding")


class Front:
    def __init__(self, handler):
        self.h = handler

    def answer(self):
        h = self.h
        data = h.body()
        cut = "take" in h.rule
        if cut and not h.rule.get("pass"):
            raise Cut
        upstream = http.client.HTTPConnection("127.0.0.1", h.options["to"], timeout=60)
        upstream.putrequest(h.command, h.path, skip_host=True, skip_accept_encoding=True)
        for name, value in h.headers.items():
            if name.lower() not in HOP:
                upstream.putheader(name, value)
        upstream.endheaders(data)
        if cut:
            upstream.close()
            raise Cut
        response = upstream.getresponse()
        body = response.read()
        h.reply(response.status, body, {name: value for name, value in response.getheaders() if name.lower() not in HOP})
        upstream.close()
