// SPDX-License-Identifier: Apache-2.0
/* A table of processes whose questions are answered by what a test makes up. */
#ifndef TEST_ANSWERS_H
#define TEST_ANSWERS_H

#include "test.h"

#include <errno.h>

#include "proc/process.h"

#define ANSWERS 24

struct answers {
	struct {
		const char *key, *answer; /* '|' in an answer stands for NUL */
	} v[ANSWERS];
	u32 asked;
};

static int answer(void *owner, const char *key, struct buf *out)
{
	struct answers *answers = owner;

	answers->asked += strncmp(key, "sdk/", 4) != 0; /* asked of every process that serves */
	for (int i = 0; i < ANSWERS; i++) {
		const char *text = answers->v[i].answer;

		if (!answers->v[i].key || strcmp(answers->v[i].key, key))
			continue;
		for (; *text; text++)
			buf__char(out, *text == '|' ? '\0' : *text);
		return 0;
	}
	return -ENOENT;
}

struct fixture {
	struct config config;
	struct rng rng;
	enum semconv_set set; /* 0: legacy */
	struct answers answers;
	struct process_table *table;
};

static void begin(struct fixture *f)
{
	struct process_env env = {
		.config = &f->config,
		.rng = &f->rng,
		.set = f->set ? f->set : SEMCONV_LEGACY,
		.facts = {.fn = answer, .owner = &f->answers},
	};

	if (!f->config.sdk_name)
		f->config.sdk_name = "otel-ebpf";
	rng__seed(&f->rng, 5);
	if (process_table__new(&f->table, &env))
		abort();
}

static inline const struct attr *attr_of(const struct resource *resource, const char *key)
{
	static const struct attr none = {.type = ATTR_BOOL};
	const struct attr *attr = attrs__find(&resource->attrs, str_from(key));

	return attr ? attr : &none;
}

/* What a span of this process would say of an attribute of its resource. */
static inline void says(struct fixture *f, u32 tgid, const char *key, const char *want)
{
	struct resource *resource = process_table__resource(f->table, tgid);

	CHECK(resource != NULL);
	if (!resource)
		return;
	CHECK_STR(attr_of(resource, key)->s, want);
	resource__put(resource);
}

#endif
