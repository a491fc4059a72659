/* SPDX-License-Identifier: Apache-2.0 */
/* $NAME and ${NAME}: what compose would fill in from the environment of whoever starts it. */
#ifndef APHD_VARIABLES_H
#define APHD_VARIABLES_H

#include <jansson.h>

/* A copy of value (new reference) in which every $$ of every string is the $ it stands for. The
 * first variable met is copied to found (size octets, cut) with its line, or line where no row
 * gives one; found is empty when there is none. NULL only when memory ran out. */
json_t *aphd_variables_read(const json_t *value, int line, char *found, size_t size,
                            int *found_line);

#endif
