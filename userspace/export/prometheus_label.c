// SPDX-License-Identifier: Apache-2.0
#include "export/prometheus_label.h"

#include <stdlib.h>

#include "export/attr_text.h"
#include "model/utf8.h"

/* ---- names ---- */

/* A name on its way through normalisation, character by character. */
struct letters {
	struct str rest;
	char before; /* 0 at the beginning */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* 0 at the end. Neither empty nor led by a digit: '_' stands before. */
static char next_letter(struct letters *letters)
{
	struct str *rest = &letters->rest;

	if (!letters->before && (!rest->len || is_digit(rest->p[0])))
		return letters->before = '_';
	while (rest->len) {
		char c = rest->p[0];

		*rest = str_sub(*rest, 1, rest->len);
		if (!is_letter(c) && !is_digit(c))
			c = '_';
		if (c != '_' || letters->before != '_')
			return letters->before = c;
	}
	return 0;
}

static int compare_names(struct str a, struct str b)
{
	struct letters left = {.rest = a}, right = {.rest = b};
	char l, r;

	do {
		l = next_letter(&left);
		r = next_letter(&right);
	} while (l && l == r);
	return l - r;
}

void prometheus_name(struct buf *out, struct str name)
{
	struct letters letters = {.rest = name};
	char c;

	while ((c = next_letter(&letters)))
		buf__char(out, c);
}

/* UCUM's, in Prometheus's words. Annotations like "{request}" are none. */
struct str prometheus_unit(const struct metric_info *info)
{
	static const struct {
		struct str unit, name;
	} units[] = {
		{STR("s"), STR("seconds")},
		{STR("ms"), STR("milliseconds")},
		{STR("By"), STR("bytes")},
	};
	struct str unit = str_from(info->unit);

	if (str_starts(unit, STR("{")))
		return STR_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (str_eq(unit, units[i].unit))
			return units[i].name;
	return unit;
}

void prometheus_metric_name(struct buf *out, const struct metric_info *info)
{
	struct str unit = prometheus_unit(info);
	size_t from = out->len, len;

	prometheus_name(out, str_from(info->name));
	len = out->len - from;
	if (!unit.len || (len >= unit.len &&
			  str_eq(str_sub(buf__view(out), out->len - unit.len, unit.len), unit)))
		return;
	buf__char(out, '_');
	prometheus_name(out, unit);
}

/* ---- texts ---- */

void prometheus_escape(struct buf *out, struct str s, bool quotes)
{
	while (s.len) {
		struct str before = s;
		u32 code = utf8_next(&s);

		if (code == UTF8_BAD) {
			buf__str(out, STR("\xef\xbf\xbd"));
		} else if (code == '\n') {
			buf__str(out, STR("\\n"));
		} else {
			if (code == '\\' || (code == '"' && quotes))
				buf__char(out, '\\');
			buf__str(out, str_sub(before, 0, before.len - s.len));
		}
	}
}

static void open_label(struct buf *labels, struct str name)
{
	if (labels->len)
		buf__char(labels, ',');
	prometheus_name(labels, name);
	buf__str(labels, STR("=\""));
}

void prometheus_label(struct buf *labels, struct str name, struct str value)
{
	open_label(labels, name);
	prometheus_escape(labels, value, true);
	buf__char(labels, '"');
}

/* ---- attributes ---- */

static void print_value(struct buf *out, const struct attr *attr)
{
	struct buf text __cleanup(buf__free) = {0};

	if (attr->type == ATTR_STR) {
		prometheus_escape(out, attr->s, true);
		return;
	}
	attr_text(&text, attr);
	prometheus_escape(out, buf__view(&text), true);
	out->failed |= text.failed;
}

/* By name, then by key: so those that become one label stand together, in the order of keys. */
static int compare_attrs(const void *left, const void *right)
{
	struct str a = (*(const struct attr *const *)left)->key;
	struct str b = (*(const struct attr *const *)right)->key;
	int order = compare_names(a, b);

	if (!order)
		order = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);
	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static bool is_among(struct str name, const struct str *names)
{
	for (; names && names->p; names++)
		if (!compare_names(name, *names))
			return true;
	return false;
}

void prometheus_attrs(struct buf *labels, const struct attrs *attrs, const struct str *reserved)
{
	const struct attr **sorted = calloc(attrs->cnt ? attrs->cnt : 1, sizeof(*sorted));
	u32 cnt = 0;

	if (!sorted) {
		labels->failed = true;
		return;
	}
	for (u32 i = 0; i < attrs->cnt; i++)
		if (!is_among(attrs->v[i].key, reserved))
			sorted[cnt++] = &attrs->v[i];
	qsort(sorted, cnt, sizeof(*sorted), compare_attrs);
	for (u32 i = 0; i < cnt; i++) {
		if (i && !compare_names(sorted[i - 1]->key, sorted[i]->key))
			buf__char(labels, ';');
		else
			open_label(labels, sorted[i]->key);
		print_value(labels, sorted[i]);
		if (i + 1 == cnt || compare_names(sorted[i]->key, sorted[i + 1]->key))
			buf__char(labels, '"');
	}
	free(sorted);
}
