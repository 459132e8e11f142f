// SPDX-License-Identifier: Apache-2.0
/* A propagator is a row of a table: its name, how it finds a parent, how it finds baggage. */
#include "trace/propagators.h"

#include "base/log.h"
#include "model/hex.h"
#include "trace/fields.h"
#include "trace/w3c.h"

#define FLAG_SAMPLED 0x01

static bool extract_tracecontext(const struct http_call *call, struct trace_context *found)
{
	struct w3c_parent parent;

	if (!call->traceparent.len || w3c_parse_traceparent(call->traceparent, &parent))
		return false;
	memcpy(found->trace_id, parent.trace_id, sizeof(found->trace_id));
	memcpy(found->parent_id, parent.span_id, sizeof(found->parent_id));
	found->flags = parent.flags;
	if (call->tracestate.len && w3c_tracestate_valid(call->tracestate))
		found->state = call->tracestate;
	return true;
}

/* A number that may lack leading zeros. False for no digits, too many, or others. */
static bool hex_read(struct str digits, u8 *out, size_t len)
{
	memset(out, 0, len);
	if (!digits.len || digits.len > 2 * len)
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		int digit = hex_digit(digits.p[digits.len - 1 - i]);

		if (digit < 0)
			return false;
		out[len - 1 - i / 2] |= (u8)(digit << i % 2 * 4);
	}
	return true;
}

static bool read_ids(struct str trace_id, struct str parent_id, struct trace_context *found)
{
	return hex_read(trace_id, found->trace_id, sizeof(found->trace_id)) &&
	       hex_read(parent_id, found->parent_id, sizeof(found->parent_id));
}

/* The parts of a text; cnt + 1 if there are more. */
static u32 split(struct str text, char separator, struct str *parts, u32 cnt)
{
	struct str more;
	u32 i = 0;

	while (i < cnt && split_next(&text, separator, &parts[i]))
		i++;
	return i + split_next(&text, separator, &more);
}

static bool b3_read(struct str trace_id, struct str span_id, bool sampled,
		    struct trace_context *found)
{
	found->flags = sampled ? FLAG_SAMPLED : 0;
	if ((trace_id.len != 16 && trace_id.len != 32) || span_id.len != 16)
		return false;
	return read_ids(trace_id, span_id, found);
}

static bool b3_says_sampled(struct str state)
{
	return str_eq(state, STR("1")) || str_eq(state, STR("d")) || str_eq(state, STR("true")) ||
	       str_eq(state, STR("True"));
}

static bool extract_b3_single(struct str text, struct trace_context *found)
{
	struct str parts[4];
	u32 cnt = split(text, '-', parts, ARRAY_SIZE(parts));

	/* a state alone, "b3: 0", names no parent */
	if (cnt < 2 || cnt > ARRAY_SIZE(parts))
		return false;
	return b3_read(parts[0], parts[1], cnt == 2 || b3_says_sampled(parts[2]), found);
}

/* OpenTelemetry, context/api-propagators: both forms are read, the single one goes first. */
static bool extract_b3(const struct http_call *call, struct trace_context *found)
{
	struct str head = call->request_head, single = fields_only(head, STR("b3"));
	bool sampled;

	if (single.len)
		return extract_b3_single(single, found);
	sampled = b3_says_sampled(fields_only(head, STR("x-b3-sampled"))) ||
		  str_eq(fields_only(head, STR("x-b3-flags")), STR("1"));
	return b3_read(fields_only(head, STR("x-b3-traceid")),
		       fields_only(head, STR("x-b3-spanid")), sampled, found);
}

static bool extract_jaeger(const struct http_call *call, struct trace_context *found)
{
	struct str parts[4], text = fields_only(call->request_head, STR("uber-trace-id"));

	if (split(text, ':', parts, ARRAY_SIZE(parts)) != ARRAY_SIZE(parts) ||
	    !hex_read(parts[3], &found->flags, 1))
		return false;
	/* its other bits are of Jaeger's own */
	found->flags &= FLAG_SAMPLED;
	return read_ids(parts[0], parts[1], found);
}

/* 1-5759e988-bd862e3fe1be46a994272793 */
static bool xray_read_root(struct str root, struct trace_context *found)
{
	struct str parts[3];

	return split(root, '-', parts, ARRAY_SIZE(parts)) == ARRAY_SIZE(parts) &&
	       str_eq(parts[0], STR("1")) && parts[1].len == 8 && parts[2].len == 24 &&
	       hex_read(parts[1], found->trace_id, 4) &&
	       hex_read(parts[2], found->trace_id + 4, 12);
}

static bool xray_read(struct str key, struct str value, struct trace_context *found)
{
	if (str_eq(key, STR("Root")))
		return xray_read_root(value, found);
	if (str_eq(key, STR("Parent")))
		return value.len == 16 && hex_read(value, found->parent_id, 8);
	if (!str_eq(key, STR("Sampled")))
		return true;
	found->flags = str_eq(value, STR("1")) ? FLAG_SAMPLED : 0;
	return found->flags || str_eq(value, STR("0"));
}

