// SPDX-License-Identifier: Apache-2.0
/* What answers of receivers mean: gRPC's statuses, HTTP's, and what bodies and details say. */
#include "test.h"

#include <nghttp2/nghttp2.h>

#include "deliver/compress.h"
#include "deliver/grpc_answer.h"
#include "deliver/http_answer.h"
#include "deliver/otlp_answer.h"

#define NOW (1000000000ULL * NSEC_PER_SEC) /* 2001-09-09T01:46:40Z */

static struct send_result judge(struct grpc_answer *answer, const char *status, u32 h2_error)
{
	struct send_result result;

	grpc_answer__reset(answer);
	grpc_answer__header(answer, STR(":status"), STR("200"));
	if (status)
		grpc_answer__header(answer, STR("grpc-status"), str_from(status));
	grpc_answer__judge(answer, h2_error, &result);
	return result;
}

/* OTLP specification, "OTLP/gRPC Response": which failures may be tried again. */
static void grpc_statuses(void)
{
	static const char outcomes[] = "oRrrRrrrrrRRrrRRr"; /* o: ok, R: retry, r: refused */
	struct grpc_answer answer = {0};
	char number[4];

	for (u32 i = 0; i < sizeof(outcomes) - 1; i++) {
		struct send_result result;

		snprintf(number, sizeof(number), "%u", i);
		result = judge(&answer, number, NGHTTP2_NO_ERROR);
		CHECK(result.outcome == (outcomes[i] == 'o'   ? SEND_OK
					 : outcomes[i] == 'R' ? SEND_RETRY
							      : SEND_REFUSED));
		CHECK(!strncmp(result.code, "StatusCode.", 11));
	}
	CHECK_STR(str_from(judge(&answer, "14", 0).code), "StatusCode.UNAVAILABLE");
	CHECK_STR(str_from(judge(&answer, "17", 0).code), "StatusCode.UNKNOWN");
	CHECK_STR(str_from(judge(&answer, "-1", 0).code), "StatusCode.UNKNOWN");
	CHECK_STR(str_from(judge(&answer, "99999999999", 0).code), "StatusCode.UNKNOWN");
	CHECK(judge(&answer, "3", 0).payload && !judge(&answer, "16", 0).payload);
	grpc_answer__free(&answer);
}

static void without_a_grpc_status(void)
{
	static const struct {
		const char *http;
		u32 h2_error;
		const char *code;
		enum send_outcome outcome;
	} rows[] = {
		{"200", NGHTTP2_NO_ERROR, "StatusCode.UNKNOWN", SEND_REFUSED},
		{"503", NGHTTP2_NO_ERROR, "StatusCode.UNAVAILABLE", SEND_RETRY},
		{"429", NGHTTP2_NO_ERROR, "StatusCode.UNAVAILABLE", SEND_RETRY},
		{"404", NGHTTP2_NO_ERROR, "StatusCode.UNIMPLEMENTED", SEND_REFUSED},
		{"401", NGHTTP2_NO_ERROR, "StatusCode.UNAUTHENTICATED", SEND_REFUSED},
		{"200", NGHTTP2_REFUSED_STREAM, "StatusCode.UNAVAILABLE", SEND_RETRY},
		{"200", NGHTTP2_CANCEL, "StatusCode.CANCELLED", SEND_RETRY},
		{"200", NGHTTP2_INTERNAL_ERROR, "StatusCode.INTERNAL", SEND_REFUSED},
		{"200", NGHTTP2_ENHANCE_YOUR_CALM, "StatusCode.RESOURCE_EXHAUSTED", SEND_RETRY},
	};
	struct grpc_answer answer = {0};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct send_result result;

		grpc_answer__reset(&answer);
		grpc_answer__header(&answer, STR(":status"), str_from(rows[i].http));
		grpc_answer__judge(&answer, rows[i].h2_error, &result);
		CHECK_STR(str_from(result.code), rows[i].code);
		CHECK(result.outcome == rows[i].outcome && !result.payload);
	}
	grpc_answer__free(&answer);
}

/* Status{code 8, message "busy", details RetryInfo{2.5 s}}, as protoc encodes it, in base64. */
#define DETAILS \
	"CAgSBGJ1c3kaNgoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIKCggIAhCAyrXuAQ"

