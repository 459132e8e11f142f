// SPDX-License-Identifier: Apache-2.0
#include "route/route_table.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "model/function.h"
#include "model/hex.h"
#include "model/regex.h"
#include "model/url.h"
#include "route/route_order.h"

/* A longer path has no route: nobody's rules reach that far. */
#define PATH_LEN 4096

enum certainty {
	RULE_SURE = '=',
	RULE_LENIENT = '~', /* a slash more at the end does not matter */
	RULE_PERHAPS = '?',
	RULE_BELOW = '!',
	RULE_REGEX = '/',
};

/* Where a view stands; line 0: not known. */
struct place {
	struct str name, file;
	u32 line;
};

struct rule {
	enum certainty certainty;
	struct str methods, text;
	struct route_pattern pattern;
	struct regex *regex; /* owned, of what is behind prefix; NULL: the pattern counts */
	struct str prefix;
	bool anchored;	/* "$" at its end: some versions of Django ask for a full match then */
	struct str key; /* of Werkzeug's order */
	u32 number;	/* in the order of the lines */
	struct place view;
};

struct route_table {
	enum route_style style;
	bool absolute;
	struct arena mem;   /* of all texts and patterns */
	struct rule *rules; /* owned, in the order in which they are asked */
	u32 cnt;
};

static const char *const style_names[] = {"werkzeug", "starlette", "django"};

const char *route_style_name(enum route_style style)
{
	return style_names[style];
}

void route_table__free(struct route_table *table)
{
	if (!table)
		return;
	for (u32 i = 0; i < table->cnt; i++)
		regex__free(table->rules[i].regex);
	arena__free(&table->mem);
	free(table->rules);
	free(table);
}

static struct str next_line(struct str *text)
{
	ssize_t newline = str_find(*text, '\n', 0);
	struct str line = str_sub(*text, 0, newline < 0 ? text->len : (size_t)newline);

	*text = str_sub(*text, line.len + 1, text->len);
	return line;
}

static bool is_certainty(char c)
{
	return c == RULE_SURE || c == RULE_LENIENT || c == RULE_PERHAPS || c == RULE_BELOW ||
	       c == RULE_REGEX;
}

/* "5 shop/^a+$": Django's route is "shop/a+$". */
static int add_regex(struct route_table *table, struct rule *rule)
{
	struct str rest = rule->text, regex;
	size_t len = 0;
	char *text;
	int err;

	for (; rest.len && rest.p[0] >= '0' && rest.p[0] <= '9' && len <= PATH_LEN;
	     rest = str_sub(rest, 1, rest.len))
		len = len * 10 + (size_t)(rest.p[0] - '0');
	if (table->style != ROUTE_DJANGO || !str_starts(rest, STR(" ")) || len >= rest.len)
		return -EINVAL;
	rule->prefix = str_sub(rest, 1, len);
	regex = str_sub(rest, 1 + len, rest.len);
	err = regex__new(&rule->regex, regex, false);
	if (err)
		return err == -ENOMEM ? err : -EINVAL;
	rule->anchored = regex.len && regex.p[regex.len - 1] == '$';
	if (len && str_starts(regex, STR("^")))
		regex = str_sub(regex, 1, regex.len);
	text = arena__alloc(&table->mem, len + regex.len + 1);
	if (!text)
		return -ENOMEM;
	memcpy(text, rule->prefix.p, len);
	memcpy(text + len, regex.p, regex.len);
	rule->text = (struct str){text, len + regex.len};
	return 0;
}

/* "7 a /srv/app.py", borrowed; or nothing. */
static int parse_view(struct place *view, struct str text)
{
	ssize_t first = str_find(text, ' ', 0), second = str_find(text, ' ', (size_t)first + 1);

	if (!text.len)
		return 0;
	if (first <= 0 || first > 8 || second < first + 2 || (size_t)second + 1 == text.len)
		return -EINVAL;
	for (ssize_t i = 0; i < first; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return -EINVAL;
		view->line = 10 * view->line + (u32)(text.p[i] - '0');
	}
	view->name = str_sub(text, (size_t)first + 1, (size_t)(second - first - 1));
	view->file = str_sub(text, (size_t)second + 1, text.len);
	return view->line ? 0 : -EINVAL;
}

