/* SPDX-License-Identifier: Apache-2.0 */
/* Members of the JSON that goes between these files: rows of the store, entries, answers. */
#ifndef APHD_CATALOG_MEMBERS_H
#define APHD_CATALOG_MEMBERS_H

#include <jansson.h>

/* NULL where the member is absent or no text. */
static inline const char *text_or_null(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

/* "" where the member is absent or no text. */
static inline const char *text_of(const json_t *object, const char *member)
{
    const char *text = text_or_null(object, member);
    return text != NULL ? text : "";
}

/* 0 where the member is absent or no integer. */
static inline json_int_t number_of(const json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

#endif
