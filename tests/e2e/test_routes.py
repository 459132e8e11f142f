# SPDX-License-Identifier: Apache-2.0
"""Routes of real servers, read from the sources while they serve."""
import os

import servers
from harness import check, check_equal, exchange, test


def ask(server, *requests):
    for request in requests:
        exchange(server.address, ("%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                                  "Content-Length: 0\r\n\r\n" % request).encode())


def names(run, server, *requests, args=()):
    """Name and route of each request's span."""
    pids = ",".join(map(str, server.pids()))
    daemon = run.daemon("--pid", pids, "--traces_exporter", "console,text", *args).wait_attached()
    ask(server, *requests)
    daemon.wait_spans(len(requests))
    daemon.stop()
    text = daemon.stdout()
    documents = [part for part in text.split("\n{\n")]
    found = [line.split('"')[3] for part in documents for line in part.splitlines()
             if line.startswith('    "name": "')]
    routes = [line.split('"')[3] for line in text.splitlines() if '"http.route": ' in line]
    return found, routes


@test("bpf", "flask")
def flask_routes(run):
    server = servers.flask(run)
    found = names(run, server, "GET /", "GET /delete/7", "POST /delete/7", "GET /nowhere/7",
                  "GET /static/none", "HEAD /delete/8")
    check_equal(found, (["GET /", "GET /delete/<int:task_id>", "POST /delete/{id}",
                         "GET /nowhere/{id}", "GET /static/<path:filename>",
                         "HEAD /delete/<int:task_id>"],
                        ["/", "/delete/<int:task_id>", "/static/<path:filename>",
                         "/delete/<int:task_id>"]), "names and routes")


@test("bpf", "flask", "gunicorn")
def factory_routes(run):
    server = servers.app(run, "-m", "gunicorn", "-b", "127.0.0.1:0", "--worker-tmp-dir", run.tmp,
                         "shop:create_app()")
    found = names(run, server, "GET /api/v1/items/5/parts/x", "GET /pages/a/1", "GET /ping")
    check_equal(found[1], ["/api/v1/items/<int:item>/parts/<part>", "/pages/<slug>/<int:page>",
                           "/ping"], "routes")


WSGIREF = """
from wsgiref.simple_server import make_server
from flask import Flask
app = Flask(__name__, static_folder=None)

@app.route("/numbers/<int:number>")
def number(number):
    return "number"

if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, app)
    print("listening on 127.0.0.1:%d" % server.server_port, flush=True)
    server.serve_forever()
"""


@test("bpf", "flask", "gunicorn")
def absolute_targets(run):
    """They have a route where the server splits them, and none where it answers 404."""
    (run.tmp / "numbers_app.py").write_text(WSGIREF)
    requests = ("GET /numbers/5", "GET http://h/numbers/5")
    gunicorn = ("-m", "gunicorn", "-b", "127.0.0.1:0", "--worker-tmp-dir", run.tmp, "numbers_app:app")
    for command, known in ((("numbers_app.py",), 1), (gunicorn, 2),
                           (("-m", "flask", "--app", "numbers_app", "run", "-p", 0), 2)):
        server = servers.app(run, *command, cwd=run.tmp)
        check_equal(names(run, server, *requests)[1], ["/numbers/<int:number>"] * known,
                    "routes under %s" % command[1 % len(command)])


@test("bpf", "fastapi", "uvicorn")
def fastapi_routes(run):
    server = servers.app(run, "-m", "uvicorn", "--port", 0, "items:app",
                         pattern=r"running on http://(\S+)")
    found = names(run, server, "GET /items/5", "DELETE /v1/3/a/b", "POST /items/5", "GET /x/y")
    check_equal(found, (["GET /items/{item}", "DELETE /v1/{x:int}/{y:path}", "POST /items/{id}",
                         "GET /{rest:path}"],
                        ["/items/{item}", "/v1/{x:int}/{y:path}", "/{rest:path}"]),
                "names and routes")


@test("bpf", "django", "gunicorn")
def django_routes(run):
    server = servers.app(run, "-m", "gunicorn", "-b", "127.0.0.1:0", "--worker-tmp-dir", run.tmp,
                         "forum.wsgi")
    found = names(run, server, "GET /articles/2024/", "GET /board/3/posts/4/", "GET /none")
    check_equal(found[1], ["articles/<int:year>/", "board/<int:pk>/posts/<int:post>/"], "routes")


@test("bpf", "helpers")
def routes_by_hand(run):
    server = servers.python(run)
    found = names(run, server, "GET /delete/7", "POST /delete/7", "PUT /x/1/y/z",
                  args=("--route", "GET /delete/{id}", "--route", "/x/{id:int}/{rest:path}"))
    check_equal(found, (["GET /delete/{id}", "POST /delete/{id}", "PUT /x/{id:int}/{rest:path}"],
                        ["/delete/{id}", "/x/{id:int}/{rest:path}"]), "names and routes")


@test("bpf")
def routes_that_cannot_be(run):
    for route in ("GET /a/{x:int} junk", "GET a", "GET /{x", ""):
        daemon = run.daemon("--pid", 1, "--route", route)
        check_equal(daemon.wait_exit(), 1, "status")
        check('--route: bad value "%s", want ' % route in daemon.stderr(), daemon.stderr())


@test("bpf", "flask")
def sources_are_only_read(run):
    """Links out of the process's folder, pipes and devices in place of sources: no route, no harm."""
    (run.tmp / "app.py").write_text((servers.ROOT / "demo_todo/rolldice/app.py").read_text())
    server = servers.app(run, "-m", "flask", "--app", run.tmp / "app.py", "run", "-p", 0)
    (run.tmp / "app.py").unlink()
    os.mkfifo(run.tmp / "app.py")
    found = names(run, server, "GET /rolldice", "GET /rolldice")
    check_equal(found[1], [], "routes")
