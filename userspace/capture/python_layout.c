// SPDX-License-Identifier: Apache-2.0
/*
 * Where CPython keeps things, by version, on 64-bit machines: offsets of PyFunctionObject,
 * PyCodeObject, str, PyThreadState and frames, from the headers of each. From 3.12 on neither
 * _PyFunction_Vectorcall nor anything else that is exported sees the calls of views.
 */
#include "capture/python_layout.h"

#include <errno.h>

#include "event.h"

static const struct {
	u32 minor;
	struct python_layout layout;
} layouts[] = {
	{8,
	 {.function_code = 16,
	  .function_name = 104,
	  .code_flags = 36,
	  .code_line = 40,
	  .code_file = 104,
	  .code_name = 112,
	  .ascii = 48,
	  .wide = 72,
	  .thread_frame = 24,
	  .frame_within = PYTHON_NONE,
	  .frame_locals = 360,
	  .frame_code = 32}},
	{9,
	 {.function_code = 16,
	  .function_name = 104,
	  .code_flags = 36,
	  .code_line = 40,
	  .code_file = 104,
	  .code_name = 112,
	  .ascii = 48,
	  .wide = 72,
	  .thread_frame = 24,
	  .frame_within = PYTHON_NONE,
	  .frame_locals = 360,
	  .frame_code = 32}},
	{10,
	 {.function_code = 48,
	  .function_name = 40,
	  .code_flags = 36,
	  .code_line = 40,
	  .code_file = 104,
	  .code_name = 112,
	  .ascii = 48,
	  .wide = 72,
	  .thread_frame = 24,
	  .frame_within = PYTHON_NONE,
	  .frame_locals = 352,
	  .frame_code = 32}},
	{11,
	 {.function_code = 48,
	  .function_name = 40,
	  .code_flags = 48,
	  .code_line = 72,
	  .code_file = 112,
	  .code_name = 120,
	  .ascii = 48,
	  .wide = 72,
	  .thread_frame = 56,
	  .frame_within = 8,
	  .frame_locals = 72,
	  .frame_code = 32,
	  .frame_back = 48,
	  .generator_code = 16,
	  .generator_state = 75,
	  .generator_frame = 80,
	  .class_keys = 872}},
};

_Static_assert(ARRAY_SIZE(layouts) <= PYTHON_LAYOUTS_MAX, "raise PYTHON_LAYOUTS_MAX");

int python_layout_find(u32 minor)
{
	for (u32 i = 0; i < ARRAY_SIZE(layouts); i++)
		if (layouts[i].minor == minor)
			return (int)i;
	return -ENOTSUP;
}

const struct python_layout *python_layout_at(u32 place)
{
	return place < ARRAY_SIZE(layouts) ? &layouts[place].layout : NULL;
}
