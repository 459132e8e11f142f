// SPDX-License-Identifier: Apache-2.0
/* Which routes Python sources have: spellings, imports, and all that is not to be guessed. */
#include "test.h"
#include "test_sources.h"

/* The table without what it says of views, or "" if there is none. */
static void check_files(const struct file *files, struct str cmdline, const char *table)
{
	struct buf text = {0}, bare = {0};
	bool view = false;

	find_table(files, cmdline, &text);
	for (size_t i = 0; i < text.len; i++) {
		view = text.p[i] != '\n' && (view || text.p[i] == '\t');
		if (!view)
			buf__char(&bare, text.p[i]);
	}
	CHECK_STR(buf__view(&bare), table);
	buf__free(&text);
	buf__free(&bare);
}

#define FLASK_APP "from flask import Flask, Blueprint\napp = Flask(__name__, static_folder=None)\n"

/* One module, app.py, of Flask; the lines that follow its application's. */
static void check(const char *source, const char *lines)
{
	struct buf text = {0}, table = {0};
	struct file files[2] = {{"/srv/app.py", NULL}, {NULL, NULL}};

	buf__printf(&text, "%s%s%c", FLASK_APP, source, 0);
	buf__printf(&table, "werkzeug absolute\n%s%c", lines, 0);
	files[0].text = text.p;
	check_files(files, STR(FLASK_RUN), table.p);
	buf__free(&text);
	buf__free(&table);
}

#define DEF "def f(x=None): return ''\n"
#define A   "= GET,HEAD,OPTIONS /a\n"
/* Something nobody knows was added. */
#define ANY "! * \n"

static void spellings(void)
{
	check("@app.route('/a')\n" DEF, A);
	check("@app.route(rule=\"/a\")\n" DEF, A);
	check("@app.route(\n  # which\n  '/' 'a', # that\n)\n" DEF, A);
	check("@app.route(('/a'))\n" DEF, A);
	check("@app.route(r'/a', methods = [ 'get' , ])\n" DEF, A);
	check("@app.route(u'''/a''')\n" DEF, A);
	check("@app.route('/\\\na')\r\n" DEF, A);
	check("@ app . route ('/a')\nasync " DEF, A);
	check("P = '/a'\n@app.route(P)\n" DEF, A);
	check("class P: pass\n@app.get('/a')\n" DEF, A);
	check("x = 1; app.add_url_rule('/a', 'a', f)\n", "= ?,OPTIONS /a\n");
	check(DEF "app.add_url_rule('/a', view_func=f)\n", A);
	check("other = app\n@other.route('/a')\n" DEF, A);
	check("@app.route('/a', methods={'POST'})\n" DEF, "= POST,OPTIONS /a\n");
	check("M = ('PUT', 'post')\n@app.route('/a', methods=M)\n" DEF, "= PUT,POST,OPTIONS /a\n");
	check("@app.route('/a', strict_slashes=False)\n" DEF, "~ GET,HEAD,OPTIONS /a\n");
	/* the lower of two is called first */
	check("@app.route('/b')\n@app.route('/a')\n" DEF, A "= GET,HEAD,OPTIONS /b\n");
	check("if True: pass\nelse: pass\n@app.route('/a')\n" DEF, A);
	check("with app.app_context():\n\t@app.route('/a')\n\tdef f(): pass\n", A);
	check("s = '''\n@app.route('/b')\n'''\n@app.route('/a')\n" DEF, A);
	check("# @app.route('/b')\n@app.route('/a')\n" DEF, A);
}

