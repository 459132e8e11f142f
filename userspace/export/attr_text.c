// SPDX-License-Identifier: Apache-2.0
#include "export/attr_text.h"

#include <inttypes.h>

#include "export/json.h"

static void print_list(struct buf *out, struct attr_list list)
{
	buf__char(out, '[');
	for (u32 i = 0; i < list.cnt; i++) {
		buf__str(out, i ? STR(", ") : STR_NONE);
		json_str(out, list.v[i]);
	}
	buf__char(out, ']');
}

void attr_text(struct buf *out, const struct attr *attr)
{
	switch (attr->type) {
	case ATTR_STR:
		buf__str(out, attr->s);
		break;
	case ATTR_INT:
		buf__printf(out, "%" PRId64, attr->i);
		break;
	case ATTR_DOUBLE:
		json_double(out, attr->d);
		break;
	case ATTR_BOOL:
		buf__str(out, attr->b ? STR("true") : STR("false"));
		break;
	case ATTR_STR_LIST:
		print_list(out, attr->list);
		break;
	}
}
