/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/read/answer_form.h"

#include <stdint.h>
#include <string.h>

#include "common/limits.h"
#include "helper/read/entry_form.h"
#include "helper/read/index_form.h"

static int is_line(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0
           && json_integer_value(value) <= APH_FOREIGN_MAX;
}

/* Downwards only: no step is empty, "." or "..". */
static int is_path(const json_t *value)
{
    const char *at = json_string_value(value);
    if (at == NULL)
        return 0;
    for (;;) {
        size_t step = strcspn(at, "/");
        if (step == 0 || (step == 1 && at[0] == '.') || (step == 2 && at[0] == '.' && at[1] == '.'))
            return 0;
        if (at[step] == '\0')
            return 1;
        at += step + 1;
    }
}

/* "0755": no bit lends its owner's rights to whoever runs the file. */
static int is_mode(const json_t *value)
{
    const char *mode = json_string_value(value);
    return mode != NULL && strlen(mode) == 4 && mode[0] == '0' && strspn(mode, "01234567") == 4;
}

static int is_file(const json_t *row)
{
    return json_is_string(json_object_get(row, "text"));
}

static int is_folder(const json_t *row)
{
    return json_is_object(row);
}

static int is_change_of_mode(const json_t *row)
{
    return is_mode(json_object_get(row, "mode")) &&
           json_is_boolean(json_object_get(row, "recursive"));
}

static int are_rows(const json_t *normal, const char *member, int (*holds)(const json_t *row))
{
    const json_t *rows = json_object_get(normal, member);
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)(uintptr_t)rows, i,
                       row) if (!is_path(json_object_get(row, "path")) ||
                                !is_line(json_object_get(row, "line")) || !holds(row)) return 0;
    return json_is_array(rows) && json_array_size(rows) <= APH_YAML_NODES_MAX;
}

static int is_install(const json_t *normal)
{
    const json_t *compose = json_object_get(normal, "compose");
    return are_rows(normal, "files", is_file) && are_rows(normal, "folders", is_folder)
           && are_rows(normal, "modes", is_change_of_mode)
           && json_is_boolean(json_object_get(normal, "up"))
           && (json_is_object(compose) || json_is_null(compose));
}

static int is_uninstall(const json_t *normal)
{
    return json_is_boolean(json_object_get(normal, "stop")) &&
           json_is_boolean(json_object_get(normal, "remove")) &&
           are_rows(normal, "purge", is_folder);
}

/* Answers with problems have no script. */
static int is_applied(const json_t *normal)
{
    const json_t *script = json_object_get(normal, "script");
    return aphd_applied_form(normal) && (json_is_null(script) || is_install(script));
}

apr_status_t aphd_answer_form_check(aphd_reader_kind_t kind, const json_t *normal, aph_error_t *err)
{
    const char *form = kind == APHD_READ_INDEX                              ? "an index"
                       : kind == APHD_READ_ENTRY || kind == APHD_READ_APPLY ? "an entry"
                                                                            : "a script";
    int fits = kind == APHD_READ_INSTALL     ? is_install(normal)
               : kind == APHD_READ_UNINSTALL ? is_uninstall(normal)
               : kind == APHD_READ_ENTRY     ? aphd_entry_form(normal)
               : kind == APHD_READ_APPLY     ? is_applied(normal)
               : kind == APHD_READ_INDEX     ? aphd_index_is_normal(normal)
                                             : 1;
    if (fits)
        return APR_SUCCESS;
    return aph_error_set(err, APH_EUNREADABLE, 2291,
                         "the reader's answer is not in the form of %s; if its text is an honest "
                         "one, apphost-read is not of this release: install it anew",
                         form);
}
