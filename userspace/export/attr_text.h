// SPDX-License-Identifier: Apache-2.0
/* Values of attributes where only texts are taken (specification, common: attribute mapping). */
#ifndef ATTR_TEXT_H
#define ATTR_TEXT_H

#include "model/attrs.h"

struct buf;

/* true, 1.5, 80, the text itself, ["a", "b"]. */
void attr_text(struct buf *out, const struct attr *attr);

#endif
