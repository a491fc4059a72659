/* SPDX-License-Identifier: Apache-2.0 */
/* A text as JSON, by jansson, with two things it does not do itself: a bound on how deep it
 * recurses, and a long list one value at a time. */
#ifndef APHD_JSON_TEXT_H
#define APHD_JSON_TEXT_H

#include <stddef.h>
#include <jansson.h>

#include "common/error.h"

/* Nonzero for a text that is nested deeper than that. jansson's own bound is two thousand. */
int aphd_json_too_deep(const char *text, size_t length, int deepest);

/* Takes value; number counts from 0. An error ends the walk and is its result. */
typedef apr_status_t aphd_json_item_cb(void *self, size_t number, json_t *value, aph_error_t *err);

/* Reads an object without duplicate members of which the member list may be a long list: its values
 * are handed to cb as they come, so that no more of them is in memory than cb keeps, and *object
 * has an empty list in their place. *object: new reference. The text has to be checked with
 * aphd_json_too_deep. APH_EUNREADABLE names the line. */
apr_status_t aphd_json_walk(const char *text, size_t length, const char *list,
                            aphd_json_item_cb *cb, void *self, json_t **object, aph_error_t *err);

#endif