/* A rule that cannot be read may match anything. */
static int add_rule(struct route_table *table, struct str line)
{
	struct rule *rule = &table->rules[table->cnt];
	ssize_t tab = str_find(line, '\t', 0);
	struct str view = tab < 0 ? STR("") : str_sub(line, (size_t)tab + 1, line.len);
	ssize_t blank;
	int err;

	line.len -= tab < 0 ? 0 : view.len + 1;
	blank = line.len > 2 ? str_find(line, ' ', 2) : -1;

	if (blank < 0 || !is_certainty(line.p[0]) || line.p[1] != ' ')
		return -EINVAL;
	*rule = (struct rule){
		.certainty = (enum certainty)line.p[0],
		.methods = str_sub(line, 2, (size_t)blank - 2),
		.text = str_sub(line, (size_t)blank + 1, line.len),
		.number = table->cnt,
	};
	table->cnt++;
	err = parse_view(&rule->view, view);
	if (err || rule->certainty == RULE_REGEX)
		return err ? err : add_regex(table, rule);
	err = route_pattern__compile(&rule->pattern, table->style, rule->text, &table->mem);
	if (err == -EINVAL) {
		rule->certainty = RULE_BELOW;
		rule->pattern = (struct route_pattern){0};
	} else if (err) {
		return err;
	}
	rule->pattern.open = rule->certainty == RULE_BELOW;
	return 0;
}

static bool has_unknown(const struct route_pattern *pattern)
{
	for (u32 i = 0; i < pattern->cnt; i++)
		if (pattern->elements[i].kind == ROUTE_UNKNOWN)
			return true;
	return false;
}

/*
 * Werkzeug asks rules without variables before all others, whatever those are; so what is not
 * known goes between.
 */
static int make_key(struct route_table *table, struct route_order *order, struct rule *rule)
{
	struct buf key = {0};
	bool unknown = rule->certainty == RULE_BELOW || has_unknown(&rule->pattern);

	buf__char(&key, unknown ? 1 : rule->pattern.has_variable ? 2 : 0);
	route_order__print_key(order, &rule->pattern, &key);
	if (!key.failed)
		rule->key = arena__dup(&table->mem, buf__view(&key));
	buf__free(&key);
	return rule->key.p ? 0 : -ENOMEM;
}

static int compare_rules(const void *left, const void *right)
{
	const struct rule *a = left, *b = right;
	size_t len = a->key.len < b->key.len ? a->key.len : b->key.len;
	int order = memcmp(a->key.p, b->key.p, len);

	if (!order)
		order = (a->key.len > b->key.len) - (a->key.len < b->key.len);
	return order ? order : (a->number > b->number) - (a->number < b->number);
}

static int sort_rules(struct route_table *table)
{
	struct route_order order = {.cnt = 0};
	int err = 0;

	for (u32 i = 0; i < table->cnt && !err; i++)
		err = make_key(table, &order, &table->rules[i]);
	route_order__free(&order);
	if (!err)
		qsort(table->rules, table->cnt, sizeof(*table->rules), compare_rules);
	return err;
}

static int parse_style(struct route_table *table, struct str line)
{
	ssize_t blank = str_find(line, ' ', 0);

	table->absolute = blank > 0;
	if (blank > 0 && !str_eq(str_sub(line, (size_t)blank, line.len), STR(" absolute")))
		return -EINVAL;
	line.len = blank > 0 ? (size_t)blank : line.len;
	for (u32 i = 0; i < ROUTE_STYLE_CNT; i++) {
		if (!str_eq(line, str_from(style_names[i])))
			continue;
		table->style = (enum route_style)i;
		return 0;
	}
	return -EINVAL;
}

