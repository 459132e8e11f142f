// SPDX-License-Identifier: Apache-2.0
/* Percent-encoding, as values of W3C Baggage and of OTEL_RESOURCE_ATTRIBUTES have it. */
#ifndef PERCENT_H
#define PERCENT_H

#include "model/arena.h"

/*
 * A copy, decoded, in well-formed UTF-8; a percent sign without two digits stands for itself.
 * STR_NONE if there is no memory.
 */
struct str percent_decode(struct arena *arena, struct str text);

#endif