static void not_guessed(void)
{
	check("@app.route('/a' + X)\n" DEF, ANY);
	check("@app.route(f'/a')\n" DEF, ANY);
	check("@app.route('/a\\x41')\n" DEF, ANY);
	check("@app.route(*rules)\n" DEF, ANY);
	check("@app.route('/a', **options)\n" DEF, "? GET,HEAD,OPTIONS /a\n");
	check("@app.route('/a', subdomain='x')\n" DEF, "? GET,HEAD,OPTIONS /a\n");
	check("@app.route('/a', methods=M)\n" DEF, "= ?,OPTIONS /a\n");
	check("if X:\n  @app.route('/a')\n  def f(): pass\n", "? GET,HEAD,OPTIONS /a\n");
	check("try:\n  @app.route('/a')\n  def f(): pass\nfinally: pass\n",
	      "? GET,HEAD,OPTIONS /a\n");
	check("extend(app)\n@app.route('/a')\n" DEF, ANY A);
	check("x = [app]\n@app.route('/a')\n" DEF, ANY A);
	check("def late(): app.add_url_rule('/b')\n@app.route('/a')\n" DEF, A ANY);
	check("add = app.add_url_rule\n@app.route('/a')\n" DEF, ANY A);
	check("from flask_cors import CORS\nCORS(app)\n@app.route('/a')\n" DEF, A);
	check("@app.route('/<int:n>')\n@app.route('/', defaults={'n': 1})\n" DEF,
	      "? GET,HEAD,OPTIONS /\n? GET,HEAD,OPTIONS /<int:n>\n");
}

static void no_table(const char *source)
{
	struct file files[] = {{"/srv/app.py", source}, {NULL, NULL}};

	check_files(files, STR(FLASK_RUN), "");
}

#define TWO "uvicorn.run(uvicorn.run("
#define TEN TWO TWO TWO TWO TWO

static void no_application(void)
{
	no_table("");
	no_table("print('hello')\n");
	no_table(FLASK_APP "app.wsgi_app = Dispatcher(app.wsgi_app)\n@app.route('/a')\n" DEF);
	no_table(FLASK_APP "app.url_map.host_matching = True\n@app.route('/a')\n" DEF);
	no_table(FLASK_APP "for app in apps: pass\n@app.route('/a')\n" DEF);
	no_table(FLASK_APP "app = Middleware(app)\n@app.route('/a')\n" DEF);
	no_table("from flask import Flask\nif X:\n  app = Flask('a')\nelse:\n  app = Flask('b')\n"
		 "@app.route('/a')\n" DEF);
	no_table("from flask import Flask\none = Flask('a')\ntwo = Flask('b')\n"
		 "@one.route('/a')\n" DEF);
	no_table("from flask import Flask\napp = Flask('a', host_matching=True)\n"
		 "@app.route('/a')\n" DEF);
	/* not Python */
	no_table(FLASK_APP "@app.route('/a')\n" DEF "x = ')\n");
	no_table(FLASK_APP "@app.route('/a')\n" DEF "x = (]\n");
	no_table(FLASK_APP "@app.route('/a')\n" DEF "x = (\n");
	/* work without end: calls of itself, each doubled, and imports of what imports it */
	no_table(FLASK_APP "@app.route('/a')\n" DEF "def g(): g()\ng()\n");
	no_table(FLASK_APP "@app.route('/a')\n" DEF "def g(a, b): h(a, b)\n"
			   "def h(a, b): g(a, b); g(b, a)\ng(1, 2)\n");
	no_table("import app\n");
	/* each is asked twice what is in it: whom it serves, and by what name */
	no_table(FLASK_APP "import uvicorn\nuvicorn.run(" TEN TEN TEN "1"
			   "))))))))))"
			   "))))))))))))))))))))"
			   ")\n@app.route('/a')\n" DEF);
}

static void proxies_are_known(void)
{
	check("from werkzeug.middleware.proxy_fix import ProxyFix\n"
	      "app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)\n@app.route('/a')\n" DEF,
	      A);
}

#define VIEWS "from flask.views import MethodView as M, View\n"
#define ADD   "app.add_url_rule('/a', view_func=X.as_view('x'))\n"

