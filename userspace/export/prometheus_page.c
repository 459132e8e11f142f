// SPDX-License-Identifier: Apache-2.0
#include "export/prometheus_page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "export/json.h"
#include "export/metrics_export.h"
#include "export/prometheus_label.h"

/* Of one group of the snapshot: the labels that tell its resource from others. */
struct identity {
	struct buf labels;
	bool again; /* a group before has the same resource */
};

struct prometheus_page {
	struct metrics *snapshot; /* one reference; NULL: empty */
	enum prometheus_format format;
	struct identity *identities;	     /* owned; by group */
	const struct metric_info **families; /* owned; metrics by name, each once */
	u32 family_cnt;

	/* where it stands: first the targets, then family by family */
	u32 target; /* 0: the head of target_info, then the groups from 1 on */
	u32 family;
	bool headed; /* the head of the family was said */
	u32 group, metric, point;
	bool ended;
	struct buf name, labels; /* of the family; of the point */
};

/* ---- formats ---- */

/* "0.75" in thousandths; what is no weight counts as none given: 1000. */
static u32 parse_weight(struct str s)
{
	u32 weight = 0, unit = 1000;

	for (size_t i = 0; i < s.len && unit; i++) {
		if (i == 1 && s.p[i] == '.')
			continue;
		if (s.p[i] < '0' || s.p[i] > '9')
			return 1000;
		weight += (u32)(s.p[i] - '0') * unit;
		unit /= 10;
	}
	return weight < 1000 ? weight : 1000;
}

/* Takes one item off a list, blanks around it off the item. */
static struct str take(struct str *rest, char separator)
{
	ssize_t end = str_find(*rest, separator, 0);
	struct str item = str_sub(*rest, 0, end < 0 ? rest->len : (size_t)end);

	*rest = str_sub(*rest, item.len + 1, rest->len);
	return str_trim(item);
}

static void weigh(struct str range, u32 *open, u32 *text)
{
	struct str type = take(&range, ';');
	u32 weight = 1000;

	while (range.len) {
		struct str parameter = take(&range, ';');

		if (str_caseeq(str_sub(parameter, 0, 2), STR("q=")))
			weight = parse_weight(str_sub(parameter, 2, parameter.len));
	}
	if (str_caseeq(type, STR("application/openmetrics-text")) && weight > *open)
		*open = weight;
	else if (str_caseeq(type, STR("text/plain")) && weight > *text)
		*text = weight;
}

enum prometheus_format prometheus_format_of(struct str accept)
{
	u32 open = 0, text = 0;

	while (accept.len) {
		struct str range = take(&accept, ',');

		weigh(range, &open, &text);
	}
	return open && open >= text ? PROMETHEUS_OPENMETRICS : PROMETHEUS_TEXT;
}

/* ---- identities ---- */

static struct str resource_text(const struct resource *resource, struct str key)
{
	const struct attr *attr = attrs__find(&resource->attrs, key);

	return attr && attr->type == ATTR_STR ? attr->s : STR_NONE;
}

static void print_identity(struct buf *labels, const struct resource *resource)
{
	struct str namespace = resource_text(resource, STR("service.namespace"));
	struct buf job __cleanup(buf__free) = {0};

	buf__str(&job, namespace);
	if (namespace.len)
		buf__char(&job, '/');
	buf__str(&job, resource_text(resource, STR("service.name")));
	prometheus_label(labels, STR("job"), buf__view(&job));
	prometheus_label(labels, STR("instance"),
			 resource_text(resource, STR("service.instance.id")));
	labels->failed |= job.failed;
}

/* Groups are 1025 at most, so comparing each with all before takes few milliseconds. */
static int identify(struct prometheus_page *page, u32 group)
{
	const struct metric_group *groups = page->snapshot->groups;
	struct identity *identity = &page->identities[group];
	struct buf own __cleanup(buf__free) = {0};
	u32 same = 0;

	print_identity(&own, groups[group].resource);
	for (u32 i = 0; i < group && !identity->again; i++) {
		struct str other = buf__view(&page->identities[i].labels);

		if (groups[i].resource == groups[group].resource) {
			identity->again = true;
			buf__str(&identity->labels, other);
		} else if (!page->identities[i].again && str_starts(other, buf__view(&own))) {
			same++;
		}
	}
	if (!identity->again)
		buf__str(&identity->labels, buf__view(&own));
	if (!identity->again && same)
		buf__printf(&identity->labels, ",otel_ebpf_process=\"%u\"", same + 1);
	return own.failed || identity->labels.failed ? -ENOMEM : 0;
}

/* ---- families ---- */

static bool known_family(const struct prometheus_page *page, const struct metric_info *info)
{
	for (u32 i = 0; i < page->family_cnt; i++)
		if (page->families[i] == info || !strcmp(page->families[i]->name, info->name))
			return true;
	return false;
}

