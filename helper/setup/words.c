/* SPDX-License-Identifier: Apache-2.0 */
/* Texts are handled line by line: what is not understood is copied as it is. */
#include "helper/setup/words.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include <apr_tables.h>

#define EXAMPLE_DOMAIN "home.arpa"
#define EXAMPLE_STATE  "/var/lib/apphost"
#define EXAMPLE_PORT   ":80>"
#define PORTS          65536

/* A text that grows. */
typedef struct text_t {
    apr_array_header_t *pieces; /* const char * */
    apr_pool_t *p;
} text_t;

static text_t make_text(apr_pool_t *p)
{
    return (text_t){apr_array_make(p, 64, sizeof(const char *)), p};
}

static void put(text_t *text, const char *from, size_t length)
{
    APR_ARRAY_PUSH(text->pieces, const char *) = apr_pstrmemdup(text->p, from, length);
}

static const char *whole(const text_t *text)
{
    return apr_array_pstrcat(text->p, text->pieces, 0);
}

/* word with each example in it replaced. */
static const char *replace(const char *word, const char *example, const char *by, apr_pool_t *p)
{
    text_t result = make_text(p);
    const char *found;
    while ((found = strstr(word, example)) != NULL) {
        put(&result, word, (size_t)(found - word));
        put(&result, by, strlen(by));
        word = found + strlen(example);
    }
    put(&result, word, strlen(word));
    return whole(&result);
}

static const char *fill_word(const char *word, const char *domain, const aphd_settings_t *settings,
                             apr_pool_t *p)
{
    word = replace(word, EXAMPLE_DOMAIN, domain, p);
    word = replace(word, EXAMPLE_STATE, settings->state_dir, p);
    return replace(word, EXAMPLE_PORT, apr_psprintf(p, ":%d>", settings->public_port), p);
}

static void fill_line(text_t *into, const char *line, size_t length,
                      const aphd_settings_t *settings)
{
    const char *end = line + length;
    size_t lead = strspn(line, "# \t");
    int one = strncasecmp(line + lead, "ServerName", 10) == 0 || line[0] == '#';
    while (line < end) {
        size_t gap = strspn(line, " \t"), word = strcspn(line + gap, " \t\n");
        const char *text = apr_pstrmemdup(into->p, line + gap, word);
        put(into, line, gap);
        int many = !one && strstr(text, EXAMPLE_DOMAIN) != NULL;
        for (int i = 0; settings->domains[i] != NULL && (i == 0 || many); i++) {
            const char *filled = fill_word(text, settings->domains[i], settings, into->p);
            if (i > 0)
                put(into, " ", 1);
            put(into, filled, strlen(filled));
        }
        line += gap + word;
        if (*line == '\n')
            break;
    }
    put(into, "\n", 1);
}

const char *aphd_words_fill(const char *shipped, const aphd_settings_t *settings, apr_pool_t *p)
{
    text_t result = make_text(p);
    while (*shipped != '\0') {
        size_t length = strcspn(shipped, "\n");
        fill_line(&result, shipped, length, settings);
        shipped += length + (shipped[length] == '\n');
    }
    return whole(&result);
}

/* --- apphostd.conf ---------------------------------------------------------------------------- */

/* Whether line is "[section]". */
static int is_head(const char *line, const char *section)
{
    line += strspn(line, " \t");
    size_t length = strlen(section);
    return line[0] == '[' && strncasecmp(line + 1, section, length) == 0 && line[length + 1] == ']';
}

/* Whether line sets key; behind: whether only behind a comment's sign, without a blank. */
static int sets_key(const char *line, const char *key, int behind)
{
    size_t length = strlen(key);
    if (behind && *line != '#' && *line != ';')
        return 0;
    line += behind;
    if (strncasecmp(line, key, length) != 0)
        return 0;
    line += length + strspn(line + length, " \t");
    return *line == '=' || *line == ':';
}

/* Length of the line that begins here, with the lines that go on with its value: those behind a
 * blank. */
static size_t value_length(const char *line)
{
    size_t length = strcspn(line, "\n");
    while (line[length] == '\n' && (line[length + 1] == ' ' || line[length + 1] == '\t') &&
           line[length + 1 + strspn(line + length + 1, " \t")] != '\n')
        length += 1 + strcspn(line + length + 1, "\n");
    return length;
}