static void views(void)
{
	check(VIEWS "class X(M):\n def get(self): pass\n def post(self): pass\n" ADD,
	      "= GET,POST,HEAD,OPTIONS /a\n");
	check(VIEWS "class X(M):\n '''doc'''\n n = 1\n @w\n def put(self): pass\n"
		    "v = X.as_view('x')\napp.add_url_rule('/a', 'x', v)\n",
	      "= PUT,OPTIONS /a\n");
	check(VIEWS
	      "class B(M):\n def put(self): pass\nclass X(B):\n def options(self): pass\n" ADD,
	      "= PUT,OPTIONS /a\n");
	check(VIEWS "class X(View):\n def dispatch_request(self): pass\n" ADD, A);
	check(VIEWS "class X(View): pass\n"
		    "app.add_url_rule('/a', view_func=X.as_view('x'), methods=['PUT'])\n",
	      "= PUT,OPTIONS /a\n");
}

/* The rule is known, its methods are not. */
static void views_not_guessed(void)
{
	static const char *const sources[] = {
		VIEWS "class X(View):\n methods = L\n" ADD,
		VIEWS "class X(M):\n if L:\n  def get(self): pass\n" ADD,
		VIEWS "class X(M):\n get = L\n" ADD,
		VIEWS "class X(M):\n class get: pass\n" ADD,
		VIEWS "class X(M, L):\n def get(self): pass\n" ADD,
		VIEWS "class X(M, metaclass=L):\n def get(self): pass\n" ADD,
		VIEWS "class X(L):\n def get(self): pass\n" ADD,
		VIEWS "class X:\n def get(self): pass\n" ADD,
		VIEWS "@w\nclass X(M):\n def get(self): pass\n" ADD,
		VIEWS "class X(M):\n def get(self): pass\nX.methods = L\n" ADD,
		VIEWS "class X(M):\n def get(self): pass\n" DEF "def g(): X.put = f\ng()\n" ADD,
		VIEWS "class X(X): pass\n" ADD,
	};

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		check(sources[i], "= ?,OPTIONS /a\n");
}

/* exec("@app.route('/a/5')\ndef f(): ...") */
static void text_that_is_run(void)
{
	no_table(FLASK_APP "exec(TEXT)\n@app.route('/a')\n" DEF);
	no_table(FLASK_APP "@app.route('/a')\n" DEF "def g(): return eval(TEXT)\n");
	no_table(FLASK_APP "import builtins\nbuiltins.exec(TEXT)\n@app.route('/a')\n" DEF);
	no_table(FLASK_APP "run = exec\nrun(TEXT)\n@app.route('/a')\n" DEF);
	check("import re\nP = re.compile('a')\n@app.route('/a')\n" DEF, A);
	check("from re import compile\nP = compile('a')\n@app.route('/a')\n" DEF, A);
	check("def eval(x): pass\neval(1)\nmodel.eval()\nf(exec=1)\n@app.route('/a')\n" DEF, A);
}

static void converters(void)
{
	/* a rule that names it matches who knows what; all others are as they were */
	check("app.url_map.converters['list'] = L\n@app.route('/a')\n" DEF, A);
	no_table(FLASK_APP "app.url_map.converters['int'] = L\n@app.route('/a')\n" DEF);
	no_table(FLASK_APP "app.url_map.converters[X] = L\n@app.route('/a')\n" DEF);
	no_table(FLASK_APP "app.url_map.converters = L\n@app.route('/a')\n" DEF);
	check("x, app.url_map.converters['int'] = 1, L\n@app.route('/a')\n" DEF, ANY A);
	check("app.url_map.converters.update(int=L)\n@app.route('/a')\n" DEF, ANY A);
	check("app.url_map.converters |= {'int': L}\n@app.route('/a')\n" DEF, ANY A);
	check("c = app.url_map.converters\nc['int'] = L\n@app.route('/a')\n" DEF, ANY A);
	check("app.config['int'], b = 1, 2\napp.config['a'] = 1\n@app.route('/a')\n" DEF, A);
}

