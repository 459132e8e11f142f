# SPDX-License-Identifier: Apache-2.0
def attach(application):
    def ping():
        return "pong"
    application.add_url_rule("/ping", view_func=ping, methods=["GET"])