static int table_init(struct route_table *table, struct str text)
{
	struct str rest = arena__dup(&table->mem, text);
	int err;

	table->rules = calloc(ROUTES_MAX, sizeof(*table->rules));
	if (!rest.p || !table->rules)
		return -ENOMEM;
	err = parse_style(table, next_line(&rest));
	while (rest.len && !err)
		err = table->cnt == ROUTES_MAX ? -EINVAL : add_rule(table, next_line(&rest));
	if (err)
		return err;
	if (!table->cnt)
		return -ENOENT;
	return table->style == ROUTE_WERKZEUG ? sort_rules(table) : 0;
}

int route_table__new(struct route_table **out, struct str text)
{
	struct route_table *table = calloc(1, sizeof(*table));
	int err = table ? table_init(table, text) : -ENOMEM;

	if (err)
		route_table__free(table);
	else
		*out = table;
	return err;
}

/* Of "http://h/a" wsgiref, pywsgi and uvicorn take all for the path; of "http://h" nobody any. */
static bool has_path(const struct route_table *table, struct str target)
{
	struct str authority = url_authority(target);
	size_t end = authority.p ? (size_t)(authority.p - target.p) + authority.len : 0;

	return (!authority.p || table->absolute) && end < target.len && target.p[end] == '/';
}

/*
 * Unescapes the path into text: what the framework sees. Empty where servers do not agree on that:
 * two slashes in front, bytes that should be escaped and are not (400 by uvicorn), control
 * characters (Python's "." and "$" treat a line's end so).
 */
static struct str path_of(struct str target, char text[PATH_LEN])
{
	struct str path = url_split(target).path;
	size_t len = 0;

	if (path.len > PATH_LEN || str_starts(path, STR("//")))
		return STR_NONE;
	for (size_t i = 0; i < path.len; i++) {
		int byte = path.p[i] == '%' ? hex_byte(str_sub(path, i + 1, 2)) : -1;

		if ((u8)path.p[i] > '~')
			return STR_NONE;
		text[len] = byte < 0 ? path.p[i] : (char)byte;
		i += byte < 0 ? 0 : 2;
		if ((u8)text[len] < ' ')
			return STR_NONE;
		len++;
	}
	return len > 1 && text[1] == '/' ? STR_NONE : (struct str){text, len};
}

/* Werkzeug reads methods in any case. */
static enum route_match match_method(struct str methods, struct str method, bool any_case)
{
	while (methods.len) {
		ssize_t comma = str_find(methods, ',', 0);
		struct str item = str_sub(methods, 0, comma < 0 ? methods.len : (size_t)comma);

		if (any_case ? str_caseeq(item, method) : str_eq(item, method))
			return ROUTE_YES;
		if (str_eq(item, STR("*")))
			return ROUTE_YES;
		if (str_eq(item, STR("?")))
			return ROUTE_MAYBE;
		methods = str_sub(methods, item.len + 1, methods.len);
	}
	return ROUTE_NO;
}

static bool ends_in_slash(struct str s)
{
	return s.len && s.p[s.len - 1] == '/';
}

static enum route_match weaker(enum route_match a, enum route_match b)
{
	return a < b ? a : b;
}

/*
 * Werkzeug takes "/a" for "/a/", and answers it with a redirect, which has no route; if lenient it
 * does not, and takes a slash more than the rule has as well.
 */
static enum route_match match_slash(const struct rule *rule, char *path, size_t len)
{
	bool lenient = rule->certainty == RULE_LENIENT;
	enum route_match match;

	if (rule->pattern.crosses)
		return ROUTE_NO;
	if (lenient && path[len - 1] == '/')
		return route_pattern__match(&rule->pattern, (struct str){path, len - 1});
	if (!ends_in_slash(rule->text))
		return ROUTE_NO;
	path[len] = '/';
	match = route_pattern__match(&rule->pattern, (struct str){path, len + 1});
	return lenient ? match : weaker(match, ROUTE_MAYBE);
}

static bool is_ascii(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((u8)s.p[i] > '~')
			return false;
	return true;
}

