// SPDX-License-Identifier: Apache-2.0
/* ROUTE_SOURCE(name): route_NAME_find() looks for routes in a language's sources. */
ROUTE_SOURCE(python)
