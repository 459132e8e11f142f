// SPDX-License-Identifier: Apache-2.0
/* Where the view of each rule stands, and which route a request has whose view was seen to run. */
#include "model/function.h"
#include "route/route_table.h"
#include "test.h"
#include "test_sources.h"

#define FLASK	       "from flask import Blueprint, Flask\napp = Flask(__name__, static_folder=None)\n"
#define GET	       "= GET,HEAD,OPTIONS /a"
#define DEF	       "def f(x=None): return ''\n"
#define AT(line, name) "\t" line " " name " /srv/app.py\n"

/* Two modules, app.py and part.py; the lines that follow the first one. */
static void check(const char *app, const char *part, const char *lines)
{
	const struct file files[] = {{"/srv/app.py", app}, {"/srv/part.py", part}, {NULL, NULL}};
	struct buf text = {0};

	find_table(files, STR(FLASK_RUN), &text);
	CHECK_STR(str_sub(buf__view(&text), sizeof("werkzeug absolute\n") - 1, text.len), lines);
	buf__free(&text);
}

static void lines_of_views(void)
{
	check(FLASK "@app.route('/a')\n" DEF, "", GET AT("3", "f"));
	check(FLASK "\r\n\n#\n'''\n'''; s = [\n1,\n2] + \\\n[]\n@app.route('/a')\nasync " DEF, "",
	      GET AT("11", "f"));
	check(FLASK "@other\n\n# why\n@app.route(\n '/a')\n@more(\n1)\n" DEF, "", GET AT("3", "f"));
	check("\xef\xbb\xbf" FLASK "@app.get('/a')\n@app.get('/b')\ndef caf\xc3\xa9(): pass\n", "",
	      "= GET,HEAD,OPTIONS /b" AT("3", "caf\xc3\xa9") GET AT("3", "caf\xc3\xa9"));
	check(FLASK "if X:\n  @app.route('/a')\n  def f():\n    pass\n", "",
	      "? GET,HEAD,OPTIONS /a" AT("4", "f"));
	check(FLASK "import part\n", "from app import app\n\n@app.route('/a')\n" DEF,
	      GET "\t3 f /srv/part.py\n");
	/* of a rule that is not known */
	check(FLASK "@app.route(X)\n" DEF, "", "! * " AT("3", "f"));
	check(FLASK "b = Blueprint('b', 'b', url_prefix=X)\n@b.route('/a')\n" DEF
		    "app.register_blueprint(b)\n",
	      "", "! * " AT("4", "f"));
}

static void views_handed_over(void)
{
	check(FLASK DEF "app.add_url_rule('/a', view_func=f)\n", "", GET AT("3", "f"));
	check(FLASK DEF "app.add_url_rule('/a', 'e', f)\n", "", GET AT("3", "f"));
	check(FLASK "import part\napp.add_url_rule('/a', view_func=part.f)\n", "#\n" DEF,
	      GET "\t2 f /srv/part.py\n");
	check(FLASK "@wraps\n" DEF "app.add_url_rule('/a', view_func=f)\n", "",
	      "= ?,OPTIONS /a" AT("3", "f"));
	check(FLASK "def g(a):\n  " DEF "  a.add_url_rule('/a', view_func=f)\ng(app)\n", "",
	      "= ?,OPTIONS /a" AT("4", "f"));
	check(FLASK DEF "for x in L: app.add_url_rule(x, view_func=f)\n", "", "! * " AT("3", "f"));
}

static void views_not_known(void)
{
	check(FLASK DEF "app.route('/a')(f)\n", "", "! * \n");
	check(FLASK "@app.get('/a')(g)\n" DEF, "", "! * \n");
	check(FLASK "def some(x): pass\n@some(app.get('/a'))\n" DEF, "", GET "\n");
	check(FLASK "@app.get('/a')\nclass F: pass\n", "", GET "\n");
	check(FLASK "def page(x): return app.route(x)\n@page('/a')\n" DEF, "", GET "\n");
	check(FLASK DEF "app.add_url_rule('/a', view_func=g(f))\n", "", "= ?,OPTIONS /a\n");
	check(FLASK DEF "app.add_url_rule('/a', *x, f)\n", "", "? GET,HEAD,OPTIONS /a\n");
	check(FLASK "f = lambda: 1\napp.add_url_rule('/a', view_func=f)\n", "", "= ?,OPTIONS /a\n");
}

static void check_table(const struct file *files, struct str cmdline, const char *table)
{
	struct buf text = {0};

	find_table(files, cmdline, &text);
	CHECK_STR(buf__view(&text), table);
	buf__free(&text);
}

static void other_frameworks(void)
{
	static const struct file fastapi[] = {
		{"/srv/app.py", "import fastapi\napp = fastapi.FastAPI(openapi_url=None)\n"
				"r = fastapi.APIRouter()\n@r.get('/{x}')\n" DEF
				"app.include_router(r, prefix='/v')\n"
				"app.include_router(r, prefix=X)\n"
				"def g(): pass\napp.add_api_route('/g', g)\n"
				"app.add_route('/h', g)\n"},
		{NULL, NULL},
	};
	static const struct file django[] = {
		{"/srv/s.py", "ROOT_URLCONF = 'u'\n"},
		{"/srv/u.py", "from django.urls import path, re_path\nfrom v import f\nimport v\n"
			      "urlpatterns = [path('a', v.f), path('<x>', f), re_path('^b', f),\n"
			      " path('c', v.C.as_view()), path('d', g(f))]\n"},
		{"/srv/v.py", "@login\n" DEF},
		{"/srv/w.py", "import os\nfrom django.core.wsgi import get_wsgi_application\n"
			      "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 's')\n"
			      "app = get_wsgi_application()\n"},
		{NULL, NULL},
	};

	check_table(fastapi, STR("python3\0/usr/bin/uvicorn\0app:app\0"),
		    "starlette\n= GET /v/{x}" AT("4", "f") "! * " AT("4", "f") "= GET /g" AT(
			    "8", "g") "= GET,HEAD /h" AT("8", "g"));
	check_table(django, STR("python3\0/usr/bin/gunicorn\0w:app\0"),
		    "django\n= * a\t1 f /srv/v.py\n= * <x>\t1 f /srv/v.py\n"
		    "/ * 0 ^b\t1 f /srv/v.py\n= * c\n= * d\n");
}

