/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a manifest as JSON, read as strictly as JSON is. */
#include <string.h>

#include "helper/read/entry_parts.h"

/* jansson recurses; its own bound is two thousand. */
static int too_deep(const char *text, size_t length)
{
    int depth = 0, quoted = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '[') && ++depth > APH_JSON_DEPTH_MAX)
            return 1;
        else if (!quoted && (c == '}' || c == ']'))
            depth--;
    }
    return 0;
}

apr_status_t aphd_manifest_load(const char *text, size_t length, json_t **manifest, aph_error_t *err)
{
    json_error_t where;
    if (length > APH_FOREIGN_MAX)
        return aph_error_set(err, APH_EUNREADABLE, 2404, "%zu octets; at most %d are read", length,
                             APH_FOREIGN_MAX);
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        return aph_error_set(err, APH_EUNREADABLE, 2405,
                             "line 1: begins with a byte order mark: save the file as UTF-8 without it");
    if (too_deep(text, length))
        return aph_error_set(err, APH_EUNREADABLE, 2406, "it is nested deeper than %d levels",
                             APH_JSON_DEPTH_MAX);
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
    if (value == NULL)
        return aph_error_set(err, APH_EUNREADABLE, 2407, "line %d: this is not JSON: %s", where.line,
                             where.text);
    if (!json_is_object(value)) {
        json_decref(value);
        return aph_error_set(err, APH_EUNREADABLE, 2408, "line 1: this is not a JSON object");
    }
    *manifest = value;
    return APR_SUCCESS;
}
