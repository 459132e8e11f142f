#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Asks Flask, FastAPI, Starlette and Django themselves which route takes a request, thousands of
random ones, and holds it against what was read from the sources of the same applications.

    tests/routes/compare.py [APPLICATION...]

A route that is given must be the framework's. One that is not given counts; of applications that
are certain all must be.
"""
import importlib
import os
import pathlib
import random
import re
import subprocess
import sys
import urllib.parse
import uuid

HERE = pathlib.Path(__file__).resolve().parent
APPS = HERE / "apps"
ASK = pathlib.Path(os.environ.get("ROUTES_BUILD", HERE.parents[1] / "build")) / "tests/routes/ask"
COUNT = 20000
METHODS = ("GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get", "X")
VARIABLE = re.compile(r"<[^>]*>|\{[^}]*\}")
PYTHON = "/usr/bin/python3"

sys.dont_write_bytecode = True
sys.path.insert(0, str(APPS))


# Each answers the routes there are, and a function from method and unescaped path to a route

def flask(app):
    from werkzeug.exceptions import HTTPException
    adapter = app.url_map.bind("localhost")

    def ask(method, path):
        try:
            return adapter.match(path, method, return_rule=True)[0].rule
        except HTTPException:
            return None
    return [rule.rule for rule in app.url_map.iter_rules()], ask


def starlette(app):
    from starlette.routing import Match, Route

    def ask(method, path):
        scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
        for route in app.routes:
            if route.matches(scope)[0] == Match.FULL:
                return route.path if isinstance(route, Route) else None
        return None
    return [route.path for route in app.routes], ask


def django(_module):
    import django as package
    from django.urls import Resolver404, get_resolver
    os.environ["DJANGO_SETTINGS_MODULE"] = "forum.settings"
    package.setup()
    resolver = get_resolver()

    def flatten(patterns, prefix):
        for pattern in patterns:
            text = prefix + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                yield from flatten(pattern.url_patterns, text)
            else:
                yield text

    def ask(_method, path):
        try:
            return resolver.resolve(path).route
        except Resolver404:
            return None
    return ["/" + text for text in flatten(resolver.url_patterns, "")], ask


def module(name):
    return lambda: importlib.import_module(name)


# how its process is started, the framework, the application, and how many in a hundred of the
# routes that the framework gives must be known
CASES = {
    "plain": (["-m", "flask", "--app", "plain", "run"], flask, lambda: module("plain")().app, 100),
    "doubtful": (["-m", "flask", "--app", "doubtful.py", "run"], flask,
                 lambda: module("doubtful")().app, 5),
    "factory": (["/usr/bin/gunicorn", "-w", "2", "shop:create_app()"], flask,
                lambda: module("shop")().create_app(), 100),
    "flask_factory": (["/usr/bin/flask", "--app", "shop", "run"], flask,
                      lambda: module("shop")().create_app(), 100),
    "fastapi": (["/usr/bin/uvicorn", "--port", "1", "items:app"], starlette,
                lambda: module("items")().app, 100),
    "starlette": (["/usr/bin/uvicorn", "stars:app"], starlette, lambda: module("stars")().app, 100),
    "django": (["manage.py", "runserver", "1"], django, lambda: None, 99),
    "django_wsgi": (["/usr/bin/gunicorn", "forum.wsgi"], django, lambda: None, 99),
}
NEEDS = {flask: "flask", starlette: "fastapi", django: "django"}


def value(rng, variable):
    """One that fits, most of the time."""
    name = re.sub(r"[<{>}]", "", variable)
    kinds = [("uuid", lambda: str(uuid.UUID(int=rng.getrandbits(128)))),
             ("int", lambda: str(rng.choice((0, 7, 42, "007", 10 ** 20, -1)))),
             ("float", lambda: "%.2f" % rng.uniform(0, 99)),
             ("path", lambda: "/".join(rng.choices(("a", "b.c", "", "x y"), k=rng.randint(1, 4)))),
             ("any", lambda: rng.choice(("red", "green", "yellow")))]
    words = ("me", "de", "a", "user", "latest", "x-y", "1-2", "1.5", "12", "caf\u00e9", "A", "1.5-2.5")
    for kind, make in kinds:
        if kind in name and rng.random() < 0.7:
            return make()
    return rng.choice(words)


def random_path(rng, routes):
    path = VARIABLE.sub(lambda match: value(rng, match[0]), rng.choice(routes))
    for _ in range(rng.choice((0, 0, 0, 1, 2))):
        cut = rng.randint(1, len(path)) if path else 0
        path = rng.choice((path + "/", path.rstrip("/"), path[:cut], path + "/x", path.upper(),
                           path[:cut] + "/" + path[cut:], path[:cut] + "1" + path[cut:]))
    return path if path.startswith("/") else "/" + path


def ask_ours(command, requests):
    text = "".join("%s %s\n" % (method, urllib.parse.quote(path, safe="/-._~:@!$&'()*+,;="))
                   for method, path in requests)
    done = subprocess.run([ASK, APPS, "PATH=/usr/bin", "--", PYTHON, *command], input=text,
                          capture_output=True, text=True)
    if done.returncode:
        raise SystemExit("no table, status %d: %s" % (done.returncode, done.stderr))
    return [None if line == "-" else line for line in done.stdout.splitlines()]


def compare(name):
    command, framework, load, least = CASES[name]
    routes, ask = framework(load())
    rng = random.Random(name)
    requests = [(rng.choice(METHODS), random_path(rng, routes)) for _ in range(COUNT)]
    # two slashes in front: servers differ in what they make of it
    requests = [request for request in requests if not request[1].startswith("//")]
    theirs = [ask(*request) or None for request in requests]
    ours = ask_ours(command, requests)
    if len(ours) != len(theirs):
        return "%d answers to %d requests" % (len(ours), len(theirs))
    for request, mine, right in zip(requests, ours, theirs):
        if mine and mine != right or (mine != right and least == 100 and right):
            return "%s %s: got %s, want %s" % (*request, mine, right)
    routed = sum(right is not None for right in theirs)
    known = sum(mine is not None for mine in ours)
    print("# %s: %d requests, %d have a route, %d are known" % (name, len(ours), routed, known))
    return None if known * 100 >= routed * least else "%d of %d are known" % (known, routed)


def main():
    status = 0
    for name in sys.argv[1:] or CASES:
        lacking = NEEDS[CASES[name][1]]
        if not importlib.util.find_spec(lacking):
            print("skip routes/%s: lacks %s" % (name, lacking))
            continue
        why = compare(name)
        print("FAIL routes/%s: %s" % (name, why) if why else "ok routes/%s" % name)
        status |= bool(why)
    return status


import importlib.util  # noqa: E402

sys.exit(main())
