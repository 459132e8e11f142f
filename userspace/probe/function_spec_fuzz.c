// SPDX-License-Identifier: Apache-2.0
/* Fuzz target: bytes as a function spec; what is accepted is whole and points into them. */
#include <stdlib.h>

#include "probe/function_spec.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static bool within(struct str part, struct str text)
{
	return !part.len || (part.p >= text.p && part.p + part.len <= text.p + text.len);
}

static void check(const struct function_spec_text *spec, struct str text)
{
	u32 texts = 0;

	if (!within(spec->object, text) || !within(spec->glob, text) ||
	    (spec->glob.len && spec->offset))
		abort();
	for (u32 i = 0; i < FUNCTION_VALUES_MAX; i++) {
		const struct function_value *value = &spec->values[i];

		if (!value->kind)
			continue;
		texts += value->kind == VALUE_TEXT;
		if (value->argument > 5 || !value->bits || !value->attr.len ||
		    !within(value->attr, text))
			abort();
	}
	if (texts > 2)
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct str text = {(const char *)data, len};
	struct function_spec_text spec;
	const char *why = NULL;
	int err = function_spec_parse(text, &spec, &why);

	if (err ? !why : !!why)
		abort();
	if (!err)
		check(&spec, text);
	return 0;
}
