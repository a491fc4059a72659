/* SPDX-License-Identifier: Apache-2.0 */
/* A template as lines, with what httpd would make of each: comment, section, or a word of ours that
 * stands for whole lines. Pure. */
#ifndef APHD_SCAN_H
#define APHD_SCAN_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "helper/vhost/template.h"

typedef enum aphd_line_word_t {
    APHD_LINE_OWN, /* no such word: the template's own text */
    APHD_LINE_ALIASES,
    APHD_LINE_OPTIONS,
    APHD_LINE_ACCESS
} aphd_line_word_t;

typedef struct aphd_line_t {
    const char *text; /* as it stands there, without the newline */
    size_t length;
    int number;
    int block; /* which <VirtualHost> of the template, from 1; 0 outside */
    int depth; /* sections open behind it, within the block: 1 is directly in <VirtualHost> */
    aphd_line_word_t word;
    unsigned comment : 1;
    unsigned access : 1; /* a directive that may keep somebody out */
} aphd_line_t;

typedef struct aphd_scan_t {
    apr_array_header_t *lines; /* of aphd_line_t */
    int block_count;
    const int *block_lines; /* [block_count + 1]: where each begins */
} aphd_scan_t;

/* Octets at text that are one word ([A-Za-z0-9_]), and the word among those that stand for lines.
 */
size_t aphd_word_length(const char *text, size_t length);

/* APH_ECONFIG with file and line: a word that must stand alone does not or stands outside of
 * <VirtualHost>, sections do not nest, or there is no <VirtualHost> at all. */
apr_status_t aphd_template_scan(const aphd_template_t *template, aphd_scan_t *scan, apr_pool_t *p,
                                aph_error_t *err);

#endif