static bool extract_xray(const struct http_call *call, struct trace_context *found)
{
	struct str rest = fields_only(call->request_head, STR("x-amzn-trace-id"));
	struct str part, pair[2];

	while (split_next(&rest, ';', &part))
		if (split(part, '=', pair, ARRAY_SIZE(pair)) != ARRAY_SIZE(pair) ||
		    !xray_read(str_trim(pair[0]), str_trim(pair[1]), found))
			return false;
	return true;
}

static void collect_baggage(const struct http_call *call, struct baggage *baggage,
			    struct arena *arena)
{
	struct str lines = fields_of(call->request_head), name, value;

	while (fields_next(&lines, &name, &value))
		if (str_caseeq(name, STR("baggage")))
			baggage__add_list(baggage, value, arena);
}

/* As in Python, only of a call that comes from Jaeger. */
static void collect_jaeger(const struct http_call *call, struct baggage *baggage,
			   struct arena *arena)
{
	static const struct str prefix = {"uberctx-", 8};
	struct str lines = fields_of(call->request_head), name, value;

	if (!fields_only(call->request_head, STR("uber-trace-id")).len)
		return;
	while (fields_next(&lines, &name, &value))
		if (value.p && str_caseeq(str_sub(name, 0, prefix.len), prefix))
			baggage__add_pair(baggage, str_sub(name, prefix.len, name.len), value,
					  arena);
}

static const struct propagator {
	const char *name;
	bool (*extract)(const struct http_call *call, struct trace_context *found);
	void (*collect)(const struct http_call *call, struct baggage *baggage, struct arena *arena);
} propagators[] = {
	{"tracecontext", extract_tracecontext, NULL},
	{"baggage", NULL, collect_baggage},
	{"b3", extract_b3, NULL},
	{"b3multi", extract_b3, NULL},
	{"jaeger", extract_jaeger, collect_jaeger},
	{"xray", extract_xray, NULL},
};
_Static_assert(ARRAY_SIZE(propagators) == PROPAGATORS_MAX, "correct PROPAGATORS_MAX");

static void add(struct propagators *set, u8 row)
{
	for (u32 i = 0; i < set->cnt; i++)
		if (set->order[i] == row)
			return;
	set->order[set->cnt++] = row;
}

static bool add_named(struct propagators *set, struct str name)
{
	for (u8 row = 0; row < ARRAY_SIZE(propagators); row++)
		if (str_caseeq(name, str_from(propagators[row].name))) {
			add(set, row);
			return true;
		}
	return false;
}

static void warn_unknown(struct str name)
{
	__cleanup(buf__free) struct buf known = {0};

	for (size_t row = 0; row < ARRAY_SIZE(propagators); row++)
		buf__printf(&known, "%s, ", propagators[row].name);
	name = str_sub(name, 0, 80);
	log_warn("OTEL_PROPAGATORS: propagator %.*s not found, skipped; there are %.*snone",
		 STR_ARG(name), STR_ARG(buf__view(&known)));
}

void propagators__parse(const char *list, struct propagators *set)
{
	struct str rest = str_from(list), name;

	*set = (struct propagators){0};
	while (split_next(&rest, ',', &name)) {
		name = str_trim(name);
		if (str_caseeq(name, STR("none"))) {
			set->cnt = 0;
			return;
		}
		if (name.len && !add_named(set, name))
			warn_unknown(name);
	}
	if (!set->cnt)
		propagators__parse("tracecontext,baggage", set);
}

static bool any_set(const u8 *bytes, size_t len)
{
	u8 any = 0;

	for (size_t i = 0; i < len; i++)
		any |= bytes[i];
	return any;
}

static bool extract(const struct propagator *propagator, const struct http_call *call,
		    struct trace_context *found)
{
	if (!propagator->extract || !propagator->extract(call, found))
		return false;
	return any_set(found->trace_id, sizeof(found->trace_id)) &&
	       any_set(found->parent_id, sizeof(found->parent_id));
}

bool propagators__extract(const struct propagators *set, const struct http_call *call,
			  struct trace_context *out)
{
	bool any = false;

	for (u32 i = 0; i < set->cnt; i++) {
		struct trace_context found = {0};

		if (!extract(&propagators[set->order[i]], call, &found))
			continue;
		memcpy(found.span_id, out->span_id, sizeof(found.span_id));
		*out = found;
		any = true;
	}
	return any;
}

void propagators__baggage(const struct propagators *set, const struct http_call *call,
			  struct baggage *baggage, struct arena *arena)
{
	*baggage = (struct baggage){0};
	for (u32 i = 0; i < set->cnt; i++)
		if (propagators[set->order[i]].collect)
			propagators[set->order[i]].collect(call, baggage, arena);
}
