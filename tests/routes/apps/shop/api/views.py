# SPDX-License-Identifier: Apache-2.0
from shop.api import bp


@bp.route("/items", methods=["GET", "POST"])
def items():
    return "items"


@bp.route("/items/<int:item>", methods=["PATCH"])
@bp.route("/items/<int:item>/parts/<part>")
def item(item, part=None):
    return "item"
