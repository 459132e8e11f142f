// SPDX-License-Identifier: Apache-2.0
#include "trace/function_request.h"

#include <stdlib.h>

u64 hash_mix(u64 a, u64 b)
{
	a = (a ^ b) * 0x9e3779b97f4a7c15ULL;
	a = (a ^ a >> 32) * 0xd6e8feb86659fd93ULL;
	return a ^ a >> 32;
}

static u64 key_of(u64 conn, u64 start_ns)
{
	return hash_mix(conn, start_ns);
}

void function_requests__free(struct function_requests *requests)
{
	map__free(&requests->by_key);
}

struct function_request *function_requests__find(const struct function_requests *requests, u64 conn,
						 u64 start_ns)
{
	struct function_request *request = map__get(&requests->by_key, key_of(conn, start_ns));

	return request && request->conn == conn && request->start_ns == start_ns ? request : NULL;
}

struct function_request *function_requests__add(struct function_requests *requests, u64 conn,
						u64 start_ns)
{
	u64 key = key_of(conn, start_ns);
	struct function_request *request =
		map__get(&requests->by_key, key) ? NULL : calloc(1, sizeof(*request));

	if (!request || map__set(&requests->by_key, key, request)) {
		free(request);
		return NULL;
	}
	request->conn = conn;
	request->start_ns = start_ns;
	request->last = &request->first;
	request->held_end = &request->held;
	request->before = requests->newest;
	*(requests->newest ? &requests->newest->next : &requests->oldest) = request;
	requests->newest = request;
	return request;
}

void function_requests__del(struct function_requests *requests, struct function_request *owned)
{
	*(owned->before ? &owned->before->next : &requests->oldest) = owned->next;
	*(owned->next ? &owned->next->before : &requests->newest) = owned->before;
	map__del(&requests->by_key, key_of(owned->conn, owned->start_ns));
	function_requests__done(requests, owned);
	free(owned->state);
	free(owned);
}

void function_requests__wait(struct function_requests *requests, struct function_request *request)
{
	if (request->pending_at)
		return;
	if (!requests->pending)
		requests->pending_end = &requests->pending;
	request->since = 0;
	request->pending_next = NULL;
	request->pending_at = requests->pending_end;
	*requests->pending_end = request;
	requests->pending_end = &request->pending_next;
}

void function_requests__done(struct function_requests *requests, struct function_request *request)
{
	if (!request->pending_at)
		return;
	*request->pending_at = request->pending_next;
	if (request->pending_next)
		request->pending_next->pending_at = request->pending_at;
	else
		requests->pending_end = request->pending_at;
	request->pending_at = NULL;
}
