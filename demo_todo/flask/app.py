# SPDX-License-Identifier: Apache-2.0
"""The to-do server once more, in Flask, with a few routes that behave badly on purpose.

    TODO_DB=tasks.db flask run -p 5000
"""
import os
import sqlite3
import time
from contextlib import closing

from flask import Flask, Response, abort, redirect, render_template, request

DB = os.environ.get("TODO_DB", "tasks.db")
TITLE_MAX = 200  # bytes, as in routes.h
BODY_MAX = 4096
PAGE_TASKS_MAX = 500
SLOW_MAX_MS = 10_000

app = Flask(__name__, static_folder="../static")


def query(sql, *values):
    """Runs one statement on a connection and in a transaction of its own; returns its rows."""
    with closing(sqlite3.connect(DB)) as db, db:
        return db.execute(sql, values).fetchall()


query("CREATE TABLE IF NOT EXISTS tasks (id INTEGER PRIMARY KEY, title TEXT NOT NULL)")


@app.route("/")
def index():
    tasks = query("SELECT id, title FROM tasks ORDER BY id LIMIT ?", PAGE_TASKS_MAX)
    return render_template("index.html", tasks=tasks)


@app.route("/add", methods=["POST"])
def add():
    if (request.content_length or 0) > BODY_MAX:
        abort(413)
    title = request.form.get("title", "")
    if not 0 < len(title.encode()) <= TITLE_MAX:
        abort(400)
    query("INSERT INTO tasks (title) VALUES (?)", title)
    app.logger.warning("added %r", title)
    return redirect("/")


@app.route("/delete/<int:task_id>")
def delete(task_id):
    if task_id >= 1 << 63:
        abort(404)
    query("DELETE FROM tasks WHERE id = ?", task_id)
    app.logger.warning("deleted task %d", task_id)
    return redirect("/")


@app.route("/healthz")
def healthz():
    return Response("ok\n", mimetype="text/plain")


@app.route("/fail")
def fail():
    raise RuntimeError("this route always fails")


@app.route("/slow")
def slow():
    delay_ms = min(max(request.args.get("ms", default=30, type=int), 0), SLOW_MAX_MS)
    time.sleep(delay_ms / 1000)
    return Response(f"took {delay_ms} ms\n", mimetype="text/plain")


@app.route("/export")
def export():
    """Three lines, each sent on its own."""
    return Response((f"line {number}\n" for number in (1, 2, 3)), mimetype="text/plain")


@app.route("/import", methods=["POST", "PUT"])
def import_tasks():
    return {"bytes": len(request.get_data())}, 201


@app.route("/busy")
def busy():
    return Response("come back later\n", status=503, mimetype="text/plain")
