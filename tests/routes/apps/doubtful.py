# SPDX-License-Identifier: Apache-2.0
"""A Flask application of which much cannot be known without running it."""
import os

from flask import Blueprint, Flask

app = Flask(__name__, static_folder=None)
dynamic = Blueprint("dynamic", __name__, url_prefix="/" + os.environ.get("NOTHING", "dyn"))
known = Blueprint("known", __name__)


@app.route("/known/<int:number>")
def number(number):
    return "number"


@app.route("/fixed/route")
def fixed():
    return "fixed"


for name in ("one", "two"):
    app.add_url_rule("/loop/" + name, name, lambda: "loop")

if os.environ.get("NOTHING", "x"):
    @app.route("/branch/<name>")
    def branch(name):
        return "branch"


@app.route(f"/{os.name}/format")
def formatted():
    return "formatted"


@app.route("/paged/", defaults={"page": 1})
@app.route("/paged/<int:page>")
def paged(page):
    return "paged"


@dynamic.route("/<int:number>")
def hidden(number):
    return "hidden"


@known.route("/below/<name>")
def below(name):
    return "below"


def extend(target):
    target.add_url_rule("/extended/<name>", "extended", lambda name: "extended")


extend(app)
app.register_blueprint(dynamic)
app.register_blueprint(known, url_prefix="/dyn")
