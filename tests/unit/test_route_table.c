// SPDX-License-Identifier: Apache-2.0
/* Which route takes a request: converters, order, slashes, methods, and what is left out. */
#include "route/route_table.h"

#include <errno.h>

#include "base/buf.h"
#include "test.h"

struct question {
	const char *method, *target, *route; /* "": none */
};

static void check(const char *text, const struct question *questions, size_t cnt)
{
	struct route_table *table;

	if (route_table__new(&table, str_from(text)))
		abort();
	for (size_t i = 0; i < cnt; i++)
		CHECK_STR(route_table__match(table, str_from(questions[i].method),
					     str_from(questions[i].target)),
			  questions[i].route);
	route_table__free(table);
}

#define ASK(text, ...)                                                     \
	do {                                                               \
		static const struct question questions_[] = {__VA_ARGS__}; \
		check(text, questions_, ARRAY_SIZE(questions_));           \
	} while (0)

static void forms_of_target(void)
{
	ASK("werkzeug absolute\n= GET /\n= GET /a/<int:n>\n= GET /caf\xc3\xa9/<path:p>\n",
	    {"GET", "/", "/"}, {"GET", "/a/7", "/a/<int:n>"},
	    {"GET", "/a/7?b=http://h/c", "/a/<int:n>"}, {"GET", "http://h/a/7", "/a/<int:n>"},
	    {"GET", "http://h", ""}, {"GET", "http://h?a", ""}, {"GET", "http://h/", "/"},
	    {"GET", "?a", ""}, {"GET", "/caf\xc3\xa9/x", ""}, {"GET", "/caf%C3%A9/x\x7f", ""},
	    {"GET", "/%61/%37", "/a/<int:n>"}, {"GET", "/a/7%", ""},
	    {"GET", "/a%2f7", "/a/<int:n>"}, {"GET", "/caf%C3%A9/x%20y/z", "/caf\xc3\xa9/<path:p>"},
	    {"GET", "//a/7", ""}, {"GET", "/%2fa/7", ""}, {"GET", "/caf%C3%A9/%0A", ""},
	    {"OPTIONS", "*", ""}, {"CONNECT", "h:80", ""}, {"GET", "", ""});
	ASK("werkzeug\n= GET /a\n= GET /<path:p>\n", {"GET", "/a", "/a"},
	    {"GET", "http://h/a", ""});
	ASK("starlette\n= GET /a\n", {"GET", "/a", "/a"}, {"GET", "http://h/a", ""});
	ASK("django\n= * a\n", {"GET", "/a", "a"}, {"GET", "http://h/a", ""});
}

static void werkzeug_converters(void)
{
	ASK("werkzeug\n= GET /s/<string(length=2):x>\n= GET /m/<string(minlength=2, "
	    "maxlength=3):x>\n"
	    "= GET /f/<float:x>\n= GET /a/<any(red, green):x>\n= GET /u/<uuid:x>\n"
	    "= GET /i/<int(min=5):x>\n= GET /own/<list:x>\n= GET /p/<path:x>/end\n= GET "
	    "/d/<x>.<y>\n",
	    {"GET", "/s/de", "/s/<string(length=2):x>"}, {"GET", "/s/deu", ""},
	    {"GET", "/s/%C3%A9", ""}, {"GET", "/m/abc", "/m/<string(minlength=2, maxlength=3):x>"},
	    {"GET", "/m/a", ""}, {"GET", "/f/1.5", "/f/<float:x>"}, {"GET", "/f/1", ""},
	    {"GET", "/f/.5", ""}, {"GET", "/a/green", "/a/<any(red, green):x>"},
	    {"GET", "/a/blue", ""},
	    {"GET", "/u/550E8400-e29b-41d4-a716-446655440000", "/u/<uuid:x>"},
	    {"GET", "/u/550e8400", ""}, {"GET", "/i/7", ""}, {"GET", "/own/x", ""},
	    {"GET", "/p/a/b/end", "/p/<path:x>/end"}, {"GET", "/p//end", ""},
	    {"GET", "/d/a.b.c", "/d/<x>.<y>"}, {"GET", "/d/a", ""});
}

static void werkzeug_order(void)
{
	ASK("werkzeug\n= GET /<path:all>\n= GET /<x>\n= GET /<int:n>\n= GET /a\n= GET /<x>/b\n"
	    "= GET /a/<y>\n= GET /v-<x>\n= GET /version-<x>\n",
	    {"GET", "/a", "/a"}, {"GET", "/7", "/<int:n>"}, {"GET", "/x", "/<x>"},
	    {"GET", "/a/b", "/a/<y>"}, {"GET", "/x/b", "/<x>/b"}, {"GET", "/x/y", "/<path:all>"},
	    {"GET", "/v-1", "/v-<x>"}, {"GET", "/version-1", "/version-<x>"});
}

static void werkzeug_slashes(void)
{
	ASK("werkzeug\n= GET /a/\n~ GET /b/\n~ GET /c\n= GET /d\n= GET /<x>\n",
	    {"GET", "/a/", "/a/"}, {"GET", "/a", ""}, {"GET", "/b", "/b/"}, {"GET", "/c/", "/c"},
	    {"GET", "/d/", ""}, {"GET", "/x", "/<x>"}, {"GET", "/x/", ""});
}

static void methods(void)
{
	ASK("werkzeug\n= GET,HEAD,OPTIONS /a\n= POST /<x>\n= * /any\n= GET,? /some\n",
	    {"GET", "/a", "/a"}, {"HEAD", "/a", "/a"}, {"get", "/a", "/a"}, {"POST", "/a", "/<x>"},
	    {"PUT", "/a", ""}, {"X", "/any", "/any"}, {"GET", "/some", "/some"},
	    {"PUT", "/some", ""}, {"POST", "/some", ""});
}

