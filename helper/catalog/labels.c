/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/catalog/labels.h"

#include <string.h>

#define LABEL_MAX 63

int aphd_label_valid(const char *label)
{
    size_t length = strlen(label);
    return length > 0 && length <= LABEL_MAX
           && strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") == length;
}

static int is_change(const json_t *change)
{
    const char *text = json_string_value(change);
    return text != NULL && *text != '\0' && strchr("+-=", *text) != NULL
           && aphd_label_valid(text + 1);
}

apr_status_t aphd_labels_check(const json_t *changes, aph_error_t *err)
{
    size_t i;
    const json_t *change;
    json_array_foreach((json_t *)changes, i, change)
        if (!is_change(change))
            return aph_error_set(
                err, APH_EUSAGE, 2539,
                "'%.64s' is no change of a category: +LABEL adds, "
                "-LABEL takes away, =LABEL sets the only one; a label has a-z, 0-9, - and "
                "_",
                json_is_string(change) ? json_string_value(change) : "");
    return APR_SUCCESS;
}

/* Takes away what is equal to text from its character skip on. */
static void take_away(json_t *list, const char *text, size_t skip)
{
    for (size_t i = json_array_size(list); i-- > 0;) {
        const char *one = json_string_value(json_array_get(list, i));
        if (one != NULL && *one != '=' && strlen(one) >= skip && strcmp(one + skip, text) == 0)
            json_array_remove(list, i);
    }
}

static int has(const json_t *categories, const char *label)
{
    size_t i;
    const json_t *one;
    json_array_foreach((json_t *)categories, i, one)
        if (json_is_string(one) && strcmp(json_string_value(one), label) == 0)
            return 1;
    return 0;
}

void aphd_labels_apply(json_t *categories, const json_t *changes)
{
    size_t i;
    const json_t *change;
    json_array_foreach((json_t *)changes, i, change) {
        const char *text = json_string_value(change);
        if (!is_change(change))
            continue;
        if (*text == '=')
            json_array_clear(categories);
        if (*text == '-')
            take_away(categories, text + 1, 0);
        else if (!has(categories, text + 1))
            json_array_append_new(categories, json_string(text + 1));
    }
    while (json_array_size(categories) > APHD_LABELS_MAX)
        json_array_remove(categories, 0);
}

apr_status_t aphd_labels_merge(json_t *noted, const json_t *changes, aph_error_t *err)
{
    size_t i;
    json_t *change;
    json_array_foreach((json_t *)changes, i, change) {
        const char *text = json_string_value(change);
        if (!is_change(change))
            continue;
        if (*text == '=')
            json_array_clear(noted);
        take_away(noted, text + 1, 1);
        json_array_append(noted, change);
    }
    if (json_array_size(noted) > APHD_LABELS_MAX)
        return aph_error_set(err, APH_EEXHAUSTED, 2724,
                             "an entry keeps at most %d changes of its categories; =LABEL begins "
                             "anew",
                             APHD_LABELS_MAX);
    return APR_SUCCESS;
}
