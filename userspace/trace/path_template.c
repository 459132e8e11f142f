// SPDX-License-Identifier: Apache-2.0
/*
 * A path is cut into segments, and each becomes a name: itself, or a placeholder by its looks.
 * The names lead down a tree, and those of the nodes on the way are the template:
 *
 *	/ -+- users -+- {id} --- orders
 *	   |         `- {param}		after 64 words: alice, bob ...
 *	   `- static --- app.js
 *
 * No node is ever freed or used again. So the nodes bound not only the memory but also the
 * templates that can be given in the life of the tree; and dropping a subtree costs nothing.
 */
#include "trace/path_template.h"

#include <errno.h>
#include <stdlib.h>

/* Deeper routes are hardly written; with the length of a name it bounds a template to 1 KiB. */
#define MAX_DEPTH 16
/* Longer names of routes are hardly written either; what is longer is data. */
#define NAME_LEN 64
/* ".jpeg", ".webmanifest": longer ones are no extension. */
#define EXTENSION_LEN 11
/* More words than a place in a router has, fewer than make a list of span names unreadable. */
#define MAX_WORDS 64
/* A word this many times as busy as the median one among its siblings is a route, not a value. */
#define ROUTE_FACTOR 16
/* A ULID has 26, 16 bytes in base64 have 22; shorter random text cannot be told from words. */
#define TOKEN_LEN 20
/* Random text changes often between letters and digits; "top-10-of-2024-in-mp3" once. */
#define TOKEN_CHANGES 3
/* 64 bits; fewer may be a word or an article's number. */
#define HASH_LEN 16

/* One segment of a template. */
struct name {
	char text[NAME_LEN];
	u8 len;
	bool word; /* not a mere placeholder: counts as one of many values of its place */
};

/* Indexes of nodes; 0, the root, is nobody's child and so means none. */
struct node {
	struct name name;
	u16 child, next; /* first child; next sibling */
	u16 word_cnt;	 /* children that are words, at most MAX_WORDS */
	bool collapsed;	 /* takes no new words: they are {param} */
	u64 hits;
};

struct path_templates {
	u32 cnt;				     /* nodes in use, the root included */
	struct node nodes[PATH_TEMPLATES_MAX_NODES]; /* pages are touched only as it grows */
};

_Static_assert(PATH_TEMPLATES_MAX_NODES <= UINT16_MAX + 1, "a node's index is an u16");

/* A template as it is put together: "/name" for each level and "/{rest}". */
struct route {
	char text[MAX_DEPTH * (1 + NAME_LEN) + sizeof("/{rest}")];
	size_t len;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* In a pattern d stands for a digit, h for a hex digit, all else for itself. */
static bool has_shape(struct str s, struct str pattern)
{
	if (s.len != pattern.len)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char want = pattern.p[i], c = s.p[i];

		if (want == 'd' ? !is_digit(c) : want == 'h' ? !is_hex(c) : c != want)
			return false;
	}
	return true;
}

static bool is_decimal(struct str s)
{
	size_t i = 0;

	while (i < s.len && is_digit(s.p[i]))
		i++;
	return i && i == s.len;
}

/* 0.0727; with fewer digits behind the dot it is as likely a version: /1.26/info */
static bool is_float(struct str s)
{
	size_t digits = 0, dots = 0;

	s = str_sub(s, str_starts(s, STR("-")), s.len);
	for (size_t i = 0; i < s.len; i++) {
		if (!is_digit(s.p[i]) && (s.p[i] != '.' || dots++ || !i))
			return false;
		digits += dots && is_digit(s.p[i]);
	}
	return digits >= 3;
}

static bool is_date(struct str s)
{
	return has_shape(str_sub(s, 0, 10), STR("dddd-dd-dd")) && (s.len == 10 || s.p[10] == 'T');
}

static bool is_uuid(struct str s)
{
	return has_shape(s, STR("hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh"));
}

static bool is_ipv4(struct str s)
{
	int dots = 0, value = -1;

	for (size_t i = 0; i < s.len; i++) {
		if (is_digit(s.p[i]) && value <= 255) {
			value = (value < 0 ? 0 : value * 10) + s.p[i] - '0';
		} else if (s.p[i] == '.' && value >= 0 && value <= 255) {
			value = -1;
			dots++;
		} else {
			return false;
		}
	}
	return dots == 3 && value >= 0 && value <= 255;
}

static bool is_hash(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_hex(s.p[i]))
			return false;
	return s.len >= HASH_LEN;
}