static void unknown_rules(void)
{
	/* what has no variable goes before whatever else there is */
	ASK("werkzeug\n! * \n= GET /a\n= GET /a/<int:n>\n", {"GET", "/a", "/a"},
	    {"GET", "/a/1", ""});
	ASK("werkzeug\n! * /x/\n? GET /p\n= GET /<path:all>\n", {"GET", "/y", "/<path:all>"},
	    {"GET", "/x/y", ""}, {"GET", "/p", ""}, {"POST", "/p", ""});
	ASK("starlette\n= GET /a\n! * /b\n= GET /b\n= GET /c\n", {"GET", "/a", "/a"},
	    {"GET", "/b", ""}, {"GET", "/c", "/c"});
	/* a rule nobody can read may be any */
	ASK("werkzeug\n= GET /<a b>\n= GET /a//b\n= GET /c/<x>\n= GET /c\n", {"GET", "/c", "/c"},
	    {"GET", "/c/1", ""});
}

static void first_match_wins(void)
{
	ASK("starlette\n= GET /{x}\n= GET /a\n= POST /a\n= GET /p/{y:path}\n= GET /f/{z:float}\n"
	    "= GET /u/{k:uuid}\n= GET /i/{n:int}\n= GET /{x}/\n",
	    {"GET", "/a", "/{x}"}, {"POST", "/a", "/a"}, {"POST", "/b", ""},
	    {"GET", "/p/", "/p/{y:path}"}, {"GET", "/p/a/b", "/p/{y:path}"},
	    {"GET", "/f/1", "/f/{z:float}"}, {"GET", "/i/x", ""}, {"GET", "/p", "/{x}"},
	    {"GET", "/u/550E8400-e29b-41d4-a716-446655440000", ""});
	ASK("django\n= * a/<int:n>/\n= * a/<slug:s>/\n= * p/<path:p>\n= * \n",
	    {"GET", "/a/1/", "a/<int:n>/"}, {"X", "/a/b-c/", "a/<slug:s>/"}, {"GET", "/a/b-c", ""},
	    {"GET", "/p/x/y", "p/<path:p>"}, {"GET", "/p/", ""});
}

/* Nothing but dashes: the number of ways to cut it grows with each converter. */
static void django_expressions(void)
{
	ASK("django\n/ * 0 re2/\n/ * 0 ^old/(?P<y>[0-9]{4})/$\n/ * 2 s/^e+$\n/ ? 0 ^some\n"
	    "/ * 0 a|b$\n= * kw\n= * some\n= * caf\xc3\xa9\n",
	    {"GET", "/re2/", "re2/"}, {"GET", "/x/re2/y", "re2/"}, {"GET", "/re2", ""},
	    {"GET", "/old/2024/", "^old/(?P<y>[0-9]{4})/$"}, {"GET", "/old/24/", ""},
	    {"GET", "/s/ee", "s/e+$"}, {"GET", "/kw", "kw"}, {"GET", "/some", ""},
	    {"GET", "/a", "a|b$"}, {"GET", "/xb", ""}, {"GET", "/kw%C3%A9", ""},
	    {"GET", "/caf%C3%A9", ""});
}

static void hard_paths_end(void)
{
	struct route_table *table;
	char target[2000];

	memset(target, '-', sizeof(target));
	target[0] = '/';
	target[sizeof(target) - 1] = '\0';
	if (route_table__new(&table, STR("werkzeug\n= GET /<a>-<b>-<c>-<d>-<e>-<f>x\n")))
		abort();
	CHECK_STR(route_table__match(table, STR("GET"), str_from(target)), "");
	route_table__free(table);
}

static void bad_tables(void)
{
	static const char *const texts[] = {"",
					    "php\n= GET /\n",
					    "werkzeug\nGET /\n",
					    "werkzeug \n= GET /\n",
					    "werkzeug absolutely\n= GET /\n",
					    "werkzeug\n=GET /\n",
					    "werkzeug\n= GET\n",
					    "werkzeug\n% GET /\n",
					    "werkzeug\n/ * 0 a\n",
					    "django\n/ * 2 a\n",
					    "django\n/ * 99999999999999999999 a\n",
					    "django\n/ * 0 (\n"};
	struct route_table *table;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		CHECK(route_table__new(&table, str_from(texts[i])) == -EINVAL);
	CHECK(route_table__new(&table, STR("werkzeug\n")) == -ENOENT);
	route_table__free(NULL);
}

static void too_many_rules(void)
{
	struct buf text = {0};
	struct route_table *table;

	buf__str(&text, STR("starlette\n"));
	for (int i = 0; i < ROUTES_MAX; i++)
		buf__printf(&text, "= GET /%d\n", i);
	CHECK(!route_table__new(&table, buf__view(&text)));
	CHECK_STR(route_table__match(table, STR("GET"), STR("/2047")), "/2047");
	route_table__free(table);
	buf__str(&text, STR("= GET /more\n"));
	CHECK(route_table__new(&table, buf__view(&text)) == -EINVAL);
	buf__free(&text);
}

int main(void)
{
	RUN(forms_of_target);
	RUN(werkzeug_converters);
	RUN(werkzeug_order);
	RUN(werkzeug_slashes);
	RUN(methods);
	RUN(unknown_rules);
	RUN(first_match_wins);
	RUN(django_expressions);
	RUN(hard_paths_end);
	RUN(bad_tables);
	RUN(too_many_rules);
	return test_status();
}
