# SPDX-License-Identifier: Apache-2.0
from flask import Blueprint

bp = Blueprint("pages", __name__, url_prefix="/pages", static_folder="assets")


@bp.get("/")
def pages():
    return "pages"


@bp.route("/<slug>/<int:page>")
def page(slug, page):
    return slug
