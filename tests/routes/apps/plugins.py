# SPDX-License-Identifier: Apache-2.0
"""A Flask factory whose rules depend on what it finds when it runs; which of them there are is seen
by their views."""
import functools
import os

from flask import Blueprint, Flask, jsonify

shared = Blueprint("shared", __name__)


def logged(view):
    @functools.wraps(view)
    def call(*args, **values):
        return view(*args, **values)
    return call


@shared.route("/<int:number>")
def shared_number(number):
    return "number"


@shared.route("/<path:rest>", methods=["GET", "POST"])
@logged
def shared_rest(rest):
    return "rest"


def items(app):
    if os.environ.get("NOTHING", "x"):
        @app.route("/items/<int:item>")
        def item(item):
            return "item"

        @app.route("/items/<name>", methods=["GET", "PUT"])
        @logged
        def named(name):
            return "named"
    else:
        @app.route("/items/<other>")
        def other(other):
            return "other"


def reports(app):
    methods = ["GET"] + [method for method in ("POST", "DELETE") if method in app.config]

    @app.route("/reports/<day>", methods=methods)
    def report(day):
        return "report"

    def summary(first, last):
        return "summary"
    app.add_url_rule("/reports/<first>-<last>", view_func=summary)

    @app.route("/pages/", defaults={"page": 1})
    @app.route("/pages/<int:page>")
    def page(page):
        return "page"

    # these are known by their views not to be any of the others
    for kind in ("daily", "weekly"):
        app.add_url_rule("/reports/%s/<int:number>" % kind, kind, computed)


def computed(number):
    return "computed"


def twice(name):
    return "twice"


def create_app():
    app = Flask(__name__, static_folder=None)
    items(app)
    reports(app)
    prefix = os.environ.get("NOTHING", "/shared")
    app.register_blueprint(shared, url_prefix="/all")
    app.register_blueprint(shared, url_prefix=prefix, name="again")
    try:
        app.add_url_rule("/twice/<name>", view_func=twice)
        app.add_url_rule("/twice/<int:name>", "number", twice)
    finally:
        pass

    @app.route("/health")
    def health():
        return jsonify("ok")
    return app