/* "@" as such or escaped, and after it a domain whose last label is letters. */
static bool is_email(struct str s)
{
	const char *escaped = memmem(s.p, s.len, "%40", 3), *dot;
	ssize_t at = escaped ? escaped - s.p : str_find(s, '@', 0);
	struct str domain = str_sub(s, (size_t)(at + (escaped ? 3 : 1)), s.len), label;

	if (at <= 0)
		return false;
	/* logo@2x.png is a picture for fine displays */
	if (has_shape(str_sub(domain, 0, 3), STR("dx.")))
		return false;
	dot = memrchr(domain.p, '.', domain.len);
	if (!dot || dot == domain.p)
		return false;
	label = str_sub(domain, (size_t)(dot - domain.p) + 1, domain.len);
	for (size_t i = 0; i < label.len; i++)
		if (!is_alpha(label.p[i]))
			return false;
	return label.len >= 2;
}

/* ULIDs, base64url, session and API keys. */
static bool is_token(struct str s)
{
	int changes = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i], before = i ? s.p[i - 1] : '-';

		if (!is_digit(c) && !is_alpha(c) && c != '-' && c != '_' && c != '=')
			return false;
		changes += (is_digit(c) && is_alpha(before)) || (is_alpha(c) && is_digit(before));
	}
	return s.len >= TOKEN_LEN && changes >= TOKEN_CHANGES;
}

/* The first that fits wins: twenty digits are an {id} before they are a {hash}. */
static const struct {
	bool (*fits)(struct str s);
	struct str placeholder;
} looks[] = {
	{is_decimal, {"{id}", 4}},  {is_date, {"{date}", 6}},	{is_uuid, {"{uuid}", 6}},
	{is_ipv4, {"{ip}", 4}},	    {is_hash, {"{hash}", 6}},	{is_email, {"{email}", 7}},
	{is_token, {"{token}", 7}}, {is_float, {"{float}", 7}},
};

/* p NULL if it looks like a word, as all does that has neither a digit nor an "@": deadbeef. */
static struct str placeholder_of(struct str s)
{
	size_t plain = 0;

	while (plain < s.len && !is_digit(s.p[plain]) && s.p[plain] != '@')
		plain++;
	if (plain == s.len)
		return STR_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(looks); i++)
		if (looks[i].fits(s))
			return looks[i].placeholder;
	return STR_NONE;
}

/* Only what RFC 3986 section 3.3 allows in a segment: so no word looks like a placeholder. */
static bool is_uri_text(struct str s)
{
	static const struct str marks = {"-._~!$&'()*+,;=:@", 17};

	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (is_digit(c) || is_alpha(c) || memchr(marks.p, c, marks.len))
			continue;
		if (!has_shape(str_sub(s, i, 3), STR("%hh")))
			return false;
	}
	return true;
}

/* Where the extension of a file begins, at its dot; s.len if it has none. A number is none: 1.5 */
static size_t extension_of(struct str s)
{
	const char *dot = memrchr(s.p, '.', s.len);
	size_t at = dot ? (size_t)(dot - s.p) : s.len;
	bool alpha = false;

	if (!at || s.len - at > 1 + EXTENSION_LEN)
		return s.len;
	for (size_t i = at + 1; i < s.len; i++) {
		if (!is_digit(s.p[i]) && !is_alpha(s.p[i]))
			return s.len;
		alpha |= is_alpha(s.p[i]);
	}
	return alpha ? at : s.len;
}

static void name_append(struct name *name, struct str s)
{
	memcpy(name->text + name->len, s.p, s.len);
	name->len += (u8)s.len;
}

static struct name name_of(struct str segment)
{
	ssize_t params = str_find(segment, ';', 0); /* ;jsessionid= and the like */
	struct name name = {.word = false};
	struct str placeholder;
	size_t stem_len;

	if (params >= 0)
		segment.len = (size_t)params;
	if (!segment.len)
		return name;
	stem_len = segment.len;
	placeholder = is_uri_text(segment) ? placeholder_of(segment) : STR("{token}");
	if (!placeholder.p) {
		stem_len = extension_of(segment);
		placeholder = placeholder_of(str_sub(segment, 0, stem_len));
	}
	if (!placeholder.p && segment.len > NAME_LEN) {
		stem_len = segment.len;
		placeholder = STR("{token}");
	}
	name.word = !placeholder.p || stem_len < segment.len;
	name_append(&name, placeholder.p ? placeholder : str_sub(segment, 0, stem_len));
	name_append(&name, str_sub(segment, stem_len, segment.len));
	return name;
}

static u16 child_find(const struct path_templates *templates, u16 parent, const struct name *name)
{
	u16 i = templates->nodes[parent].child;

	for (; i; i = templates->nodes[i].next) {
		const struct name *other = &templates->nodes[i].name;

		if (other->len == name->len && !memcmp(other->text, name->text, name->len))
			break;
	}
	return i;
}

/* 0 if the tree is full. */
static u16 child_add(struct path_templates *templates, u16 parent, const struct name *name)
{
	u16 i = (u16)templates->cnt;

	if (templates->cnt == PATH_TEMPLATES_MAX_NODES)
		return 0;
	templates->cnt++;
	templates->nodes[i].name = *name;
	templates->nodes[i].next = templates->nodes[parent].child;
	templates->nodes[parent].child = i;
	templates->nodes[parent].word_cnt += name->word;
	return i;
}

