# SPDX-License-Identifier: Apache-2.0
"""Flask's rules in many spellings, all of them certain."""
import flask
from flask import Blueprint as Part, Flask
from flask import request, views  # noqa: F401

SHOP = "/shop"
app = Flask(__name__, static_url_path="/files")
app.config["SECRET_KEY"] = "none"
part = Part("part", __name__, url_prefix=SHOP)
inner = Part("inner", __name__)


@app.route("/")
@app.route("/index", methods=("GET", "post"))
def index():
    return "index"


@app.get('/users/<name>')
def user(name):
    return name


@app.route(
    "/users/<int:number>",  # with a comment
    methods=[
        "GET", "PUT",
    ],
)
def user_by_number(number):
    return str(number)


@app.route("/users/me")
def me():
    return "me"


@app.route("/users/" "<string(length=2):code>")
def country(code):
    return code


@app.route(r"/files/<path:name>/edit", methods=["GET"])
def edit(name):
    return name


@app.route("/any/<any(red, green,blue):colour>/<float:x>-<float:y>")
@app.route("/any/<colour>/<x>-<y>")
def point(colour, x, y):
    return colour


@app.route("/things/<uuid:thing>/", methods=["GET", "DELETE"])
def thing(thing):
    return str(thing)


@app.route("/loose", strict_slashes=False)
def loose():
    return "loose"


@app.route("/loosely/<int:number>/", strict_slashes=False)
def loosely(number):
    return "loosely"


@app.delete("/users/<int:number>")
def remove(number): return "", 204  # noqa: E704


async def late():
    return "late"

app.add_url_rule("/late/<path:rest>", "late", late); app.add_url_rule("/late", view_func=late)  # noqa: E702


@part.route("")
def part_index():
    return "part"


@part.route("/<int:number>")
def part_number(number):
    return str(number)


@inner.route("/deep/<short>.html")
@inner.route("/deep/<short>")
def deep(short):
    return short


part.register_blueprint(inner, url_prefix="/inner")
app.register_blueprint(part)
app.register_blueprint(inner, url_prefix="/other/", name="other")
app.register_blueprint(inner, name="bare")


class Thing(views.MethodView):
    decorators = []

    def get(self, key):
        return key

    def delete(self, key):
        return key


class Box(Thing):
    def put(self, key):
        return key


class Page(views.View):
    def dispatch_request(self):
        return "page"


box = Box.as_view("box")
app.add_url_rule("/thing/<key>", view_func=Thing.as_view("thing_class"))
app.add_url_rule("/box/<int:key>", view_func=box)
app.add_url_rule("/page", view_func=Page.as_view("page"))


def view_that_logs():
    app.logger.info("nothing of routes")


if __name__ == "__main__":
    flask.Flask.run(app)