/* The line of section in which key is set (behind: shown as a comment), or NULL. */
static const char *find_key(const char *text, const char *section, const char *key, int behind)
{
    int inside = 0;
    for (const char *line = text; *line != '\0'; line += *line == '\n') {
        if (line[strspn(line, " \t")] == '[')
            inside = is_head(line, section);
        else if (inside && sets_key(line, key, behind))
            return line;
        line += strcspn(line, "\n");
    }
    return NULL;
}

static const char *find_head(const char *text, const char *section)
{
    for (const char *line = text; *line != '\0'; line += *line == '\n') {
        if (is_head(line, section))
            return line;
        line += strcspn(line, "\n");
    }
    return NULL;
}

const char *aphd_words_set(const char *text, const char *section, const char *key,
                           const char *value, apr_pool_t *p)
{
    const char *line = find_key(text, section, key, 0);
    size_t gone = line != NULL ? value_length(line) : 0;
    if (line == NULL && (line = find_key(text, section, key, 1)) != NULL)
        gone = strcspn(line, "\n");
    if (line != NULL)
        return apr_psprintf(p, "%.*s%s = %s%s", (int)(line - text), text, key, value, line + gone);
    line = find_head(text, section);
    if (line == NULL)
        return apr_psprintf(p, "%s%s[%s]\n%s = %s\n", text,
                            *text != '\0' && text[strlen(text) - 1] != '\n' ? "\n" : "", section,
                            key, value);
    size_t head = strcspn(line, "\n");
    return apr_psprintf(p, "%.*s\n%s = %s%s", (int)(line - text + (ptrdiff_t)head), text, key,
                        value, *(line + head) != '\0' ? line + head : "\n");
}

/* --- lists of ports --------------------------------------------------------------------------- */

/* mask |= or &= ~ the ports of list. */
static void mark(unsigned char *mask, const char *list, unsigned char as)
{
    while (*list != '\0') {
        char *after;
        long low = strtol(list, &after, 10), high = low;
        if (after == list) {
            list++; /* a comma, a line end */
            continue;
        }
        if (*after == '-')
            high = strtol(after + 1, &after, 10);
        for (long port = low; port <= high && port >= 0 && port < PORTS; port++)
            mask[port] = as;
        list = after;
    }
}

static const char *spell(const unsigned char *mask, apr_pool_t *p)
{
    text_t result = make_text(p);
    for (int port = 0, last; port < PORTS; port = last + 1) {
        last = port;
        if (!mask[port])
            continue;
        while (last + 1 < PORTS && mask[last + 1])
            last++;
        const char *range =
            last > port ? apr_psprintf(p, "%d-%d", port, last) : apr_psprintf(p, "%d", port);
        if (result.pieces->nelts > 0)
            put(&result, ",", 1);
        put(&result, range, strlen(range));
    }
    return whole(&result);
}

const char *aphd_words_ports_join(const char *list, const char *more, apr_pool_t *p)
{
    unsigned char *mask = apr_pcalloc(p, PORTS);
    mark(mask, list, 1);
    mark(mask, more, 1);
    return spell(mask, p);
}

const char *aphd_words_ports_without(const char *list, const char *taken, const char *kept,
                                     apr_pool_t *p)
{
    unsigned char *mask = apr_pcalloc(p, PORTS), *go = apr_pcalloc(p, PORTS);
    mark(mask, list, 1);
    mark(go, taken, 1);
    mark(go, kept, 0);
    for (int port = 0; port < PORTS; port++)
        mask[port] = mask[port] && !go[port];
    return spell(mask, p);
}

/* --- names of files --------------------------------------------------------------------------- */

const char *aphd_words_last_name(const char *const *names, apr_pool_t *p)
{
    const char *ours = "zzz-apphost.conf";
    for (int again = 1; again && strlen(ours) < 64;) {
        again = 0;
        for (int i = 0; names[i] != NULL; i++) {
            size_t z = strspn(names[i], "z");
            int is_ours = z >= 3 && strcmp(names[i] + z, "-apphost.conf") == 0;
            again |= !is_ours && strcmp(names[i], ours) > 0;
        }
        if (again)
            ours = apr_pstrcat(p, "z", ours, NULL);
    }
    return ours;
}
