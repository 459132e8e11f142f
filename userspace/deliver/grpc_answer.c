// SPDX-License-Identifier: Apache-2.0
#include "deliver/grpc_answer.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <openssl/evp.h>

#include "deliver/compress.h"
#include "deliver/otlp_answer.h"
#include "model/hex.h"

#define PREFIX_LEN 5

enum status {
	OK,
	CANCELLED,
	UNKNOWN,
	INVALID_ARGUMENT,
	DEADLINE_EXCEEDED,
	NOT_FOUND,
	ALREADY_EXISTS,
	PERMISSION_DENIED,
	RESOURCE_EXHAUSTED,
	FAILED_PRECONDITION,
	ABORTED,
	OUT_OF_RANGE,
	UNIMPLEMENTED,
	INTERNAL,
	UNAVAILABLE,
	DATA_LOSS,
	UNAUTHENTICATED,
	STATUS_CNT
};

/* May it be taken another time (OTLP specification, OTLP/gRPC failures); may a part of it? */
static const struct {
	const char *code;
	bool retry, payload;
} statuses[STATUS_CNT] = {
	[OK] = {"StatusCode.OK", false, false},
	[CANCELLED] = {"StatusCode.CANCELLED", true, false},
	[UNKNOWN] = {"StatusCode.UNKNOWN", false, true},
	[INVALID_ARGUMENT] = {"StatusCode.INVALID_ARGUMENT", false, true},
	[DEADLINE_EXCEEDED] = {"StatusCode.DEADLINE_EXCEEDED", true, false},
	[NOT_FOUND] = {"StatusCode.NOT_FOUND", false, false},
	[ALREADY_EXISTS] = {"StatusCode.ALREADY_EXISTS", false, false},
	[PERMISSION_DENIED] = {"StatusCode.PERMISSION_DENIED", false, false},
	[RESOURCE_EXHAUSTED] = {"StatusCode.RESOURCE_EXHAUSTED", false, true},
	[FAILED_PRECONDITION] = {"StatusCode.FAILED_PRECONDITION", false, true},
	[ABORTED] = {"StatusCode.ABORTED", true, false},
	[OUT_OF_RANGE] = {"StatusCode.OUT_OF_RANGE", true, false},
	[UNIMPLEMENTED] = {"StatusCode.UNIMPLEMENTED", false, false},
	[INTERNAL] = {"StatusCode.INTERNAL", false, true},
	[UNAVAILABLE] = {"StatusCode.UNAVAILABLE", true, false},
	[DATA_LOSS] = {"StatusCode.DATA_LOSS", true, false},
	[UNAUTHENTICATED] = {"StatusCode.UNAUTHENTICATED", false, false},
};

void grpc_answer__reset(struct grpc_answer *answer)
{
	answer->http_status = 0;
	answer->status = -1;
	answer->message[0] = '\0';
	answer->too_long = false;
	buf__reset(&answer->details);
	buf__reset(&answer->body);
	buf__reset(&answer->text);
}

void grpc_answer__free(struct grpc_answer *answer)
{
	buf__free(&answer->details);
	buf__free(&answer->body);
	buf__free(&answer->text);
}

/* What is no number, or none of ours, is as good as UNKNOWN. */
static u32 parse_number(struct str value)
{
	u32 number = 0;

	if (!value.len || value.len > 3)
		return UNKNOWN;
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return UNKNOWN;
		number = number * 10 + (u32)(value.p[i] - '0');
	}
	return number;
}

/* Percent-encoded; cut where it is too long. */
static void set_message(struct grpc_answer *answer, struct str value)
{
	size_t len = 0;

	for (size_t i = 0; i < value.len && len < sizeof(answer->message) - 1; i++) {
		int byte = value.p[i] == '%' ? hex_byte(str_sub(value, i + 1, 2)) : -1;

		answer->message[len++] = byte < 0 ? value.p[i] : (char)byte;
		i += byte < 0 ? 0 : 2;
	}
	answer->message[len] = '\0';
}

/* Base64, with its padding or without; OpenSSL wants it, and counts it as bytes. */
static void set_details(struct grpc_answer *answer, struct str value)
{
	struct buf padded __cleanup(buf__free) = {0};
	size_t padding;
	int len;

	while (value.len && value.p[value.len - 1] == '=')
		value.len--;
	padding = (4 - value.len % 4) % 4;
	buf__reset(&answer->details);
	buf__str(&padded, value);
	buf__str(&padded, str_sub(STR("==="), 0, padding));
	if (padded.failed || buf__reserve(&answer->details, padded.len))
		return;
	len = EVP_DecodeBlock((u8 *)answer->details.p, (const u8 *)padded.p, (int)padded.len);
	if (len >= (int)padding)
		answer->details.len = (size_t)len - padding;
}

