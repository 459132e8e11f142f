// SPDX-License-Identifier: Apache-2.0
#include "deliver/http_answer.h"

#include <curl/curl.h>
#include <stdio.h>

static const struct {
	u32 status;
	bool retry, payload;
	const char *code;
} known[] = {
	{400, false, true, "400 Bad Request"},
	{401, false, false, "401 Unauthorized"},
	{403, false, false, "403 Forbidden"},
	{404, false, false, "404 Not Found"},
	{405, false, false, "405 Method Not Allowed"},
	{413, false, true, "413 Content Too Large"},
	{415, false, false, "415 Unsupported Media Type"},
	{422, false, true, "422 Unprocessable Content"},
	{429, true, false, "429 Too Many Requests"},
	{500, false, true, "500 Internal Server Error"},
	{502, true, false, "502 Bad Gateway"},
	{503, true, false, "503 Service Unavailable"},
	{504, true, false, "504 Gateway Timeout"},
};

void http_judge(struct send_result *result, u32 status)
{
	result->outcome = SEND_REFUSED;
	result->code = status < 400 ? "an answer that is no success" : "an error";
	for (u32 i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i].status != status)
			continue;
		result->outcome = known[i].retry ? SEND_RETRY : SEND_REFUSED;
		result->payload = known[i].payload;
		result->code = known[i].code;
	}
}

static bool parse_seconds(struct str value, u64 *seconds)
{
	*seconds = 0;
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return false;
		if (*seconds < UINT32_MAX)
			*seconds = *seconds * 10 + (u64)(value.p[i] - '0');
	}
	return value.len;
}

void http_retry_after(struct send_result *result, struct str value, u64 now)
{
	char text[64];
	time_t date;
	u64 seconds;

	value = str_trim(value);
	if (parse_seconds(value, &seconds)) {
		result->told_when = true;
		result->retry_after_ns = seconds * NSEC_PER_SEC;
		return;
	}
	snprintf(text, sizeof(text), "%.*s", STR_ARG(value));
	date = curl_getdate(text, NULL);
	if (date < 0)
		return;
	result->told_when = true;
	if ((u64)date > now / NSEC_PER_SEC)
		result->retry_after_ns = ((u64)date - now / NSEC_PER_SEC) * NSEC_PER_SEC;
}
