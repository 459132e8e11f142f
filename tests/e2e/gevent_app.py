# SPDX-License-Identifier: Apache-2.0
"""A view that many requests are in at once, in one thread: greenlets."""
from gevent import monkey

monkey.patch_all()

import time  # noqa: E402

from flask import Flask  # noqa: E402
from gevent.pywsgi import WSGIServer  # noqa: E402

app = Flask(__name__)


def inner(**values):
    time.sleep(0.002)
    return values


@app.route("/view")
def view():
    time.sleep(0.003)
    inner(**{"seconds": 1})
    return "ok"


server = WSGIServer(("127.0.0.1", 0), app, log=None)
server.start()
print("listening on 127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
