/* SPDX-License-Identifier: Apache-2.0 */
/* HTML as plain text. Not a browser: nothing here is ever shown as HTML, so all that matters is
 * that no element survives as one, that text of people does, and that every octet is looked at a
 * bounded number of times. What comes out is never longer than what went in. */
#include <string.h>
#include <strings.h>

#include "common/utf8.h"
#include "helper/read/entry.h"
#include "helper/read/entry_table.h"

typedef struct plain_t {
    const char *at, *end;
    char *out;
    size_t length;
    int lines; /* line ends owed before the next character, at most 2 */
    int blank; /* a blank is owed */
    /* Nothing of that kind follows any more, so that nobody searches for it twice. */
    unsigned no_end_of_tag : 1, no_double : 1, no_single : 1;
} plain_t;

/* Elements whose text is not for people. */
static const char *const silent[] = {"script", "style", "head",   "template", "iframe",  "object",
                                     "svg",    "math",  "noscript", "select", "textarea", NULL};

static const struct {
    const char *name;
    int lines;
} blocks[] = {{"br", 1},         {"p", 2},       {"div", 1},     {"li", 1},      {"ul", 1},
              {"ol", 1},         {"h1", 2},      {"h2", 2},      {"h3", 2},      {"h4", 2},
              {"h5", 2},         {"h6", 2},      {"hr", 1},      {"tr", 1},      {"table", 1},
              {"blockquote", 1}, {"pre", 1},     {"dl", 1},      {"dt", 1},      {"dd", 1},
              {"section", 1},    {"article", 1}, {"header", 1},  {"footer", 1},  {"main", 1},
              {"figure", 1},     {"aside", 1},   {"details", 1}, {"summary", 1}, {"form", 1}};

static const struct {
    const char *name;
    unsigned long point;
} references[] = {{"amp", '&'},      {"lt", '<'},       {"gt", '>'},       {"quot", '"'},
                  {"apos", '\''},    {"nbsp", ' '},     {"copy", 0xA9},    {"reg", 0xAE},
                  {"trade", 0x2122}, {"hellip", 0x2026}, {"mdash", 0x2014}, {"ndash", 0x2013},
                  {"lsquo", 0x2018}, {"rsquo", 0x2019}, {"ldquo", 0x201C}, {"rdquo", 0x201D},
                  {"bull", 0x2022},  {"middot", 0xB7},  {"times", 0xD7},   {"laquo", 0xAB},
                  {"raquo", 0xBB},   {"euro", 0x20AC},  {"deg", 0xB0},     {"larr", 0x2190},
                  {"rarr", 0x2192},  {"auml", 0xE4},    {"ouml", 0xF6},    {"uuml", 0xFC},
                  {"szlig", 0xDF},   {"eacute", 0xE9},  {"egrave", 0xE8},  {"agrave", 0xE0}};

static void owe_lines(plain_t *plain, int lines)
{
    if (plain->lines < lines)
        plain->lines = lines;
}

/* A character of the text, as its octets. What was owed before it is paid first. */
static void put(plain_t *plain, const char *octets, size_t length)
{
    if (plain->length > 0) {
        for (; plain->lines > 0; plain->lines--, plain->blank = 0)
            plain->out[plain->length++] = '\n';
        if (plain->blank)
            plain->out[plain->length++] = ' ';
    }
    plain->lines = plain->blank = 0;
    memcpy(plain->out + plain->length, octets, length);
    plain->length += length;
}

static void put_point(plain_t *plain, unsigned long point, const char *octets, size_t length)
{
    if (point == '\n' || point == 0x2028 || point == 0x2029)
        plain->lines += plain->lines < 2;
    else if (point == ' ' || point == '\t' || point == '\r' || point == 0xA0)
        plain->blank = 1;
    else if (aphd_plain_point(point))
        put(plain, octets, length);
}

static size_t encode(unsigned long point, char *octets)
{
    if (point < 0x80) {
        octets[0] = (char)point;
        return 1;
    }
    size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char first[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = length - 1; i > 0; i--, point >>= 6)
        octets[i] = (char)(0x80 | (point & 0x3F));
    octets[0] = (char)(first[length] | point);
    return length;
}

/* The digits of &#N; or &#xN;, which end before stop. 0 for what no character is. */
static unsigned long numeric(const char *digits, const char *stop)
{
    unsigned long point = 0;
    int base = digits < stop && (*digits == 'x' || *digits == 'X') ? 16 : 10;
    for (digits += base == 16; digits < stop; digits++) {
        int lower = *digits | 0x20;
        int digit = *digits >= '0' && *digits <= '9' ? *digits - '0'
                    : lower >= 'a' && lower <= 'f'   ? lower - 'a' + 10
                                                     : 16;
        if (digit >= base || point > 0x10FFFF)
            return 0;
        point = point * (unsigned long)base + (unsigned long)digit;
    }
    return point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF) ? 0 : point;
}

