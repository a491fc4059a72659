/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a manifest as JSON, read as strictly as JSON is. */
#include <string.h>

#include "helper/read/entry_parts.h"
#include "helper/read/json_text.h"

apr_status_t aphd_manifest_load(const char *text, size_t length, json_t **manifest,
                                aph_error_t *err)
{
    json_error_t where;
    if (length > APH_FOREIGN_MAX)
        return aph_error_set(err, APH_EUNREADABLE, 2404, "%zu octets; at most %d are read", length,
                             APH_FOREIGN_MAX);
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        return aph_error_set(
            err, APH_EUNREADABLE, 2405,
            "line 1: begins with a byte order mark: save the file as UTF-8 without it");
    if (aphd_json_too_deep(text, length, APH_JSON_DEPTH_MAX))
        return aph_error_set(err, APH_EUNREADABLE, 2406, "it is nested deeper than %d levels",
                             APH_JSON_DEPTH_MAX);
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
    if (value == NULL)
        return aph_error_set(err, APH_EUNREADABLE, 2407, "line %d: this is not JSON: %s",
                             where.line, where.text);
    if (!json_is_object(value)) {
        json_decref(value);
        return aph_error_set(err, APH_EUNREADABLE, 2408, "line 1: this is not a JSON object");
    }
    *manifest = value;
    return APR_SUCCESS;
}
