/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests from standard input, each on a line, to what the reader says of them: "ok", or tag and reason.
 * Of manifest_schema.py. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>

#include <apr_general.h>

#include "helper/read/entry.h"
#include "helper/read/entry_form.h"

static void judge(const char *text, size_t length)
{
    apr_pool_t *p;
    json_t *entry = NULL;
    aph_error_t err = APH_ERROR_INIT;
    apr_pool_create(&p, NULL);
    if (aphd_entry_read(APHD_ENTRY_APPHOST, text, length, &entry, p, &err) != APR_SUCCESS)
        printf("%s %s\n", err.tag, err.message);
    else
        puts(aphd_entry_form(entry) ? "ok" : "its own answer is refused");
    json_decref(entry);
    apr_pool_destroy(p);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    apr_initialize();
    while ((length = getline(&line, &room, stdin)) > 0)
        judge(line, (size_t)length);
    free(line);
    return 0;
}