static void blueprints(void)
{
	check("b = Blueprint('b', __name__, url_prefix='/b/')\n@b.route('/a')\n" DEF
	      "@b.route('')\n" DEF "app.register_blueprint(b)\n"
	      "app.register_blueprint(b, url_prefix='/c', name='c')\n",
	      "= GET,HEAD,OPTIONS /b/a\n= GET,HEAD,OPTIONS /b/\n= GET,HEAD,OPTIONS /c/a\n"
	      "= GET,HEAD,OPTIONS /c\n");
	check("app.register_blueprint(unknown, url_prefix='/b')\n", "! * /b\n");
	check("app.register_blueprint(unknown)\n", ANY);
	check("b = Blueprint('b', __name__, url_prefix=X)\n@b.route('/a')\n" DEF
	      "app.register_blueprint(b)\n",
	      ANY);
	check("b = Blueprint('b', __name__)\n@b.route('/a')\n" DEF
	      "app.register_blueprint(b, url_prefix=X)\n",
	      ANY);
	check("b = Blueprint('b', __name__)\n@b.route('/a')\n" DEF
	      "if X: app.register_blueprint(b)\n",
	      "? GET,HEAD,OPTIONS /a\n");
	/* one in itself */
	check("b = Blueprint('b', __name__)\nc = Blueprint('c', __name__)\n"
	      "b.register_blueprint(c)\nc.register_blueprint(b)\napp.register_blueprint(b)\n",
	      ANY);
}

static void commands(void)
{
	static const struct file files[] = {
		{"/srv/app.py",
		 FLASK_APP "@app.route('/a')\n" DEF "if __name__ == '__main__':\n  app.run()\n"},
		{"/srv/shop/__init__.py", "from .views import app as shop_app\n"},
		{"/srv/shop/views.py", "from flask import Flask\n"
				       "app = Flask('x', static_folder=None)\nfrom . import a\n"},
		{"/srv/shop/a.py", "from shop.views import app\n@app.route('/a')\n" DEF},
		{"/lib/b/far.py", "from shop.views import app\n"},
		{"/srv/shop/f.py", "import shop.views as v\ndef make(): return v.app\n"},
		{NULL, NULL},
	};
	static const char table[] = "werkzeug absolute\n" A;

	check_files(files, STR("/usr/bin/python3.11\0-X\0dev\0app.py\0"), table);
	check_files(files, STR("python3\0-u\0/srv/app.py\0-p\0x\0"), table);
	check_files(files, STR("python3\0-m\0app\0"), table);
	check_files(files, STR("python3\0/usr/bin/flask\0--app\0./app.py\0run\0"), table);
	check_files(files, STR("python3\0/usr/bin/flask\0--app=shop.views:app\0run\0"), table);
	check_files(files, STR("python3\0/usr/bin/flask\0--app\0shop.f:make\0run\0"), table);
	check_files(files, STR("python3\0/usr/bin/flask\0--app\0shop.f:make()\0run\0"), table);
	check_files(files, STR("python3\0/usr/bin/flask\0--app\0shop.views:app()\0run\0"), "");
	check_files(files, STR("python3\0/usr/bin/gunicorn\0shop.f:make\0"), "");
	check_files(files, STR("python3\0/usr/bin/gunicorn\0-b\0:80\0shop:shop_app\0"), table);
	check_files(files, STR("python3\0/usr/bin/gunicorn\0shop.f:make()\0"), table);
	check_files(files, STR("python3\0/usr/bin/gunicorn\0--chdir\0/srv/shop\0f:make()\0"), "");
	check_files(files, STR("python3\0/usr/bin/gunicorn\0far:app\0"), table);
	check_files(files, STR("python3\0/usr/bin/gunicorn\0shop:nothing\0"), "");
	check_files(files, STR("python3\0/usr/bin/gunicorn\0a:b\0c:d\0"), "");
	check_files(files, STR("python3\0-m\0flask\0routes\0"), "");
	check_files(files, STR("python3\0-c\0import app\0"), "");
	check_files(files, STR("python3\0"), "");
	check_files(files, STR("nginx: worker process\0"), "");
	check_files(files, STR(""), "");
}

