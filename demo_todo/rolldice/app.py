# SPDX-License-Identifier: Apache-2.0
"""A die behind a URL: /rolldice?player=Ada answers a number from 1 to 6.

    flask run -p 8080
"""
import logging
from random import randint

from flask import Flask, request

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger(__name__)

app = Flask(__name__)


def roll():
    return randint(1, 6)


@app.route("/rolldice")
def rolldice():
    player = request.args.get("player")
    value = roll()
    if player:
        logger.warning("%s rolled a %d", player, value)
    else:
        logger.warning("someone rolled a %d", value)
    return str(value)
