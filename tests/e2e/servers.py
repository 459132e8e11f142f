# SPDX-License-Identifier: Apache-2.0
"""The servers under test: each function starts one on a free port and returns when it accepts."""
import os
import socket

from harness import BUILD, HELPERS, HERE, PYTHON, ROOT, Server, free_port, process_tree, wait_for

NGINX_CONF = """
daemon off; user root; worker_processes 2; pid {tmp}/nginx.pid; error_log {tmp}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; client_max_body_size 8m;
    client_body_temp_path {tmp}/body; proxy_temp_path {tmp}/proxy; fastcgi_temp_path {tmp}/fastcgi;
    uwsgi_temp_path {tmp}/uwsgi; scgi_temp_path {tmp}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=1024; root {tmp}/www;
        location /proxy/ {{ proxy_http_version 1.1; proxy_pass http://{backend}/; }}
    }}
}}
"""


def _announced(run, command, pattern=r"listening on (?:http://)?(\S+)", **options):
    process = run.start(command, **options)
    return Server(process, process.wait_text(pattern)[1])


def todo(run, *args, program=BUILD / "todo"):
    return _announced(run, [program, "--port", 0, "--db", ":memory:", *args])


def rolldice(run, program=BUILD / "rolldice"):
    return _announced(run, [program, "--port", 0], r"listening on http://(\S+?)/?$")


def todo_unix(run):
    path = run.tmp / "todo.sock"
    process = run.start([BUILD / "todo", "--unix", path, "--db", ":memory:"])
    process.wait_text("listening on")
    return Server(process, "unix:%s" % path)


def flask_env(run):
    return {**os.environ, "PATH": "/usr/bin:/bin",
            "FLASK_APP": str(ROOT / "demo_todo/flask/app.py"), "TODO_DB": str(run.tmp / "todo.db"),
            "PYTHONDONTWRITEBYTECODE": "1"}


def flask(run, *python, **variables):
    """python: the words that start an interpreter, if not Debian's."""
    return _announced(run, [*(python or (PYTHON,)), "-m", "flask", "run", "-p", 0],
                      r"Running on http://(\S+)", env={**flask_env(run), **variables},
                      cwd=run.tmp)


APPS = ROOT / "tests/routes/apps"


def app(run, *command, pattern=r"(?:Running on http://|Listening at: http://|listening on )(\S+)",
        cwd=APPS):
    """One of the applications whose routes are compared, or of another folder."""
    return _announced(run, [PYTHON, *command], pattern, cwd=cwd,
                      env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"})


def _accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def nginx(run, backend=None):
    """Two workers; static files of several sizes; /proxy/ leads to the backend, a server."""
    port, conf, www = free_port(), run.tmp / "nginx.conf", run.tmp / "www"
    www.mkdir()
    for name, size in {"s0": 0, "s1k": 1000, "s64k": 65537, "s2m": 2000001}.items():
        (www / name).write_bytes(b"z" * size)
    conf.write_text(NGINX_CONF.format(tmp=run.tmp, port=port,
                                      backend=backend.address if backend else "127.0.0.1:9"))
    process = run.start(["nginx", "-p", run.tmp, "-c", conf, "-e", run.tmp / "error.log"])
    wait_for(lambda: len(process_tree(process.pid)) == 3 and _accepts(port), "nginx")
    return Server(process, "127.0.0.1:%d" % port)


def http_server(run):
    """HTTP/1.0: a connection each."""
    (run.tmp / "file").write_bytes(b"z" * 300001)
    return _announced(run, [PYTHON, "-u", "-m", "http.server", 0, "--bind", "127.0.0.1"],
                      r"\(http://(\S+)/\)", cwd=run.tmp)


def python(run, *args):
    return _announced(run, [PYTHON, HERE / "pyserver.py", *args])


def gunicorn(run, max_requests=0):
    process = run.start([PYTHON, "-m", "gunicorn", "-b", "127.0.0.1:0", "-w", 2, "--chdir", HERE,
                         "--max-requests", max_requests, "--worker-tmp-dir", run.tmp,
                         "--backlog", 1024, "wsgi_app:app"],
                        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    process.wait_text(r"Booting worker", 2)
    return Server(process, process.wait_text(r"Listening at: http://(\S+)")[1])


def node(run):
    return _announced(run, ["node", HERE / "nodeserver.js"])


def go(run):
    return _announced(run, [HELPERS / "goserver"])


def go_unix(run):
    return _announced(run, [HELPERS / "goserver", "-unix", run.tmp / "go.sock"])


def nasty_command(*args):
    return [HELPERS / "cserver", *args]


def nasty(run, *args):
    return _announced(run, nasty_command(*args))


def nasty_unix(run, *args):
    return nasty(run, "--unix", run.tmp / "nasty.sock", *args)


WORKERS = BUILD / "tests/workers"


def worker(run, way="threads", cnt=2, *, program=WORKERS / "O2-pie", library=None):
    """worker.c, in one of its builds."""
    return _announced(run, [program, way, cnt, *([library] if library else [])])