void grpc_answer__header(struct grpc_answer *answer, struct str name, struct str value)
{
	if (str_eq(name, STR(":status")))
		answer->http_status = parse_number(value);
	else if (str_eq(name, STR("grpc-status")))
		answer->status = (s32)parse_number(value);
	else if (str_eq(name, STR("grpc-message")))
		set_message(answer, value);
	else if (str_eq(name, STR("grpc-status-details-bin")))
		set_details(answer, value);
}

void grpc_answer__data(struct grpc_answer *answer, struct str bytes)
{
	if (answer->body.len + bytes.len > ANSWER_MAX || buf__str(&answer->body, bytes))
		answer->too_long = true;
}

/* The message of the body, decompressed into text if need be; false if there is no whole one. */
static bool unwrap(struct grpc_answer *answer, struct str *message)
{
	const u8 *prefix = (const u8 *)answer->body.p;
	u32 len;

	*message = STR_NONE;
	if (!answer->body.len)
		return true; /* as good as an empty one */
	if (answer->too_long || answer->body.len < PREFIX_LEN)
		return false;
	len = (u32)prefix[1] << 24 | (u32)prefix[2] << 16 | (u32)prefix[3] << 8 | prefix[4];
	if (len != answer->body.len - PREFIX_LEN)
		return false;
	*message = str_sub(buf__view(&answer->body), PREFIX_LEN, len);
	if (!prefix[0])
		return true;
	if (decompress_text(&answer->details, *message, ANSWER_MAX))
		return false;
	*message = buf__view(&answer->details);
	return true;
}

/* gRPC's table of what HTTP's status means where there is none of its own. */
static enum status from_http(u32 http_status)
{
	switch (http_status) {
	case 400:
		return INTERNAL;
	case 401:
		return UNAUTHENTICATED;
	case 403:
		return PERMISSION_DENIED;
	case 404:
		return UNIMPLEMENTED;
	case 429:
	case 502:
	case 503:
	case 504:
		return UNAVAILABLE;
	}
	return UNKNOWN;
}

static enum status from_h2(u32 h2_error)
{
	switch (h2_error) {
	case NGHTTP2_REFUSED_STREAM:
		return UNAVAILABLE;
	case NGHTTP2_CANCEL:
		return CANCELLED;
	case NGHTTP2_ENHANCE_YOUR_CALM:
		return RESOURCE_EXHAUSTED;
	case NGHTTP2_INADEQUATE_SECURITY:
		return PERMISSION_DENIED;
	}
	return INTERNAL;
}

static enum status status_of(struct grpc_answer *answer, u32 h2_error, struct send_result *result)
{
	if (answer->status >= 0) {
		result->message = str_from(answer->message);
		return answer->status < STATUS_CNT ? (enum status)answer->status : UNKNOWN;
	}
	if (h2_error != NGHTTP2_NO_ERROR) {
		buf__printf(&answer->text, "the server reset the stream: %s",
			    nghttp2_http2_strerror(h2_error));
		result->message = buf__view(&answer->text);
		return from_h2(h2_error);
	}
	buf__printf(&answer->text, "HTTP status %u without a gRPC status", answer->http_status);
	result->message = buf__view(&answer->text);
	return from_http(answer->http_status);
}

void grpc_answer__judge(struct grpc_answer *answer, u32 h2_error, struct send_result *result)
{
	enum status status;
	struct str message;
	bool calm;

	*result = (struct send_result){0};
	status = status_of(answer, h2_error, result);
	result->code = statuses[status].code;
	if (status == OK) {
		result->message = STR_NONE;
		otlp_answer_taken(result, unwrap(answer, &message) ? message : STR("\xff"),
				  &answer->text);
		return;
	}
	if (answer->details.len)
		otlp_answer_status(result, buf__view(&answer->details), &answer->text);
	/* the frame asks for calm; the status says too much, unless it says when there is room */
	calm = answer->status < 0 || result->told_when;
	if (statuses[status].retry || (status == RESOURCE_EXHAUSTED && calm))
		result->outcome = SEND_RETRY;
	else
		result->outcome = SEND_REFUSED;
	/* without a status of its own the server has not looked at the items */
	result->payload = answer->status >= 0 && statuses[status].payload;
}

void grpc_unavailable(const char *why, bool refused, struct send_result *result)
{
	*result = (struct send_result){
		.outcome = SEND_RETRY,
		.code = statuses[UNAVAILABLE].code,
		.message = str_from(why),
		.unreachable = refused,
	};
}