/* What "\\w" and its like are in other scripts only Python knows. */
static enum route_match match_regex(const struct rule *rule, struct str path)
{
	struct str rest = str_sub(path, rule->prefix.len, path.len);
	bool found;

	if (!str_starts(path, rule->prefix))
		return ROUTE_NO;
	if (!is_ascii(rest))
		return ROUTE_MAYBE;
	found = regex__search(rule->regex, rest);
	if (found && rule->anchored && !regex__matches_all(rule->regex, rest))
		return ROUTE_MAYBE;
	return found ? ROUTE_YES : ROUTE_NO;
}

static enum route_match match_rule(const struct route_table *table, const struct rule *rule,
				   char *path, size_t len)
{
	struct str seen = {path, len};
	enum route_match match;

	if (table->style == ROUTE_DJANGO)
		seen = str_sub(seen, 1, len);
	if (rule->regex)
		return match_regex(rule, seen);
	match = route_pattern__match(&rule->pattern, seen);
	if (match == ROUTE_NO && table->style == ROUTE_WERKZEUG)
		match = match_slash(rule, path, len);
	if (rule->certainty == RULE_PERHAPS || rule->certainty == RULE_BELOW)
		match = weaker(match, ROUTE_MAYBE);
	return match;
}

/* The function's own name is at the end of that: "create_app.<locals>.index". */
static bool is_at(const struct place *view, const struct function *ran)
{
	const char *dot = ran->name.len ? memrchr(ran->name.p, '.', ran->name.len) : NULL;
	struct str name = ran->name;

	if (dot)
		name = str_sub(name, (size_t)(dot - name.p) + 1, name.len);
	return view->line == ran->line && str_eq(view->name, name) && str_eq(view->file, ran->file);
}

struct evidence {
	const struct function *const *ran;
	u32 cnt;
	const struct rule *sure; /* of the rules alone */
	const struct rule *seen; /* its view ran */
	bool view_ran;		 /* of some rule that may take the request */
	bool others;		 /* may be meant as well as the one that was seen */
};

static bool did_run(const struct evidence *evidence, const struct rule *rule)
{
	for (u32 i = 0; i < evidence->cnt; i++)
		if (is_at(&rule->view, evidence->ran[i]))
			return true;
	return false;
}

/* The rule may take the request. */
static void weigh(struct evidence *evidence, const struct rule *rule)
{
	if (rule->view.line && !did_run(evidence, rule))
		return;
	evidence->view_ran |= rule->view.line;
	if (!rule->view.line || rule->certainty == RULE_BELOW)
		evidence->others = true;
	else if (!evidence->seen)
		evidence->seen = rule;
	else if (!str_eq(evidence->seen->text, rule->text))
		evidence->others = true;
}

static struct str conclude(const struct evidence *evidence)
{
	const struct rule *sure = evidence->sure;

	if (sure && sure->view.line && evidence->view_ran && !did_run(evidence, sure))
		return STR_NONE;
	if (sure)
		return sure->text;
	return evidence->seen && !evidence->others ? evidence->seen->text : STR_NONE;
}

struct str route_table__settle(const struct route_table *table, struct str method,
			       struct str target, const struct function *const *ran, u32 cnt)
{
	struct evidence evidence = {.ran = ran, .cnt = cnt};
	char text[PATH_LEN + 1]; /* one more for a slash */
	struct str path = has_path(table, target) ? path_of(target, text) : STR_NONE;
	bool first = true;

	for (u32 i = 0; path.len && i < table->cnt && (first || cnt); i++) {
		const struct rule *rule = &table->rules[i];
		enum route_match match = match_rule(table, rule, text, path.len);

		match = weaker(match,
			       match_method(rule->methods, method, table->style == ROUTE_WERKZEUG));
		if (match == ROUTE_NO)
			continue;
		if (first && match == ROUTE_YES)
			evidence.sure = rule;
		first = false;
		weigh(&evidence, rule);
	}
	return conclude(&evidence);
}

struct str route_table__match(const struct route_table *table, struct str method, struct str target)
{
	return route_table__settle(table, method, target, NULL, 0);
}
