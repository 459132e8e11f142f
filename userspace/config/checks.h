// SPDX-License-Identifier: Apache-2.0
/* What can be said of values at the start that nobody would see later. Each warns by the name that
 * the user gave the value by. */
#ifndef CHECKS_H
#define CHECKS_H

#include "config/config.h"

/* Of "a=b,c=%20d" what is no pair, or not well encoded. */
void check_pairs(const char *name, const char *text);
/* Of patterns of process names those that are longer than the kernel lets a name be. */
void check_names(const char *name, const char *text);
/* A batch comes out of the queue: what is larger is cut (specification, batch processor). */
void check_batch(struct config_batch *batch, const char *name);

#endif