/* &name; or &#N; becomes its character; whatever else an ampersand begins stays. */
static int take_reference(plain_t *plain)
{
    enum { LONGEST = 10 };
    size_t left = (size_t)(plain->end - plain->at) - 1;
    const char *name = plain->at + 1;
    const char *stop = memchr(name, ';', left < LONGEST ? left : LONGEST);
    if (stop == NULL || stop == name)
        return 0;
    unsigned long point = 0;
    for (size_t i = 0; i < sizeof references / sizeof references[0]; i++)
        if (strlen(references[i].name) == (size_t)(stop - name)
            && memcmp(references[i].name, name, (size_t)(stop - name)) == 0)
            point = references[i].point;
    if (point == 0 && *name == '#')
        point = numeric(name + 1, stop);
    if (point == 0)
        return 0;
    char octets[4];
    put_point(plain, point, octets, encode(point, octets));
    plain->at = stop + 1;
    return 1;
}

/* --- elements ------------------------------------------------------------------------------- */

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t name_length(const char *at, const char *end)
{
    const char *from = at;
    while (at < end && (is_letter(*at) || (*at >= '0' && *at <= '9')))
        at++;
    return (size_t)(at - from);
}

static int is_named(const char *name, const char *at, size_t length)
{
    return strlen(name) == length && strncasecmp(name, at, length) == 0;
}

/* Behind the ">" of a tag, whose quoted values may have one of their own; the end where there is
 * none. */
static const char *end_of_tag(plain_t *plain, const char *at)
{
    if (plain->no_end_of_tag)
        return plain->end;
    while (at < plain->end && *at != '>') {
        int quoted = (*at == '"' && !plain->no_double) || (*at == '\'' && !plain->no_single);
        const char *close = quoted ? memchr(at + 1, *at, (size_t)(plain->end - at) - 1) : NULL;
        if (quoted && close == NULL) {
            plain->no_double |= *at == '"';
            plain->no_single |= *at == '\'';
        }
        at = close != NULL ? close + 1 : at + 1;
    }
    plain->no_end_of_tag = at == plain->end;
    return at < plain->end ? at + 1 : at;
}

/* Behind "</name ...>", or the end. */
static const char *end_of_element(plain_t *plain, const char *at, const char *name)
{
    while ((at = memchr(at, '<', (size_t)(plain->end - at))) != NULL) {
        at++;
        if (at < plain->end && *at == '/'
            && is_named(name, at + 1, name_length(at + 1, plain->end)))
            return end_of_tag(plain, at);
    }
    return plain->end;
}

static void take_element(plain_t *plain, int closes)
{
    const char *name = plain->at + 1 + closes;
    size_t length = name_length(name, plain->end);
    plain->at = end_of_tag(plain, name + length);
    for (size_t i = 0; !closes && silent[i] != NULL; i++)
        if (is_named(silent[i], name, length)) {
            plain->at = end_of_element(plain, plain->at, silent[i]);
            return;
        }
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        if (is_named(blocks[i].name, name, length))
            owe_lines(plain, blocks[i].lines);
    if (!closes && is_named("li", name, length)) {
        put(plain, "-", 1);
        plain->blank = 1;
    } else if (is_named("td", name, length) || is_named("th", name, length)) {
        plain->blank = 1;
    }
}

/* Comments, declarations and processing instructions vanish. */
static void take_declaration(plain_t *plain)
{
    const char *at = plain->at;
    if (plain->end - at < 4 || memcmp(at, "<!--", 4) != 0) {
        plain->at = end_of_tag(plain, at + 1);
        return;
    }
    for (at += 4; (at = memchr(at, '-', (size_t)(plain->end - at))) != NULL; at++)
        if (plain->end - at >= 3 && memcmp(at, "-->", 3) == 0)
            break;
    plain->at = at != NULL ? at + 3 : plain->end;
}

/* Whether "<" begins something that a browser would take for markup; in "a < b" it does not. */
static int take_markup(plain_t *plain)
{
    char next = plain->end - plain->at > 1 ? plain->at[1] : ' ';
    char after = plain->end - plain->at > 2 ? plain->at[2] : ' ';
    if (next == '!' || next == '?')
        take_declaration(plain);
    else if (is_letter(next))
        take_element(plain, 0);
    else if (next == '/' && is_letter(after))
        take_element(plain, 1);
    else
        return 0;
    return 1;
}

const char *aphd_entry_plain(const char *html, size_t length, apr_pool_t *p)
{
    plain_t plain = {.at = html, .end = html + length, .out = apr_palloc(p, length + 1)};
    while (plain.at < plain.end) {
        if ((*plain.at == '<' && take_markup(&plain)) ||
            (*plain.at == '&' && take_reference(&plain)))
            continue;
        unsigned long point = 0;
        size_t step = aph_utf8_decode(plain.at, (size_t)(plain.end - plain.at), &point);
        if (step == 0)
            put(&plain, "?", step = 1);
        else
            put_point(&plain, point, plain.at, step);
        plain.at += step;
    }
    plain.out[plain.length] = '\0';
    return plain.out;
}
