/* SPDX-License-Identifier: Apache-2.0 */
/* Placeholders, replaced on word borders. Amahi replaced plain substrings, four times over the same
 * text: DB_HOST_PORT became DB_35007, and a value could be taken for a word. */
#include "helper/read/words.h"

#include <string.h>

typedef struct word_t {
    const char *name;
    const char *value;
} word_t;

#define WORD_COUNT 4

static int is_word_octet(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static const word_t *word_at(const word_t *words, const char *text, size_t length)
{
    for (size_t i = 0; i < WORD_COUNT; i++)
        if (strlen(words[i].name) == length && memcmp(words[i].name, text, length) == 0)
            return &words[i];
    return NULL;
}

static size_t run_length(const char *text, size_t length)
{
    size_t run = 0;
    while (run < length && is_word_octet(text[run]))
        run++;
    return run;
}

/* Walks the text once. With out NULL it only measures; both walks see the same words. */
static size_t walk(const char *text, size_t length, const word_t *words, char *out)
{
    size_t size = 0;
    for (size_t i = 0; i < length;) {
        size_t run = run_length(text + i, length - i);
        const word_t *word = word_at(words, text + i, run);
        size_t step = run > 0 ? run : 1;
        const char *piece = word != NULL ? word->value : text + i;
        size_t piece_length = word != NULL ? strlen(word->value) : step;
        if (out != NULL)
            memcpy(out + size, piece, piece_length);
        size += piece_length;
        i += step;
    }
    return size;
}

/* Finds a word of ours for which there is no usable value. */
static apr_status_t check_values(const aphd_foreign_t *in, const word_t *words, aph_error_t *err)
{
    const char *text = in->text;
    size_t length = in->length;
    int line = in->first_line;
    for (size_t i = 0; i < length;) {
        size_t run = run_length(text + i, length - i);
        const word_t *word = word_at(words, text + i, run);
        if (word != NULL && (word->value == NULL || strpbrk(word->value, "\r\n") != NULL))
            return aph_error_set(err, APH_EUNREADABLE, 430,
                                 "line %d: %s stands here, and this app has no value for it", line,
                                 word->name);
        line += text[i] == '\n';
        i += run > 0 ? run : 1;
    }
    return APR_SUCCESS;
}

apr_status_t aphd_words_replace(const aphd_foreign_t *in, const aphd_words_t *words,
                                aphd_foreign_t *out, apr_pool_t *p, aph_error_t *err)
{
    const word_t table[WORD_COUNT] = {{"HOST_PORT", words->host_port},
                                      {"WEBAPP_PATH", words->webapp_path},
                                      {"APP_IDENTIFIER", words->app_identifier},
                                      {"APP_HOSTNAME", words->app_hostname}};
    apr_status_t rv = check_values(in, table, err);
    if (rv != APR_SUCCESS)
        return rv;
    size_t size = walk(in->text, in->length, table, NULL);
    /* A small text can ask for long values many times. */
    if (size > APH_FOREIGN_MAX)
        return aph_error_set(err, APH_EUNREADABLE, 431,
                             "with its words replaced the text has %zu octets; at most %d are read",
                             size, APH_FOREIGN_MAX);
    char *text = apr_palloc(p, size + 1);
    walk(in->text, in->length, table, text);
    text[size] = '\0';
    *out = (aphd_foreign_t){text, size, in->first_line};
    return APR_SUCCESS;
}