static int list_families(struct prometheus_page *page)
{
	const struct metric_group *groups = page->snapshot->groups;
	u32 cnt = 0;

	for (u32 i = 0; i < page->snapshot->group_cnt; i++)
		cnt += groups[i].metric_cnt;
	page->families = calloc(cnt ? cnt : 1, sizeof(*page->families));
	if (!page->families)
		return -ENOMEM;
	for (u32 i = 0; i < page->snapshot->group_cnt; i++)
		for (u32 j = 0; j < groups[i].metric_cnt; j++)
			if (!known_family(page, groups[i].metrics[j].info))
				page->families[page->family_cnt++] = groups[i].metrics[j].info;
	return 0;
}

static bool is_counter(const struct metric_info *info)
{
	return info->kind == METRIC_SUM && info->monotonic;
}

static const char *type_of(const struct metric_info *info)
{
	if (info->kind == METRIC_HISTOGRAM)
		return "histogram";
	return info->monotonic ? "counter" : "gauge";
}

/* OpenMetrics names a counter's family without the suffix that its series has. */
static void print_head(struct prometheus_page *page, struct buf *out)
{
	const struct metric_info *info = page->families[page->family];
	bool open = page->format == PROMETHEUS_OPENMETRICS;
	const char *suffix = is_counter(info) && !open ? "_total" : "";
	struct str name, unit = prometheus_unit(info);

	buf__reset(&page->name);
	prometheus_metric_name(&page->name, info);
	name = buf__view(&page->name);
	buf__printf(out, "# HELP %.*s%s ", STR_ARG(name), suffix);
	prometheus_escape(out, str_from(info->description), open);
	buf__printf(out, "\n# TYPE %.*s%s %s\n", STR_ARG(name), suffix, type_of(info));
	if (open && unit.len)
		buf__printf(out, "# UNIT %.*s %.*s\n", STR_ARG(name), STR_ARG(unit));
}

/* ---- points ---- */

static void print_number(struct buf *out, const struct metric_info *info, union metric_value value)
{
	if (info->whole)
		buf__printf(out, "%" PRId64 ".0", value.i);
	else
		json_double(out, value.d);
}

/* Up to the blank before the value. */
static void print_series(const struct prometheus_page *page, struct buf *out, const char *suffix)
{
	buf__str(out, buf__view(&page->name));
	buf__printf(out, "%s{", suffix);
	buf__str(out, buf__view(&page->labels));
	buf__str(out, STR("} "));
}

static void print_exemplar(const struct prometheus_page *page, struct buf *out,
			   const struct metric_info *info, const struct exemplar *exemplar)
{
	if (!exemplar || page->format != PROMETHEUS_OPENMETRICS)
		return;
	buf__str(out, STR(" # {"));
	if (exemplar->has_context) {
		buf__str(out, STR("trace_id=\""));
		span_print_id(out, exemplar->trace_id, sizeof(exemplar->trace_id));
		buf__str(out, STR("\",span_id=\""));
		span_print_id(out, exemplar->span_id, sizeof(exemplar->span_id));
		buf__char(out, '"');
	}
	buf__str(out, STR("} "));
	print_number(out, info, exemplar->value);
	buf__printf(out, " %" PRIu64 ".%09" PRIu64, exemplar->time_ns / (u64)NSEC_PER_SEC,
		    exemplar->time_ns % (u64)NSEC_PER_SEC);
}

static const struct exemplar *exemplar_of(const struct metric_info *info,
					  const struct metric_point *point, u32 bucket)
{
	for (u32 i = 0; i < point->exemplar_cnt; i++)
		if (metric_bucket(info, point->exemplars[i].value) == bucket)
			return &point->exemplars[i];
	return NULL;
}

static void print_bucket(const struct prometheus_page *page, struct buf *out,
			 const struct metric_info *info, u32 bucket)
{
	buf__str(out, buf__view(&page->name));
	buf__str(out, STR("_bucket{"));
	buf__str(out, buf__view(&page->labels));
	buf__str(out, STR(",le=\""));
	if (bucket < info->bound_cnt)
		metrics_export_bound(out, info, bucket);
	else
		buf__str(out, STR("+Inf"));
	buf__str(out, STR("\"} "));
}

static void print_histogram(const struct prometheus_page *page, struct buf *out,
			    const struct metric_info *info, const struct metric_point *point)
{
	u64 below = 0;

	for (u32 i = 0; i <= info->bound_cnt; i++) {
		below += point->buckets[i];
		print_bucket(page, out, info, i);
		buf__printf(out, "%" PRIu64 ".0", below);
		print_exemplar(page, out, info, exemplar_of(info, point, i));
		buf__char(out, '\n');
	}
	print_series(page, out, "_count");
	buf__printf(out, "%" PRIu64 ".0\n", point->count);
	print_series(page, out, "_sum");
	print_number(out, info, point->sum);
	buf__char(out, '\n');
}

static void print_sum(const struct prometheus_page *page, struct buf *out,
		      const struct metric_info *info, const struct metric_point *point)
{
	print_series(page, out, is_counter(info) ? "_total" : "");
	print_number(out, info, point->sum);
	if (is_counter(info) && point->exemplar_cnt)
		print_exemplar(page, out, info, point->exemplars);
	buf__char(out, '\n');
}