/* Which servers are known to split targets in absolute form. */
static void servers(void)
{
#define SERVE(line) FLASK_APP "@app.route('/a')\n" DEF line
	static const struct file files[] = {
		{"/srv/run.py", SERVE("app.run()\n")},
		{"/srv/wsgi.py", SERVE("import wsgiref.simple_server as s\ns.make_server(app)\n")},
		{"/srv/two.py", SERVE("import waitress\nif X: waitress.serve(app)\napp.run()\n")},
		{"/srv/none.py", SERVE("")},
		{NULL, NULL},
	};
	static const struct file configured[] = {
		{"/srv/app.py", SERVE("")}, {"/srv/gunicorn.conf.py", ""}, {NULL, NULL}};
	static const char bare[] = "werkzeug\n" A, absolute[] = "werkzeug absolute\n" A;

	check_files(files, STR("python3\0run.py\0"), absolute);
	check_files(files, STR("python3\0wsgi.py\0"), bare);
	check_files(files, STR("python3\0two.py\0"), bare);
	check_files(files, STR("python3\0none.py\0"), bare);
	check_files(files, STR("python3\0-m\0gunicorn\0none:app\0"), absolute);
	check_files(files, STR("python3\0-m\0gunicorn\0-k\0gevent_pywsgi\0none:app\0"), bare);
	check_files(files, STR("python3\0-m\0gunicorn\0--worker-class=x\0none:app\0"), bare);
	check_files(files, STR("python3\0-m\0gunicorn\0--chdir\0/srv\0none:app\0"), bare);
	check_files(files, STR("python3\0-m\0uvicorn\0none:app\0"), bare);
	check_files(configured, STR("python3\0-m\0gunicorn\0app:app\0"), bare);
}

static void fastapi(void)
{
	static const struct file files[] = {
		{"/srv/app.py", "import fastapi\napp = fastapi.FastAPI(openapi_url=None)\n"
				"r = fastapi.APIRouter(prefix='/r')\n@r.get('/{x}')\n" DEF
				"app.include_router(r, prefix='/v')\n@r.get('/late')\n" DEF
				"@app.post('/a')\n" DEF "app.mount('/m', other)\n"
				"app.include_router(r, prefix=X)\n@app.websocket('/w')\n" DEF},
		{NULL, NULL},
	};

	check_files(files, STR("python3\0/usr/bin/uvicorn\0app:app\0"),
		    "starlette\n= GET /v/r/{x}\n= POST /a\n! * /m/\n" ANY ANY);
	check_files(files, STR("python3\0/usr/bin/uvicorn\0--root-path\0/x\0app:app\0"), "");
}

