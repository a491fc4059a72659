/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/read/index_text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/limits.h"
#include "helper/read/index_form.h"
#include "helper/read/json_text.h"

#define DEPTH_MAX 16

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

/* Days since 1970 of a day that is one, or -1. The library's own reckoning reads files of time
 * zones, which the cage forbids. */
static json_int_t day_of(int year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1970 || month < 1 || month > 12 || day < 1
        || day > before[month] - before[month - 1] + (leap && month == 2))
        return -1;
    int gone = year - 1, leaps = gone / 4 - gone / 100 + gone / 400 - 477; /* 477 until 1969 */
    return (json_int_t)(year - 1970) * 365 + leaps + before[month - 1] + (leap && month > 2) + day -
           1;
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

/* NULL, or the first member that is not among the known ones. */
static const char *strange_member(json_t *object, const char *const *known)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
        if (!is_known(name, known))
            return name;
    return NULL;
}

/* --- entries ------------------------------------------------------------------------------- */

typedef struct index_t {
    json_t *entries, *bad; /* of the normal form */
    json_t *ids;           /* id -> the number of the entry that had it first */
} index_t;

/* NULL, or what is wrong with the entry, in room where it needs some. */
static const char *wrong_with(json_t *entry, char *room, size_t size)
{
    static const char *const members[] = {"id", "format", "file", "sha256", "length", NULL};
    const char *wrong = aphd_index_entry_wrong(entry);
    const char *strange = wrong == NULL ? strange_member(entry, members) : NULL;
    if (strange == NULL)
        return wrong;
    snprintf(room, size, "there is no member \"%.40s\"", strange);
    for (char *at = room; *at != '\0'; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
    return room;
}

/* Of two entries with one id nobody knows which one is meant, even where one of them is bad. */
static apr_status_t note_id(index_t *index, const char *id, size_t number, aph_error_t *err)
{
    const json_t *first = json_object_get(index->ids, id);
    if (first != NULL)
        return aph_error_set(err, APH_EUNREADABLE, 2482,
                             "entry %s is there twice: it is number %lld "
                             "of the list, and number %zu",
                             id, (long long)json_integer_value(first), number + 1);
    json_object_set_new(index->ids, id, json_integer((json_int_t)number + 1));
    return APR_SUCCESS;
}

static apr_status_t take_entry(void *self, size_t number, json_t *entry, aph_error_t *err)
{
    index_t *index = self;
    char room[APHD_INDEX_REASON_MAX + 1];
    const char *id = json_string_value(json_object_get(entry, "id"));
    const char *wrong = wrong_with(entry, room, sizeof room);
    apr_status_t status = APR_SUCCESS;
    if (!aphd_index_is_id(id))
        id = NULL;
    if (number >= APH_INDEX_ENTRIES_MAX)
        status = aph_error_set(err, APH_EUNREADABLE, 2483, "it has more than %d entries",
                               APH_INDEX_ENTRIES_MAX);
    else if (id != NULL)
        status = note_id(index, id, number, err);
    if (status == APR_SUCCESS && wrong == NULL)
        json_array_append(index->entries, entry);
    else if (status == APR_SUCCESS)
        json_array_append_new(index->bad,
                              json_pack("{s:I, s:s?, s:s}", "position", (json_int_t)number + 1,
                                        "id", id, "reason", wrong));
    json_decref(entry);
    return status;
}

/* --- the text ------------------------------------------------------------------------------ */

static apr_status_t take_head(json_t *object, aph_error_t *err)
{
    static const char *const members[] = {"apphost-catalog", "name", "version", "generated",
                                          "expires", "entries", NULL};
    const json_t *form = json_object_get(object, "apphost-catalog");
    if (!json_is_integer(form) || json_integer_value(form) != 1)
        return aph_error_set(err, APH_EUNREADABLE, 2484,
                             "it is not the index of a catalog that this "
                             "apphost reads: \"apphost-catalog\" is not 1");
    const char *strange = strange_member(object, members);
    if (strange != NULL)
        return aph_error_set(err, APH_EUNREADABLE, 2485, "there is no member \"%.40s\"", strange);
    json_object_del(object, "apphost-catalog");
    json_object_set_new(object, "generated", time_of(object, "generated"));
    json_object_set_new(object, "expires", time_of(object, "expires"));
    const char *wrong = aphd_index_head_wrong(object);
    return wrong == NULL ? APR_SUCCESS : aph_error_set(err, APH_EUNREADABLE, 2486, "%s", wrong);
}

apr_status_t aphd_index_text(const char *text, size_t length, json_t **normal, aph_error_t *err)
{
    json_auto_t *object = NULL, *entries = json_array(), *bad = json_array(), *ids = json_object();
    index_t index = {.entries = entries, .bad = bad, .ids = ids};
    *normal = NULL;
    if (aphd_json_too_deep(text, length, DEPTH_MAX))
        return aph_error_set(err, APH_EUNREADABLE, 2481, "it is nested deeper than %d", DEPTH_MAX);
    apr_status_t status = aphd_json_walk(text, length, "entries", take_entry, &index, &object, err);
    if (status == APR_SUCCESS)
        status = take_head(object, err);
    if (status != APR_SUCCESS)
        return status;
    json_object_set(object, "entries", entries);
    json_object_set(object, "bad", bad);
    *normal = json_incref(object);
    return APR_SUCCESS;
}
