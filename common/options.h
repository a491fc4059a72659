/* SPDX-License-Identifier: Apache-2.0 */
/* The list of an app's options, for help, manual and judges. What a value may be is judged in
 * helper/vhost; here are names and words only. */
#ifndef APH_OPTIONS_H
#define APH_OPTIONS_H

#include <stddef.h>

typedef enum aph_option_place_t { APH_OPTION_ROUTE, APH_OPTION_VHOST } aph_option_place_t;

typedef struct aph_option_t {
    const char *name;
    const char *value; /* NULL: takes none; "[X]": may be left out; else required */
    aph_option_place_t place;
    unsigned access : 1; /* the app is then served in its own virtual host only */
    unsigned repeats : 1;
    const char *module;  /* of httpd, without "_module"; NULL: none */
    const char *becomes; /* in httpd's words */
    const char *help;    /* one sentence or two */
} aph_option_t;

/* A response header that the option "header" may set. */
typedef struct aph_header_t {
    const char *name;    /* as it is written; names are compared without case */
    const char *grammar; /* POSIX extended expression, which the whole value must match */
    const char *words;   /* what the grammar allows */
} aph_header_t;

/* The tables in their order; *count receives the length. Constant for the life of the process. */
const aph_option_t *aph_options(size_t *count);
const aph_header_t *aph_option_headers(size_t *count);

/* The row of that name (length octets, need not end there), or NULL. */
const aph_option_t *aph_option_find(const char *name, size_t length);
const aph_header_t *aph_option_header_find(const char *name, size_t length);

#endif
