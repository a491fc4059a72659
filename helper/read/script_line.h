/* SPDX-License-Identifier: Apache-2.0 */
/* One command line of a script as words, and the here-document that may follow it. */
#ifndef APHD_SCRIPT_LINE_H
#define APHD_SCRIPT_LINE_H

#include <stddef.h>
#include <apr_pools.h>

#include "common/error.h"
#include "helper/read/reader.h"

#define APHD_LINE_WORDS_MAX 64

/* Where the reading stands. text has LF line ends only. */
typedef struct aphd_script_cursor_t {
    const char *text;
    size_t length;
    size_t at;
    int line; /* number of the line at `at` */
} aphd_script_cursor_t;

typedef struct aphd_script_line_t {
    int line;
    size_t count; /* 0: blank, or a comment */
    const char *words[APHD_LINE_WORDS_MAX + 1];
    const char *output; /* target of > ; NULL: none */
    const char *tag;    /* of << ; NULL: none */
    unsigned tag_quoted : 1;
    unsigned strip_tabs : 1; /* <<- */
    const char *body;        /* the here-document, when tag is set */
    size_t body_length;
    int body_line; /* number of its first line */
} aphd_script_line_t;

/* Takes the next command line with its here-document; APR_EOF after the last. APH_EUNREADABLE for
 * whatever a shell would do more than start one program with fixed words: line and word are
 * named. */
apr_status_t aphd_script_next(aphd_script_cursor_t *cursor, aphd_script_line_t *line, apr_pool_t *p,
                              aph_error_t *err);

/* A path of a script, brought under the app's folder: "./x", "x/" and WEBAPP_PATH/x become "x".
 * *clean (from p) has no empty, "." or ".." part. APH_EUNREADABLE for every other path. */
apr_status_t aphd_script_path(const char *path, const aphd_words_t *words, int line,
                              const char **clean, apr_pool_t *p, aph_error_t *err);

/* Says that a program of a script is not known, with the likely meaning of a typing error. */
apr_status_t aphd_script_unknown(const char *program, int line, aph_error_t *err);

#endif
