/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/read/index_text.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "helper/read/index_form.h"
#include "helper/read/registry_text.h"

/* --- times --------------------------------------------------------------------------------- */

/* Two digits at text, -1 where there are none. */
static int pair(const char *text)
{
    return isdigit((unsigned char)text[0]) && isdigit((unsigned char)text[1])
         ? (text[0] - '0') * 10 + text[1] - '0' : -1;
}

static int is_zone(const char *text)
{
    if (strcmp(text, "Z") == 0)
        return 1;
    return (text[0] == '+' || text[0] == '-') && pair(text + 1) >= 0 && pair(text + 1) < 24
        && text[3] == ':' && pair(text + 4) >= 0 && pair(text + 4) < 60 && text[6] == '\0';
}

/* Days since 1970 of a day that is one, or -1. The library's own reckoning reads files of time zones,
 * which the cage forbids. */
static json_int_t day_of(int year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1970 || month < 1 || month > 12 || day < 1
        || day > before[month] - before[month - 1] + (leap && month == 2))
        return -1;
    int gone = year - 1, leaps = gone / 4 - gone / 100 + gone / 400 - 477; /* 477 until 1969 */
    return (json_int_t)(year - 1970) * 365 + leaps + before[month - 1] + (leap && month > 2) + day - 1;
}

/* Seconds since 1970, or -1. */
static json_int_t read_time(const char *text)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";
    size_t length = sizeof shape - 1;
    if (text == NULL || strlen(text) < length + 1 || !is_zone(text + length))
        return -1;
    for (size_t i = 0; i < length; i++)
        if (shape[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != shape[i])
            return -1;
    json_int_t day = day_of(pair(text) * 100 + pair(text + 2), pair(text + 5), pair(text + 8));
    int hour = pair(text + 11), minute = pair(text + 14), second = pair(text + 17);
    if (day < 0 || hour > 23 || minute > 59 || second > 59)
        return -1;
    json_int_t seconds = day * 86400 + hour * 3600 + minute * 60 + second;
    if (text[length] == 'Z')
        return seconds;
    int shift = pair(text + length + 1) * 3600 + pair(text + length + 4) * 60;
    return seconds + (text[length] == '+' ? -shift : shift);
}

static json_t *time_of(const json_t *object, const char *name)
{
    return json_integer(read_time(json_string_value(json_object_get(object, name))));
}

/* --- members ------------------------------------------------------------------------------- */

static int is_known(const char *name, const char *const *known)
{
    for (; *known != NULL; known++)
        if (strcmp(name, *known) == 0)
            return 1;
    return 0;
}

/* NULL, or the first member that is not among the known ones; "" where one is missing. */
static const char *strange_member(const json_t *object, const char *const *known)
{
    size_t count = 0;
    for (void *at = json_object_iter((json_t *)(uintptr_t)object); at != NULL;
         at = json_object_iter_next((json_t *)(uintptr_t)object, at)) {
        if (!is_known(json_object_iter_key(at), known))
            return json_object_iter_key(at);
        count++;
    }
    while (count > 0 && *known != NULL)
        known++, count--;
    return count == 0 && *known == NULL ? NULL : "";
}

/* --- the text ------------------------------------------------------------------------------ */

static apr_status_t check_entry(const json_t *entry, size_t number, json_t *ids, json_t *files,
                                aph_error_t *err)
{
    static const char *const members[] = {"id", "format", "file", "sha256", "length", NULL};
    const char *id = json_string_value(json_object_get(entry, "id"));
    const char *file = json_string_value(json_object_get(entry, "file"));
    const char *wrong = json_is_object(entry) ? aphd_index_entry_wrong(entry) : "it is not an object";
    const char *strange = wrong == NULL ? strange_member(entry, members) : NULL;
    char name[APHD_INDEX_ID_MAX + 16];
    if (id != NULL && aphd_index_is_id(id))
        snprintf(name, sizeof name, "entry %s", id);
    else
        snprintf(name, sizeof name, "entry %zu", number + 1);
    if (wrong != NULL)
        return aph_error_set(err, APH_EUNREADABLE, 2480, "%s: %s", name, wrong);
    if (strange != NULL)
        return aph_error_set(err, APH_EUNREADABLE, 2481, "%s: there is no member \"%.40s\"", name,
                             strange);
    if (json_object_get(ids, id) != NULL)
        return aph_error_set(err, APH_EUNREADABLE, 2482, "%s is there twice", name);
    if (json_object_get(files, file) != NULL)
        return aph_error_set(err, APH_EUNREADABLE, 2483, "%s: its file is another entry's, too",
                             name);
    json_object_set_new(ids, id, json_true());
    json_object_set_new(files, file, json_true());
    return APR_SUCCESS;
}

apr_status_t aphd_index_text(const char *text, size_t length, json_t **normal, aph_error_t *err)
{
    static const char *const members[] = {"apphost-catalog", "name", "version", "generated",
                                          "expires", "entries", NULL};
    json_auto_t *object = NULL, *ids = json_object(), *files = json_object();
    size_t i;
    json_t *entry;
    *normal = NULL;
    apr_status_t status = aphd_registry_object(text, length, &object, err);
    if (status != APR_SUCCESS)
        return status;
    const json_t *form = json_object_get(object, "apphost-catalog");
    if (!json_is_integer(form) || json_integer_value(form) != 1)
        return aph_error_set(err, APH_EUNREADABLE, 2484, "it is not the index of a catalog that this "
                             "apphost reads: \"apphost-catalog\" is not 1");
    const char *strange = strange_member(object, members);
    if (strange != NULL && *strange != '\0')
        return aph_error_set(err, APH_EUNREADABLE, 2485, "there is no member \"%.40s\"", strange);
    json_object_del(object, "apphost-catalog");
    json_object_set_new(object, "generated", time_of(object, "generated"));
    json_object_set_new(object, "expires", time_of(object, "expires"));
    const char *wrong = aphd_index_head_wrong(object);
    if (wrong != NULL)
        return aph_error_set(err, APH_EUNREADABLE, 2486, "%s", wrong);
    json_array_foreach(json_object_get(object, "entries"), i, entry) {
        status = check_entry(entry, i, ids, files, err);
        if (status != APR_SUCCESS)
            return status;
    }
    *normal = json_incref(object);
    return APR_SUCCESS;
}
