/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of apphost-check. One text is read by the reader and judged as a sample app would be;
 * a folder is all the texts below it, each by itself. */
#ifndef APHD_CHECK_H
#define APHD_CHECK_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "common/error.h"
#include "helper/policy/policy.h"

/* What the command line says; holds for all files. */
typedef struct aphd_check_options_t {
    int as_json, rendered, uninstall;
    json_t *allowed;  /* rules of --allow; array, may be empty */
    json_t *consents; /* ids of --consent */
} aphd_check_options_t;

/* One text. Clear it when it was shown. */
typedef struct aphd_check_t {
    const char *path; /* "-": standard input */
    int uninstall;
    json_t *normal; /* the reader's answer; NULL where it could not be read */
    aphd_policy_result_t result;
    aph_error_t error; /* why it could not be read */
} aphd_check_t;

/* What is said of a text, from best to worst. */
typedef enum aphd_check_end_t {
    APHD_END_ALLOW,
    APHD_END_REWRITE,
    APHD_END_ASK,
    APHD_END_DENY,
    APHD_END_UNREADABLE,
    APHD_ENDS
} aphd_check_end_t;

/* Reads and judges check->path. A text that cannot be read is no error of this call: error tells. A
 * consent to what the text does not ask for is: APH_EUSAGE. */
apr_status_t aphd_check_run(aphd_check_t *check, const aphd_check_options_t *options,
                            aph_error_t *err);
void aphd_check_clear(aphd_check_t *check);

aphd_check_end_t aphd_check_end(const aphd_check_t *check);
const char *aphd_check_end_name(aphd_check_end_t end);
int aphd_check_exit_code(const aphd_check_t *check);

/* Prints it in full, as the options say. */
apr_status_t aphd_check_print(const aphd_check_t *check, const aphd_check_options_t *options,
                              aph_error_t *err);

/* What one file says in a list of files: a line, or an object (new reference). */
void aphd_check_print_line(const aphd_check_t *check);
json_t *aphd_check_summary(const aphd_check_t *check);

/* Every text below folder whose name is that of a compose file or script (*.yml, *.yaml, *.sh,
 * script, uninstall), in order: paths (const char *) from p. Symbolic links are not followed. */
apr_status_t aphd_check_tree(const char *folder, apr_array_header_t **paths, apr_pool_t *p,
                             aph_error_t *err);

/* Prints the table of keys, as a page of documentation has it. */
void aphd_check_print_keys(void);

#endif
