// SPDX-License-Identifier: Apache-2.0
#include "trace/function_attrs.h"

struct str function_call_name(const struct function *function, const struct function_call *call)
{
	return function->named ? call->texts[0] : function->name;
}

void function_attrs(struct attrs *attrs, struct arena *mem, const struct function *function,
		    const struct function_call *call)
{
	struct attr attr;

	if (function->kind == FUNCTION_CALL && !function->named)
		attrs__str(attrs, mem, STR("code.function.name"), arena__dup(mem, function->name));
	if (function->file.len)
		attrs__str(attrs, mem, STR("code.file.path"), arena__dup(mem, function->file));
	if (function->line)
		attrs__int(attrs, mem, STR("code.line.number"), function->line);
	attrs__int(attrs, mem, STR("thread.id"), call->tid);
	for (u32 i = 0; i < FUNCTION_VALUES_MAX; i++) {
		if (!function_attr(function, call, i, &attr))
			continue;
		attr.key = arena__dup(mem, attr.key);
		if (attr.type == ATTR_STR)
			attr.s = arena__dup(mem, attr.s);
		attrs__add(attrs, mem, attr);
	}
}