static int compare_hits(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

static u64 median_hits(const struct path_templates *templates, const struct node *parent)
{
	u64 hits[MAX_WORDS];
	size_t cnt = 0;

	for (u16 i = parent->child; i; i = templates->nodes[i].next)
		if (templates->nodes[i].name.word)
			hits[cnt++] = templates->nodes[i].hits;
	qsort(hits, cnt, sizeof(hits[0]), compare_hits);
	return hits[cnt / 2];
}

/*
 * Forgets the words below parent, which must have some. Those far busier than most stay: a scanner
 * that tries a hundred names in the root must not take the server's own routes from it.
 */
static void collapse(struct path_templates *templates, struct node *parent)
{
	u64 busy = ROUTE_FACTOR * median_hits(templates, parent);
	u16 *link = &parent->child;

	while (*link) {
		struct node *child = &templates->nodes[*link];

		if (child->name.word && child->hits < busy)
			*link = child->next;
		else
			link = &child->next;
	}
	parent->collapsed = true;
}

/*
 * The fuller the tree, the sooner places collapse: at 64, 48, 32, 16 words, by its quarters. So
 * what spreads too fast (tenants, each with projects of its own) is merged while there is room to
 * learn it anew. A full tree keeps what it knows.
 */
static bool is_crowded(const struct path_templates *templates, const struct node *node)
{
	u32 quarter = 4 * templates->cnt / PATH_TEMPLATES_MAX_NODES;

	return quarter < 4 && node->word_cnt >= MAX_WORDS * (4 - quarter) / 4;
}

/* The child of parent for name, made if need be; 0 if the tree is full. */
static u16 descend(struct path_templates *templates, u16 parent, const struct name *name)
{
	static const struct name param = {.text = "{param}", .len = 7};
	struct node *node = &templates->nodes[parent];
	u16 child = child_find(templates, parent, name);

	if (!child && name->word && !node->collapsed && is_crowded(templates, node))
		collapse(templates, node);
	if (!child && name->word && node->collapsed) {
		name = &param;
		child = child_find(templates, parent, name);
	}
	if (!child)
		child = child_add(templates, parent, name);
	templates->nodes[child].hits++;
	return child;
}

static void route_append(struct route *route, struct str name)
{
	route->text[route->len++] = '/';
	memcpy(route->text + route->len, name.p, name.len);
	route->len += name.len;
}

/* path begins with a slash. */
static void walk(struct path_templates *templates, struct str path, struct route *route)
{
	size_t from = 1;
	u16 at = 0;

	for (int depth = 0; depth < MAX_DEPTH; depth++) {
		ssize_t slash = str_find(path, '/', from);
		size_t end = slash < 0 ? path.len : (size_t)slash;
		struct name name = name_of(str_sub(path, from, end - from));

		at = descend(templates, at, &name);
		if (!at)
			break;
		name = templates->nodes[at].name;
		route_append(route, (struct str){name.text, name.len});
		if (slash < 0)
			return;
		from = end + 1;
	}
	route_append(route, STR("{rest}"));
}

/* RFC 3986 section 3.1, the first letter aside. */
static bool is_scheme(char c)
{
	return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
}

/* What follows scheme and authority of an absolute form; target itself if it is none. */
static struct str skip_authority(struct str target)
{
	size_t scheme_len = 0;
	ssize_t slash;

	while (scheme_len < target.len && is_scheme(target.p[scheme_len]))
		scheme_len++;
	if (!scheme_len || !str_eq(str_sub(target, scheme_len, 3), STR("://")))
		return target;
	slash = str_find(target, '/', scheme_len + 3);
	return slash < 0 ? STR("/") : str_sub(target, (size_t)slash, target.len);
}

static struct str path_of(struct str target)
{
	size_t len = 0;

	while (len < target.len && target.p[len] != '?' && target.p[len] != '#')
		len++;
	target.len = len;
	return len ? skip_authority(target) : STR("/");
}

int path_templates__new(struct path_templates **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->cnt = 1;
	return 0;
}

void path_templates__free(struct path_templates *templates)
{
	free(templates);
}

struct str path_templates__learn(struct path_templates *templates, struct str target,
				 struct arena *arena)
{
	struct route route = {.len = 0};
	struct str path = path_of(target);

	if (str_eq(path, STR("*")))
		return arena__dup(arena, path);
	if (path.p[0] != '/')
		return STR_NONE;
	walk(templates, path, &route);
	return arena__dup(arena, (struct str){route.text, route.len});
}

u32 path_templates__node_cnt(const struct path_templates *templates)
{
	return templates->cnt;
}
