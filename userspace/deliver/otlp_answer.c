// SPDX-License-Identifier: Apache-2.0
#include "deliver/otlp_answer.h"

#include "service.pb-c.h"

#define RETRY_INFO STR("type.googleapis.com/google.rpc.RetryInfo")

static struct str view(ProtobufCBinaryData bytes)
{
	return (struct str){(const char *)bytes.data, bytes.len};
}

static void set_message(struct send_result *result, struct buf *text, struct str message)
{
	buf__reset(text);
	buf__str(text, message);
	result->message = buf__view(text);
}

static void set_partial(struct send_result *result, s64 rejected)
{
	result->rejected = rejected > 0 ? (u64)rejected : 0;
	if (result->rejected || result->message.len)
		result->outcome = SEND_PARTIAL;
}

static bool parse_protobuf(struct send_result *result, struct str body, struct buf *text)
{
	Otlp__ExportResponse *answer =
		otlp__export_response__unpack(NULL, body.len, (const u8 *)body.p);

	if (!answer)
		return false;
	/* one that is there but empty is a success as well */
	if (answer->partial_success) {
		set_message(result, text, view(answer->partial_success->error_message));
		set_partial(result, answer->partial_success->rejected);
	}
	otlp__export_response__free_unpacked(answer, NULL);
	return true;
}

/* The value of the first member of that name, whatever its depth: text or digits, still escaped. */
static struct str json_member(struct str body, struct str quoted_name)
{
	for (size_t i = 0; i + quoted_name.len < body.len; i++) {
		struct str rest = str_sub(body, i, body.len);
		size_t at = quoted_name.len, end;

		if (!str_starts(rest, quoted_name) || (i && body.p[i - 1] == '\\'))
			continue;
		while (at < rest.len && strchr(" \t\r\n:", rest.p[at]))
			at++;
		end = at += at < rest.len && rest.p[at] == '"';
		while (end < rest.len && !strchr("\",}\r\n", rest.p[end]))
			end += rest.p[end] == '\\' ? 2 : 1;
		return str_sub(rest, at, end - at);
	}
	return STR_NONE;
}

static s64 number(struct str digits)
{
	s64 value = 0;

	for (size_t i = 0; i < digits.len && digits.p[i] >= '0' && digits.p[i] <= '9'; i++) {
		if (value > INT64_MAX / 10 - 1)
			return INT64_MAX;
		value = value * 10 + (digits.p[i] - '0');
	}
	return value;
}

static void parse_json(struct send_result *result, struct str body, struct buf *text)
{
	static const struct str counts[] = {
		{"\"rejectedSpans\"", 15},
		{"\"rejectedDataPoints\"", 20},
		{"\"rejectedLogRecords\"", 20},
	};
	s64 rejected = 0;

	for (u32 i = 0; i < ARRAY_SIZE(counts); i++)
		rejected += number(json_member(body, counts[i])) % INT32_MAX;
	set_message(result, text, json_member(body, STR("\"errorMessage\"")));
	set_partial(result, rejected);
}

void otlp_answer_taken(struct send_result *result, struct str body, struct buf *text)
{
	struct str start = str_trim(body);

	result->outcome = SEND_OK;
	if (start.len && start.p[0] == '{') {
		parse_json(result, body, text);
	} else if (!parse_protobuf(result, body, text)) {
		set_message(result, text, STR("the answer cannot be read"));
		set_partial(result, 0);
	}
}

static void read_retry_info(struct send_result *result, ProtobufCBinaryData bytes)
{
	Otlp__RetryInfo *info = otlp__retry_info__unpack(NULL, bytes.len, bytes.data);
	const Otlp__Duration *delay = info ? info->retry_delay : NULL;

	result->told_when |= info != NULL;
	if (delay && delay->seconds >= 0 && delay->nanos >= 0) {
		u64 most = UINT64_MAX / NSEC_PER_SEC - 1, seconds = (u64)delay->seconds;

		result->retry_after_ns = (seconds < most ? seconds : most) * NSEC_PER_SEC +
					 (u64)delay->nanos % NSEC_PER_SEC;
	}
	if (info)
		otlp__retry_info__free_unpacked(info, NULL);
}

void otlp_answer_status(struct send_result *result, struct str body, struct buf *text)
{
	Otlp__RpcStatus *status = otlp__rpc_status__unpack(NULL, body.len, (const u8 *)body.p);

	if (!status)
		return;
	if (status->message.len)
		set_message(result, text, view(status->message));
	for (size_t i = 0; i < status->n_details; i++) {
		if (str_eq(view(status->details[i]->type_url), RETRY_INFO))
			read_retry_info(result, status->details[i]->value);
	}
	otlp__rpc_status__free_unpacked(status, NULL);
}
