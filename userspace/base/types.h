// SPDX-License-Identifier: Apache-2.0
/* Short names for fixed-width integers, and scope-bound cleanup for function-local objects. */
#ifndef TYPES_H
#define TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define u8  uint8_t
#define u16 uint16_t
#define u32 uint32_t
#define u64 uint64_t
#define s32 int32_t
#define s64 int64_t

#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_SEC  1000000000ULL

#define ARRAY_SIZE(a)			(sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* __cleanup(fn): fn(&variable) runs when the variable goes out of scope. */
#define __cleanup(fn) __attribute__((cleanup(fn)))

#endif