/* Nothing is below an empty path. */
static void fastapi_root_path(void)
{
	static const struct {
		const char *argument, *table;
	} cases[] = {
		{"''", "starlette\n= GET /a\n"},
		{"None", "starlette\n= GET /a\n"},
		{"'/x'", ""},
		{"X", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct file files[2] = {{"/srv/app.py", NULL}, {NULL, NULL}};
		struct buf text = {0};

		buf__printf(&text,
			    "import fastapi\n"
			    "app = fastapi.FastAPI(openapi_url=None, root_path=%s)\n"
			    "@app.get('/a')\n%s%c",
			    cases[i].argument, DEF, 0);
		files[0].text = text.p;
		check_files(files, STR("python3\0/usr/bin/uvicorn\0app:app\0"), cases[i].table);
		buf__free(&text);
	}
}

static void django(void)
{
	static const struct file files[] = {
		{"/srv/manage.py", "import os\ndef main():\n"
				   "  os.environ.setdefault('DJANGO_SETTINGS_MODULE', 's')\n"
				   "if __name__ == '__main__':\n  main()\n"},
		{"/srv/s.py", "ROOT_URLCONF = 'u'\nSTATIC_URL = 'static/'\n"},
		{"/srv/u.py", "from django.urls import include, path, re_path as r\n"
			      "from django.contrib import admin\n"
			      "urlpatterns = [path('a/<int:n>/', v), path('b/', include('v')),\n"
			      "  path('admin/', admin.site.urls), r(r'^o*x', v), r('^old$', v),\n"
			      "  path(X, v), path('<slug:s>', include('v')), *more] + static()\n"},
		{"/srv/v.py",
		 "from django.urls import path\nurlpatterns = [path('c', v.V.as_view())]\n"},
		{NULL, NULL},
	};

	check_files(files, STR("python3\0manage.py\0runserver\0"),
		    "django\n! * static/\n= * a/<int:n>/\n= * b/c\n! * admin/\n/ * 0 ^o*x\n"
		    "/ * 0 ^old$\n! * \n? * <slug:s>c\n! * \n! * \n");
	check_files(files, STR("python3\0manage.py\0migrate\0"), "");
}

static void django_expressions(void)
{
	static const struct file files[] = {
		{"/srv/s.py", "ROOT_URLCONF = 'u'\n"},
		{"/srv/u.py", "from django.urls import include, path, re_path\n"
			      "urlpatterns = [re_path('re2/', v), re_path(r'^a/(?=b)', v),\n"
			      "  re_path('^b', include('x')), re_path('^c', site.urls),\n"
			      "  re_path('^\xc3\xa9z', v), re_path(X, v), re_path('^d'),\n"
			      "  path('s/', include(more)), path('<x>/', include(more))]\n"
			      "more = [re_path('^e$', v.V.as_view())]\n"},
		{"/srv/w.py", "import os\nfrom django.core.wsgi import get_wsgi_application\n"
			      "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 's')\n"
			      "app = get_wsgi_application()\n"},
		{NULL, NULL},
	};

	check_files(files, STR("python3\0/usr/bin/gunicorn\0w:app\0"),
		    "django\n/ * 0 re2/\n! * a/\n/ ? 0 ^b\n/ ? 0 ^c\n! * \xc3\xa9z\n! * \n"
		    "/ ? 0 ^d\n/ * 2 s/^e$\n! * <x>/e\n");
}

static void django_of_text_that_is_run(void)
{
	static const struct file files[] = {
		{"/srv/s.py", "ROOT_URLCONF = 'u'\n"},
		{"/srv/u.py", "from django.urls import path\nurlpatterns = [path('a', v)]\n"
			      "exec('urlpatterns.clear()')\n"},
		{"/srv/w.py", "import os\nfrom django.core.wsgi import get_wsgi_application\n"
			      "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 's')\n"
			      "app = get_wsgi_application()\n"},
		{NULL, NULL},
	};

	check_files(files, STR("python3\0/usr/bin/gunicorn\0w:app\0"), "");
}

static int read_too_much(void *owner, const char *path, struct buf *out)
{
	(void)owner;
	(void)path;
	return buf__printf(out, "%*s\nfrom a import b\n", 200000, "#");
}

static int refuse(void *owner, const char *path, struct buf *out)
{
	(void)owner;
	(void)out;
	return strstr(path, "__init__") ? -ENOENT : -EACCES;
}

static void limits(void)
{
	struct route_process process = {.cmdline = STR(FLASK_RUN), .cwd = STR("/srv")};
	struct buf text = {0};

	process.read = read_too_much;
	CHECK(route_source__find(&process, &text) == -ENOENT);
	process.read = refuse;
	CHECK(route_source__find(&process, &text) == -ENOENT);
	buf__free(&text);
}

int main(void)
{
	RUN(spellings);
	RUN(not_guessed);
	RUN(no_application);
	RUN(proxies_are_known);
	RUN(views);
	RUN(views_not_guessed);
	RUN(text_that_is_run);
	RUN(converters);
	RUN(blueprints);
	RUN(commands);
	RUN(servers);
	RUN(fastapi);
	RUN(fastapi_root_path);
	RUN(django);
	RUN(django_expressions);
	RUN(django_of_text_that_is_run);
	RUN(limits);
	return test_status();
}
