/* SPDX-License-Identifier: Apache-2.0 */
/* The normal form of a compose file: what the reader hands over and the policy judges. JSON,
 * because it crosses a process border; this page is its definition, and aphd_model_check holds a
 * value against it.
 *
 *   {"format":1|2,                     1: services stood at the top level
 *    "top":      [KEY...],             keys at the top level that are not sections (name, x-...)
 *    "services": [SECTION...], "networks": [SECTION...], "volumes": [SECTION...],
 *    "configs":  [SECTION...], "secrets":  [SECTION...]}
 *   SECTION = {"name":S,"line":N,"keys":[KEY...]}
 *   KEY     = {"key":S,"line":N,"shape":SHAPE,"value":V}
 *
 * SHAPE says what V is; a value that does not have its key's shape is "other", and denied:
 *   string    S                          bool  true|false
 *   list      [{"line":N,"value":S}...]
 *   map       [{"line":N,"key":S,"value":S|null}...]    from "K: V" and from "K=V" alike
 *   ports     [{"line":N,"host_ip":S|null,"published":S|null,"target":S,"protocol":S,
 *               "extra":[[S,S]...]}...]
 *   mounts    [{"line":N,"type":S,"source":S|null,"target":S,"read_only":BOOL,
 *               "options":[[S,S]...]}...]
 *             type "storage" is a folder in a storage location, source is its answer
 *             (common/storage_answer.h). It comes from a question of an entry, never from a
 *             compose text, and passes only where the job knows that answer by itself
 *   env_files [{"line":N,"path":S,"required":BOOL,"found":BOOL,"extra":[[S,S]...],
 *               "entries":[as in map...]}...]
 *             found: the install script writes a file of that name, and entries are its lines
 *   tree      [{"line":N,"path":[S|N...],"value":S|null}...]   the leaves of a nested section, in
 *             order: keys are strings, places in a list numbers; an empty list or map is left out
 *   other     null
 *
 * No nesting of the text survives in it: its depth is fixed, whatever the author wrote. */
#ifndef APHD_MODEL_H
#define APHD_MODEL_H

#include <jansson.h>

#include "common/error.h"

/* Where a key stands. */
typedef enum aphd_section_t {
    APHD_TOP,
    APHD_SERVICE,
    APHD_NETWORK,
    APHD_VOLUME,
    APHD_CONFIG,
    APHD_SECRET
} aphd_section_t;

/* What a key's value must look like: the third column of keys.def. */
typedef enum aphd_shape_t {
    APHD_SHAPE_ANY,     /* not looked at: arrives as "other" */
    APHD_SHAPE_TEXT,    /* one scalar */
    APHD_SHAPE_FLAG,    /* true, false and what YAML 1.1 calls so */
    APHD_SHAPE_LIST,    /* a list of scalars; one scalar is a list of one */
    APHD_SHAPE_COMMAND, /* a scalar stays one, a list too: compose splits only the former */
    APHD_SHAPE_MAP,
    APHD_SHAPE_PORTS,
    APHD_SHAPE_MOUNTS,
    APHD_SHAPE_ENV_FILES,
    APHD_SHAPE_TREE
} aphd_shape_t;

/* The shape keys.def demands of a key; APHD_SHAPE_ANY for one without a row. */
aphd_shape_t aphd_key_shape(aphd_section_t section, const char *key);

/* Holds a value against this page. APH_EUNREADABLE when it is not a normal form: then the reader,
 * which has seen foreign text and is trusted with nothing, did not say what a reader says. */
apr_status_t aphd_model_check(const json_t *compose, aph_error_t *err);

#endif
