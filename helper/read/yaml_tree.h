/* SPDX-License-Identifier: Apache-2.0 */
/* YAML as a strict tree: the part of the language in which one text has one meaning.
 *
 * Accepted: UTF-8 without a byte order mark, one document, mappings with distinct plain-text
 * keys, sequences, scalars in any style. Refused, with the line: tags, anchors, aliases, merge
 * keys, directives, further documents, complex and empty keys, duplicate keys, tabs, control
 * characters, and whatever is above the bounds of common/limits.h. Every scalar is its text:
 * nothing becomes a number, a date or a boolean here. */
#ifndef APHD_YAML_TREE_H
#define APHD_YAML_TREE_H

#include <stddef.h>
#include <apr_pools.h>

#include "common/error.h"
#include "helper/read/text_check.h"

typedef enum aphd_yaml_kind_t { APHD_YAML_SCALAR, APHD_YAML_LIST, APHD_YAML_MAP } aphd_yaml_kind_t;

typedef struct aphd_yaml_t aphd_yaml_t;
struct aphd_yaml_t {
    aphd_yaml_kind_t kind;
    int line;        /* 1-based, first_line already added */
    const char *key; /* name in the mapping around it; NULL in a sequence and at the root */
    int key_line;
    const char *text;   /* of a scalar: UTF-8, no NUL inside */
    unsigned plain : 1; /* a scalar without quotes and not a block */
    size_t count;       /* members of a list or map */
    aphd_yaml_t *first; /* members, in the order of the text */
    aphd_yaml_t *next;
};

/* Parses the text into *root, allocated from p. APH_EUNREADABLE with line and reason. */
apr_status_t aphd_yaml_parse(const aphd_foreign_t *foreign, aphd_yaml_t **root, apr_pool_t *p,
                             aph_error_t *err);

/* The member of that name in a map, or NULL. */
const aphd_yaml_t *aphd_yaml_get(const aphd_yaml_t *map, const char *key);

/* Nonzero for what YAML calls null: nothing at all, ~ or null, unquoted. */
int aphd_yaml_is_null(const aphd_yaml_t *node);

#endif