static void print_point(struct prometheus_page *page, struct buf *out)
{
	const struct metric_group *group = &page->snapshot->groups[page->group];
	const struct metric *metric = &group->metrics[page->metric];
	const struct metric_point *point = &metric->points[page->point];
	struct buf *labels = &page->labels;

	buf__reset(labels);
	buf__str(labels, buf__view(&page->identities[page->group].labels));
	prometheus_attrs(labels, &point->set->attrs, NULL);
	prometheus_label(labels, STR("otel_scope_name"), str_from(group->scope->name));
	prometheus_label(labels, STR("otel_scope_version"), str_from(group->scope->version));
	prometheus_label(labels, STR("otel_scope_schema_url"), str_from(group->scope->schema_url));
	if (metric->info->kind == METRIC_HISTOGRAM)
		print_histogram(page, out, metric->info, point);
	else
		print_sum(page, out, metric->info, point);
	out->failed |= page->name.failed || labels->failed;
}

/* ---- the way through ---- */

/* The target of the next resource; the first time, the head of all. False: all have been. */
static bool next_target(struct prometheus_page *page, struct buf *out)
{
	static const struct str reserved[] = {STR("job"), STR("instance"), STR("otel_ebpf_process"),
					      STR_NONE};
	bool open = page->format == PROMETHEUS_OPENMETRICS;
	const char *name = open ? "target" : "target_info";
	struct buf *labels = &page->labels;
	u32 group;

	if (page->target > page->snapshot->group_cnt)
		return false;
	if (!page->target++) {
		buf__printf(out, "# HELP %s Target metadata\n# TYPE %s %s\n", name, name,
			    open ? "info" : "gauge");
		return true;
	}
	group = page->target - 2;
	if (page->identities[group].again)
		return true;
	buf__reset(labels);
	buf__str(labels, buf__view(&page->identities[group].labels));
	prometheus_attrs(labels, &page->snapshot->groups[group].resource->attrs, reserved);
	buf__str(out, STR("target_info{"));
	buf__str(out, buf__view(labels));
	buf__str(out, STR("} 1.0\n"));
	out->failed |= labels->failed;
	return true;
}

/* Moves on to a point of the family, unless it stands on one; false: it has no more. */
static bool find_point(struct prometheus_page *page)
{
	const char *name = page->families[page->family]->name;
	const struct metrics *snapshot = page->snapshot;

	for (; page->group < snapshot->group_cnt; page->group++, page->metric = 0) {
		const struct metric_group *group = &snapshot->groups[page->group];

		for (; page->metric < group->metric_cnt; page->metric++, page->point = 0) {
			const struct metric *metric = &group->metrics[page->metric];

			if (page->point < metric->point_cnt && !strcmp(metric->info->name, name))
				return true;
		}
	}
	return false;
}

static bool next_of_family(struct prometheus_page *page, struct buf *out)
{
	if (page->family == page->family_cnt)
		return false;
	if (!page->headed) {
		page->headed = true;
		print_head(page, out);
	} else if (find_point(page)) {
		print_point(page, out);
		page->point++;
	} else {
		page->family++;
		page->headed = false;
		page->group = page->metric = page->point = 0;
	}
	return true;
}

bool prometheus_page__next(struct prometheus_page *page, struct buf *out)
{
	if (page->snapshot && (next_target(page, out) || next_of_family(page, out)))
		return true;
	if (page->ended)
		return false;
	page->ended = true;
	if (page->format == PROMETHEUS_OPENMETRICS)
		buf__str(out, STR("# EOF\n"));
	return true;
}

static int page_init(struct prometheus_page *page)
{
	u32 cnt = page->snapshot->group_cnt;
	int err = 0;

	page->identities = calloc(cnt ? cnt : 1, sizeof(*page->identities));
	if (!page->identities)
		return -ENOMEM;
	for (u32 i = 0; i < cnt && !err; i++)
		err = identify(page, i);
	return err ? err : list_families(page);
}

int prometheus_page__new(struct prometheus_page **out, struct metrics *snapshot,
			 enum prometheus_format format)
{
	struct prometheus_page *page = calloc(1, sizeof(*page));

	if (!page)
		return -ENOMEM;
	page->format = format;
	if (snapshot)
		page->snapshot = metrics__get(snapshot);
	if (snapshot && page_init(page)) {
		prometheus_page__free(page);
		return -ENOMEM;
	}
	*out = page;
	return 0;
}

void prometheus_page__free(struct prometheus_page *page)
{
	if (!page)
		return;
	for (u32 i = 0; page->identities && i < page->snapshot->group_cnt; i++)
		buf__free(&page->identities[i].labels);
	free(page->identities);
	free(page->families);
	metrics__put(page->snapshot);
	buf__free(&page->name);
	buf__free(&page->labels);
	free(page);
}
