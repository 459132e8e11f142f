#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Asks Flask, FastAPI, Starlette and Django themselves which route takes a request, thousands of
random ones, and holds it against what was read from the sources of the same applications.

    tests/routes/compare.py [APPLICATION...]

A route that is given must be the framework's. One that is not given counts; of applications that
are certain all must be. Both again as if the view had been seen to run that the framework gives.
"""
import importlib
import inspect
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


# Each answers the routes there are, and a function from method and unescaped path to a route and
# what is called for it

def flask(app):
    from werkzeug.exceptions import HTTPException
    adapter = app.url_map.bind("localhost")

    def ask(method, path):
        try:
            rule = adapter.match(path, method, return_rule=True)[0]
        except HTTPException:
            return None, None
        return rule.rule, app.view_functions.get(rule.endpoint)
    return [rule.rule for rule in app.url_map.iter_rules()], ask


def starlette(app):
    from starlette.routing import Match, Route

    def ask(method, path):
        scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
        for route in app.routes:
            if route.matches(scope)[0] == Match.FULL:
                return (route.path, route.endpoint) if isinstance(route, Route) else (None, None)
        return None, None
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
            match = resolver.resolve(path)
        except Resolver404:
            return None, None
        return match.route, match.func
    return ["/" + text for text in flatten(resolver.url_patterns, "")], ask


def module(name):
    return lambda: importlib.import_module(name)


# how its process is started, the framework, the application, and how many in a hundred of the
# routes that the framework gives must be known, without and with the views
CASES = {
    "plain": (["-m", "flask", "--app", "plain", "run"], flask, lambda: module("plain")().app, 100, 100),
    "doubtful": (["-m", "flask", "--app", "doubtful.py", "run"], flask,
                 lambda: module("doubtful")().app, 5, 5),
    "factory": (["/usr/bin/gunicorn", "-w", "2", "shop:create_app()"], flask,
                lambda: module("shop")().create_app(), 100, 100),
    "flask_factory": (["/usr/bin/flask", "--app", "shop", "run"], flask,
                      lambda: module("shop")().create_app(), 100, 100),
    "plugins": (["-m", "flask", "--app", "plugins", "run"], flask,
                lambda: module("plugins")().create_app(), 0, 50),
    "fastapi": (["/usr/bin/uvicorn", "--port", "1", "items:app"], starlette,
                lambda: module("items")().app, 100, 100),
    "tenants": (["/usr/bin/uvicorn", "tenants:app"], starlette, lambda: module("tenants")().app,
                0, 50),
    "starlette": (["/usr/bin/uvicorn", "stars:app"], starlette, lambda: module("stars")().app, 100, 100),
    "django": (["manage.py", "runserver", "1"], django, lambda: None, 90, 99),
    "django_wsgi": (["/usr/bin/gunicorn", "forum.wsgi"], django, lambda: None, 90, 99),
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


def place(view):
    """Where the function stands that is seen to run, as the daemon is told; "" for those that it
    is not told of."""
    view = inspect.unwrap(view) if inspect.isroutine(view) else None
    if view is None or not view.__code__.co_filename.startswith(str(APPS)):
        return ""
    code = view.__code__
    return "\t%d %s %s" % (code.co_firstlineno, view.__qualname__, code.co_filename)


def seen(rng, view, answers):
    """The view, and in some cases another that it calls; none without it."""
    first = place(view)
    return first + place(rng.choice(answers)[1]) if first and rng.random() < 0.2 else first


def ask_ours(command, requests):
    """A route for each method, path and what ran."""
    text = "".join("%s %s%s\n" % (method, urllib.parse.quote(path, safe="/-._~:@!$&'()*+,;="), ran)
                   for method, path, ran in requests)
    done = subprocess.run([ASK, APPS, "PATH=/usr/bin", "--", PYTHON, *command], input=text,
                          capture_output=True, text=True)
    if done.returncode:
        raise SystemExit("no table, status %d: %s" % (done.returncode, done.stderr))
    return [None if line == "-" else line for line in done.stdout.splitlines()]


def hold_against(ours, theirs, least):
    """What is wrong with them; how many are known."""
    if len(ours) != len(theirs):
        return "%d answers to %d requests" % (len(ours), len(theirs)), 0
    for request, mine, right in ((*pair, want) for pair, want in zip(ours, theirs)):
        if mine and mine != right or (mine != right and least == 100 and right):
            return "%s %s%s: got %s, want %s" % (*request, mine, right), 0
    return None, sum(mine is not None for _, mine in ours)


def compare(name):
    command, framework, load, *least = CASES[name]
    routes, ask = framework(load())
    rng = random.Random(name)
    requests = [(rng.choice(METHODS), random_path(rng, routes)) for _ in range(COUNT)]
    # two slashes in front: servers differ in what they make of it
    requests = [request for request in requests if not request[1].startswith("//")]
    answers = [ask(*request) for request in requests]
    theirs = [route or None for route, _ in answers]
    routed = sum(right is not None for right in theirs)
    for views, enough in zip((False, True), least):
        asked = [(*request, seen(rng, view, answers) if views else "")
                 for request, (_, view) in zip(requests, answers)]
        why, known = hold_against(list(zip(asked, ask_ours(command, asked))), theirs, enough)
        if why:
            return why
        print("# %s: %d requests, %d have a route, %d are known%s" % (
            name, len(asked), routed, known, " by their views" if views else ""))
        if known * 100 < routed * enough:
            return "%d of %d are known" % (known, routed)
    return None


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
