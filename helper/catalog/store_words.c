/* SPDX-License-Identifier: Apache-2.0 */
/* Searching by words: all of them, anywhere, whatever their order. */
#include <string.h>

#include "helper/catalog/store_private.h"

char *aphd_catalog_fold(char *text)
{
    for (char *at = text; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    return text;
}

/* Nonzero where the length octets of word occur in text. */
static int occurs(const char *text, size_t text_length, const char *word, size_t length)
{
    return memmem(text, text_length, word, length) != NULL;
}

static void has_words_cb(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *text = (const char *)sqlite3_value_text(values[0]);
    const char *words = (const char *)sqlite3_value_text(values[1]);
    int found = text != NULL && words != NULL;
    size_t text_length = found ? (size_t)sqlite3_value_bytes(values[0]) : 0;
    while (found && *(words += strspn(words, " ")) != '\0') {
        size_t length = strcspn(words, " ");
        found = occurs(text, text_length, words, length);
        words += length;
    }
    sqlite3_result_int(context, found);
}

int aphd_catalog_words_register(sqlite3 *db)
{
    return sqlite3_create_function(db, "has_words", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
                                   has_words_cb, NULL, NULL);
}