static const struct function functions[] = {
	{.name = STR("f"), .file = STR("/a b"), .line = 1},
	{.name = STR("make.<locals>.g"), .file = STR("/a b"), .line = 2},
	{.name = STR("C.h"), .file = STR("/a b"), .line = 3},
	/* none of the views, but much like one */
	{.name = STR("f"), .file = STR("/a b"), .line = 2},
	{.name = STR("f"), .file = STR("/b"), .line = 1},
	{.name = STR("x"), .file = STR("/a b"), .line = 1},
	{.name = STR("f.<locals>.x"), .file = STR("/a b"), .line = 1},
	{.line = 0},
};

#define F     1
#define G     2
#define H     4
#define ALIKE 0xf8

static void ask(const char *text, u32 mask, const char *target, const char *route)
{
	const struct function *ran[ARRAY_SIZE(functions)];
	struct route_table *table;
	u32 cnt = 0;

	for (u32 i = 0; i < ARRAY_SIZE(functions); i++)
		if (mask >> i & 1)
			ran[cnt++] = &functions[i];
	if (route_table__new(&table, str_from(text)))
		abort();
	CHECK_STR(route_table__settle(table, STR("GET"), str_from(target), ran, cnt), route);
	route_table__free(table);
}

#define OF_F "\t1 f /a b\n"
#define OF_G "\t2 g /a b\n"
#define OF_H "\t3 h /a b\n"

static void seen_views_settle(void)
{
	static const char doubtful[] =
		"werkzeug\n? GET /a/<int:n>" OF_F "? GET /a/<x>" OF_G "? POST /a/<x>" OF_H
		"= GET,? /b" OF_H "! * /c" OF_H "= GET /d/<own:x>" OF_H;

	ask(doubtful, 0, "/a/1", "");
	ask(doubtful, ALIKE, "/a/1", "");
	ask(doubtful, F | ALIKE, "/a/1", "/a/<int:n>");
	ask(doubtful, G, "/a/1", "/a/<x>");
	ask(doubtful, G, "/a/b", "/a/<x>");
	ask(doubtful, G | H, "/a/b", "/a/<x>");
	/* which was the view? */
	ask(doubtful, F | G, "/a/1", "");
	/* not of this path */
	ask(doubtful, F, "/a/b", "");
	ask(doubtful, H, "/a/b", "");
	ask(doubtful, H, "/b", "/b");
	ask(doubtful, H, "/d/1", "/d/<own:x>");
	/* that of a rule that is not known */
	ask(doubtful, H, "/c", "");
	ask(doubtful, F, "http://h", "");
}

static void what_may_be_another(void)
{
	/* its view is anyone's */
	ask("starlette\n? GET /{x}\n= GET /a" OF_F, F, "/a", "");
	ask("starlette\n! * /a\n= GET /a" OF_F, F, "/a", "");
	ask("starlette\n! * /b\n= GET /a" OF_F "= GET /{x}\n", F, "/a", "/a");
	ask("starlette\n! * " OF_G "= GET /a" OF_F, F, "/a", "/a");
	ask("starlette\n! * " OF_F "= GET /a" OF_F, F, "/a", "");
	/* the same by two rules: of one text or not */
	ask("starlette\n? GET /a" OF_F "? GET /a" OF_F, F, "/a", "/a");
	ask("starlette\n? GET /{x}" OF_F "? GET /a" OF_F, F, "/a", "");
}

static void sure_rules(void)
{
	static const char table[] = "django\n= * a" OF_F "= * <x>" OF_G "= * b" OF_H;

	ask(table, 0, "/a", "a");
	ask(table, F, "/a", "a");
	ask(table, F | G, "/a", "a");
	/* no view of this path: a helper */
	ask(table, H, "/a", "a");
	ask(table, ALIKE, "/a", "a");
	/* the table says f, but g ran */
	ask(table, G, "/a", "");
	ask("django\n= * a\n= * <x>" OF_G, G, "/a", "a");
	ask("django\n/ * 0 ^a$" OF_F "! * " OF_G, G, "/a", "");
}

static void bad_places(void)
{
	static const char *const places[] = {
		"1",	  "1 ",	     "1 f",   "1 f ",		" f /a",  "x f /a",
		"0 f /a", "-1 f /a", "1  /a", "123456789 f /a", "1x f /a"};
	struct route_table *table;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct buf text = {0};

		buf__printf(&text, "starlette\n= GET /a\t%s\n", places[i]);
		CHECK(route_table__new(&table, buf__view(&text)) == -EINVAL);
		buf__free(&text);
	}
}

int main(void)
{
	RUN(lines_of_views);
	RUN(views_handed_over);
	RUN(views_not_known);
	RUN(other_frameworks);
	RUN(seen_views_settle);
	RUN(what_may_be_another);
	RUN(sure_rules);
	RUN(bad_places);
	return test_status();
}
