/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/read/index_form.h"

#include <ctype.h>
#include <string.h>

#include "common/limits.h"
#include "helper/read/reader.h"

#define ID_MAX      APHD_INDEX_ID_MAX
#define FILE_MAX_N  200
#define VERSION_MAX ((1LL << 53) - 1)

int aphd_index_is_id(const char *text)
{
    size_t length = text != NULL ? strlen(text) : 0;
    return length > 0 && length <= ID_MAX
        && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == length
        && isalnum((unsigned char)text[0]) && isalnum((unsigned char)text[length - 1]);
}

/* Downwards only; a name that begins with a dot is nobody's entry. */
int aphd_index_is_file(const char *text)
{
    static const char others[] = "/ ._~+()@,=-";
    size_t length = text != NULL ? strlen(text) : 0;
    if (length == 0 || length > FILE_MAX_N || text[length - 1] == '/')
        return 0;
    for (size_t i = 0; i < length; i++) {
        int begins = i == 0 || text[i - 1] == '/';
        if (!isalnum((unsigned char)text[i]) && strchr(others, text[i]) == NULL)
            return 0;
        if (begins && (text[i] == '/' || text[i] == '.' || text[i] == ' '))
            return 0;
    }
    return strcmp(text, "index.json") != 0 && strcmp(text, "index.json.sig") != 0;
}

static int is_sha256(const char *text)
{
    return text != NULL && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static int in_range(const json_t *value, json_int_t least, json_int_t most)
{
    return json_is_integer(value) && json_integer_value(value) >= least
        && json_integer_value(value) <= most;
}

const char *aphd_index_entry_wrong(const json_t *entry)
{
    aphd_entry_form_t form;
    if (!json_is_object(entry))
        return "it is not an object";
    if (!aphd_index_is_id(json_string_value(json_object_get(entry, "id"))))
        return "\"id\" is not 1 to 63 of a-z 0-9 - _ . that begin and end with a letter or digit";
    if (!aphd_form_find(json_string_value(json_object_get(entry, "format")), &form))
        return "\"format\" is none of apphost, rockon and amahi";
    if (!aphd_index_is_file(json_string_value(json_object_get(entry, "file"))))
        return "\"file\" is not the name of a file below the index";
    if (!is_sha256(json_string_value(json_object_get(entry, "sha256"))))
        return "\"sha256\" is not 64 hexadecimal digits in lower case";
    if (!in_range(json_object_get(entry, "length"), 1, APH_FOREIGN_MAX))
        return "\"length\" is not a number from 1 to 1048576";
    return NULL;
}

const char *aphd_index_head_wrong(const json_t *normal)
{
    if (!aphd_index_is_id(json_string_value(json_object_get(normal, "name"))))
        return "\"name\" is not 1 to 63 of a-z 0-9 - _ . that begin and end with a letter or digit";
    if (!in_range(json_object_get(normal, "version"), 1, VERSION_MAX))
        return "\"version\" is not a number from 1 to 2^53-1";
    if (!in_range(json_object_get(normal, "generated"), 0, VERSION_MAX))
        return "\"generated\" is not a time such as 2026-01-31T12:00:00Z";
    if (!in_range(json_object_get(normal, "expires"), 0, VERSION_MAX))
        return "\"expires\" is not a time such as 2026-01-31T12:00:00Z";
    if (json_integer_value(json_object_get(normal, "expires"))
        <= json_integer_value(json_object_get(normal, "generated")))
        return "it expires before it was generated";
    if (!json_is_array(json_object_get(normal, "entries")))
        return "\"entries\" is not a list";
    return NULL;
}

/* Of texts in ASCII, as apphost-read makes them: they are printed. */
static int is_reason(const char *text)
{
    size_t length = text != NULL ? strlen(text) : 0;
    for (size_t i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] > '~')
            return 0;
    return length > 0 && length <= APHD_INDEX_REASON_MAX;
}

static int is_bad(const json_t *bad, size_t most)
{
    const json_t *id = json_object_get(bad, "id");
    return in_range(json_object_get(bad, "position"), 1, (json_int_t)most)
        && (json_is_null(id) || aphd_index_is_id(json_string_value(id)))
        && is_reason(json_string_value(json_object_get(bad, "reason")));
}

/* Nonzero where the id was not there before; one that nobody knows is another each time. */
static int is_new(json_t *ids, const json_t *row)
{
    const char *id = json_string_value(json_object_get(row, "id"));
    if (id != NULL && json_object_get(ids, id) != NULL)
        return 0;
    if (id != NULL)
        json_object_set_new(ids, id, json_true());
    return 1;
}

int aphd_index_is_normal(const json_t *normal)
{
    const json_t *entries = json_object_get(normal, "entries"),
                 *bad = json_object_get(normal, "bad");
    size_t i, count = json_array_size(entries) + json_array_size(bad);
    json_t *row;
    json_auto_t *ids = json_object();
    if (aphd_index_head_wrong(normal) != NULL || !json_is_array(bad) ||
        count > APH_INDEX_ENTRIES_MAX)
        return 0;
    json_array_foreach(entries, i, row)
        if (aphd_index_entry_wrong(row) != NULL || json_object_size(row) != APHD_INDEX_MEMBERS
            || !is_new(ids, row))
            return 0;
    json_array_foreach(bad, i, row)
        if (!is_bad(row, count) || !is_new(ids, row))
            return 0;
    return 1;
}