static void retry_info(void)
{
	/* cut within its last byte's padding, in its middle, padded, not base64 at all */
	static const char *const bad[] = {"", "=", "CAgS", "CAgSBGJ1c3kaMwoodHlwZS5nb29", "\xff"};
	struct grpc_answer answer = {0};
	struct send_result result;

	grpc_answer__reset(&answer);
	grpc_answer__header(&answer, STR("grpc-status"), STR("8"));
	grpc_answer__header(&answer, STR("grpc-message"), STR("b%20%zz%"));
	grpc_answer__judge(&answer, 0, &result);
	CHECK(result.outcome == SEND_REFUSED && result.payload);
	CHECK_STR(result.message, "b %zz%");
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		grpc_answer__header(&answer, STR("grpc-status-details-bin"), str_from(bad[i]));
		grpc_answer__judge(&answer, 0, &result);
		CHECK(result.outcome == SEND_REFUSED && !result.told_when);
	}
	grpc_answer__header(&answer, STR("grpc-status-details-bin"), STR(DETAILS));
	grpc_answer__judge(&answer, 0, &result);
	CHECK(result.outcome == SEND_RETRY && result.told_when);
	CHECK(result.retry_after_ns == 5 * NSEC_PER_SEC / 2);
	CHECK_STR(result.message, "busy");
	grpc_answer__free(&answer);
}

static struct send_result with_body(struct grpc_answer *answer, struct str body)
{
	struct send_result result;

	grpc_answer__reset(answer);
	grpc_answer__header(answer, STR("grpc-status"), STR("0"));
	for (size_t i = 0; i < body.len; i++)
		grpc_answer__data(answer, str_sub(body, i, 1));
	grpc_answer__judge(answer, NGHTTP2_NO_ERROR, &result);
	return result;
}

static void grpc_bodies(void)
{
	struct grpc_answer answer = {0};
	struct send_result result;
	struct buf packed = {0};

	CHECK(with_body(&answer, STR("")).outcome == SEND_OK);
	CHECK(with_body(&answer, STR("\0\0\0\0\0")).outcome == SEND_OK);
	CHECK(with_body(&answer, STR("\0\0\0\0\2\x0a\0")).outcome == SEND_OK);
	result = with_body(&answer, STR("\0\0\0\0\x08\x0a\6\x08\5\x12\2no"));
	CHECK(result.outcome == SEND_PARTIAL && result.rejected == 5);
	CHECK_STR(result.message, "no");
	/* taken, though its answer is junk, cut, or far too long */
	CHECK(with_body(&answer, STR("\0\0\0\0\2\xff\xff")).outcome == SEND_PARTIAL);
	CHECK(with_body(&answer, STR("\0\0\0")).rejected == 0);
	CHECK(with_body(&answer, STR("\0\1\0\0\0\x0a\0")).outcome == SEND_PARTIAL);
	CHECK(with_body(&answer, STR("\1\0\0\0\2\x0a\0")).outcome == SEND_PARTIAL);
	buf__append(&packed, "\1\0\0\0\0", 5);
	CHECK(!compress_text(&packed, COMPRESSION_GZIP, STR("\x0a\6\x08\5\x12\2no")));
	packed.p[4] = (char)(packed.len - 5);
	CHECK(with_body(&answer, buf__view(&packed)).rejected == 5);
	buf__free(&packed);
	grpc_answer__free(&answer);
}

static void endless_answers(void)
{
	char bytes[4096] = {0};
	struct grpc_answer answer = {0};
	struct send_result result;

	grpc_answer__reset(&answer);
	for (u32 i = 0; i < 1000; i++) {
		grpc_answer__data(&answer, (struct str){bytes, sizeof(bytes)});
		grpc_answer__header(&answer, STR("grpc-message"),
				    (struct str){bytes, sizeof(bytes)});
	}
	CHECK(answer.body.cap <= 4 * ANSWER_MAX);
	grpc_answer__header(&answer, STR("grpc-status"), STR("0"));
	grpc_answer__judge(&answer, NGHTTP2_NO_ERROR, &result);
	CHECK(result.outcome == SEND_PARTIAL && !result.rejected);
	grpc_answer__free(&answer);
}

static struct send_result taken(struct buf *text, const char *body)
{
	struct send_result result = {0};

