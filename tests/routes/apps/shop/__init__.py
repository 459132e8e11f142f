# SPDX-License-Identifier: Apache-2.0
"""A factory, blueprints in modules of their own, and relative imports."""
from flask import Flask


def create_app(config=None):
    app = Flask(__name__)
    app.url_map.strict_slashes = False

    from . import pages
    from .api import bp as api_bp, extra
    app.register_blueprint(pages.bp)
    app.register_blueprint(api_bp, url_prefix="/api/v1")
    extra.attach(app)

    @app.route("/health")
    def health():
        return "ok"

    with app.app_context():
        @app.route("/context/<int:number>/")
        def context(number):
            return "context"
    return app
