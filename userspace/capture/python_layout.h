// SPDX-License-Identifier: Apache-2.0
/* The versions of CPython whose objects the kernel side can read. */
#ifndef PYTHON_LAYOUT_H
#define PYTHON_LAYOUT_H

#include "base/types.h"

struct python_layout;

/* Place in the table of CPython 3.minor, below PYTHON_LAYOUTS_MAX, or -ENOTSUP. */
int python_layout_find(u32 minor);
/* NULL: there is none at this place. */
const struct python_layout *python_layout_at(u32 place);

#endif