	otlp_answer_taken(&result, str_from(body), text);
	return result;
}

static void json_bodies(void)
{
	struct buf text = {0};
	struct send_result result;

	CHECK(taken(&text, "{}").outcome == SEND_OK);
	CHECK(taken(&text, "{\"partialSuccess\":{}}").outcome == SEND_OK);
	CHECK(taken(&text, "").outcome == SEND_OK);
	result = taken(&text, " {\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":"
			      "\"say \\\"rejectedSpans\\\": 9\"}}");
	CHECK(result.outcome == SEND_PARTIAL && result.rejected == 3);
	CHECK_STR(result.message, "say \\\"rejectedSpans\\\": 9");
	CHECK(taken(&text, "{\"rejectedDataPoints\" : 7 }").rejected == 7);
	CHECK(taken(&text, "{\"rejectedSpans\":\"-3\"}").rejected == 0);
	CHECK(taken(&text, "{\"rejectedSpans\"").rejected == 0);
	CHECK(taken(&text, "{\"errorMessage\":\"\\").outcome != SEND_REFUSED);
	buf__free(&text);
}

static void http_statuses(void)
{
	static const struct {
		u32 status;
		enum send_outcome outcome;
		bool payload;
	} rows[] = {
		{301, SEND_REFUSED, false}, {400, SEND_REFUSED, true},	{401, SEND_REFUSED, false},
		{404, SEND_REFUSED, false}, {413, SEND_REFUSED, true},	{429, SEND_RETRY, false},
		{500, SEND_REFUSED, true},  {501, SEND_REFUSED, false}, {502, SEND_RETRY, false},
		{503, SEND_RETRY, false},   {504, SEND_RETRY, false},
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct send_result result = {0};

		http_judge(&result, rows[i].status);
		CHECK(result.outcome == rows[i].outcome && result.payload == rows[i].payload);
		CHECK(result.code);
	}
}

static void retry_after(void)
{
	static const struct {
		const char *text;
		bool told;
		u64 seconds;
	} rows[] = {
		{"120", true, 120},
		{" 0", true, 0},
		{"99999999999999999999", true, 9999999999},
		{"Sun, 09 Sep 2001 01:47:10 GMT", true, 30},
		{"Sunday, 09-Sep-01 01:47:10 GMT", true, 30},
		{"Sun Sep  9 01:47:10 2001", true, 30},
		{"Sun, 09 Sep 2001 01:00:00 GMT", true, 0},
		{"soon", false, 0},
		{"", false, 0},
		{"-1", false, 0},
		{"1.5", false, 0},
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct send_result result = {0};

		http_retry_after(&result, str_from(rows[i].text), NOW);
		CHECK(result.told_when == rows[i].told);
		CHECK(result.retry_after_ns / NSEC_PER_SEC == rows[i].seconds);
	}
}

static void compressions(void)
{
	struct buf text = {0}, packed = {0}, plain = {0};

	for (u32 i = 0; i < 10000; i++)
		buf__printf(&text, "%u ", i % 100);
	for (enum compression c = COMPRESSION_GZIP; c <= COMPRESSION_DEFLATE; c++) {
		buf__reset(&packed);
		buf__reset(&plain);
		CHECK(!compress_text(&packed, c, buf__view(&text)));
		CHECK(packed.len < text.len / 10);
		CHECK(decompress_text(&plain, buf__view(&packed), 100));
		buf__reset(&plain);
		CHECK(!decompress_text(&plain, buf__view(&packed), text.len));
		CHECK(str_eq(buf__view(&plain), buf__view(&text)));
		packed.len /= 2;
		buf__reset(&plain);
		CHECK(decompress_text(&plain, buf__view(&packed), text.len));
		CHECK(compression_from(compression_name(c)) == c);
	}
	CHECK(decompress_text(&plain, STR("no gzip"), 100));
	buf__free(&text);
	buf__free(&packed);
	buf__free(&plain);
}

int main(void)
{
	RUN(grpc_statuses);
	RUN(without_a_grpc_status);
	RUN(retry_info);
	RUN(grpc_bodies);
	RUN(endless_answers);
	RUN(json_bodies);
	RUN(http_statuses);
	RUN(retry_after);
	RUN(compressions);
	return test_status();
}
