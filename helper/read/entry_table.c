/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/read/entry_table.h"

#include <stdint.h>
#include <string.h>

#include "common/hostname.h"
#include "common/options.h"
#include "common/utf8.h"

enum {
    PLAIN = 0,
    NEEDED = APHD_MEMBER_NEEDED,
    NULLED = APHD_MEMBER_NULLED,
    SOURCE = APHD_MEMBER_SOURCE,
    ABSENT = APHD_MEMBER_ABSENT,
    ZERO = APHD_MEMBER_ZERO
};

#define DETAIL_NUMBER(detail)
#define DETAIL_FLAG(detail)
#define DETAIL_LINE(detail)
#define DETAIL_TEXT(detail)
#define DETAIL_RAW(detail)
#define DETAIL_VALUE(detail)
#define DETAIL_DIGESTS(detail)
#define DETAIL_TREE(detail)
#define DETAIL_WORD(detail)   .grammar = APHD_GRAMMAR_##detail,
#define DETAIL_WORDS(detail)  .grammar = APHD_GRAMMAR_##detail,
#define DETAIL_CHOICE(detail) .choices = detail,
#define DETAIL_ONE(detail)    .sub = APHD_OBJECT_##detail,
#define DETAIL_MANY(detail)   .sub = APHD_OBJECT_##detail,

static const aphd_member_t members[] = {
#define APHD_MEMBER(object_, name_, type_, least_, most_, flags_, otherwise_, detail_) \
    {.object = APHD_OBJECT_##object_, .name = name_, .type = APHD_TYPE_##type_, .least = least_, \
     .most = most_, .flags = flags_, .otherwise = otherwise_, DETAIL_##type_(detail_)},
#include "helper/read/entry_members.def"
#undef APHD_MEMBER
};

const aphd_member_t *aphd_members(size_t *count)
{
    *count = sizeof members / sizeof members[0];
    return members;
}

const aphd_member_t *aphd_member_find(aphd_entry_object_t object, const char *name)
{
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (members[i].object == object && strcmp(members[i].name, name) == 0)
            return &members[i];
    return NULL;
}

/* --- grammars ------------------------------------------------------------------------------ */

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* One of first, then any of rest, the last of them (if there are two) one of last. */
static int is_word(const char *text, const char *first, const char *rest, const char *last,
                   size_t most)
{
    size_t length = strlen(text);
    return length >= 1 && length <= most && strchr(first, text[0]) != NULL
           && strspn(text + 1, rest) == length - 1 && strchr(last, text[length - 1]) != NULL;
}

static int is_printable(const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] > '~')
            return 0;
    return length > 0 && text[0] != ' ' && text[length - 1] != ' ';
}

#define IN_A_URL UPPER LOWER DIGITS "._~:/?#@!$&'()*+,;=%-"

/* HOST[:PORT] and then nothing, a path, a query or a fragment. */
static int is_url(const char *text, const char *scheme)
{
    size_t length = strlen(scheme);
    if (strncmp(text, scheme, length) != 0)
        return 0;
    const char *at = text + length;
    size_t host = strspn(at, UPPER LOWER DIGITS ".-");
    if (host == 0 || host > APH_HOST_MAX || strchr(".-", at[0]) != NULL)
        return 0;
    at += host;
    if (*at == ':') {
        size_t port = strspn(++at, DIGITS);
        if (port == 0 || port > 5)
            return 0;
        at += port;
    }
    return (*at == '\0' || strchr("/?#", *at) != NULL) && at[strspn(at, IN_A_URL)] == '\0';
}

static int is_webpath(const char *text)
{
    return text[0] == '/' && text[1] != '/' && text[strspn(text, IN_A_URL)] == '\0';
}

/* Names joined by single slashes; none is "." or "..". */
static int is_path(const char *text)
{
    for (;;) {
        size_t part = strspn(text, UPPER LOWER DIGITS "._+@=,-");
        if (part == 0 || (part == 1 && text[0] == '.') ||
            (part == 2 && text[0] == '.' && text[1] == '.'))
            return 0;
        if (text[part] != '/')
            return text[part] == '\0';
        text += part + 1;
    }
}

static int is_variable(const char *text)
{
    return is_word(text, UPPER LOWER "_", UPPER LOWER DIGITS "_", UPPER LOWER DIGITS "_", 128);
}

static int is_mode(const char *text)
{
    return strlen(text) == 4 && text[0] == '0' && strspn(text, "01234567") == 4;
}

/* A switch about the app itself. Who gets in is decided on this machine, not by an author. */
static int is_option(const char *text)
{
    size_t length = strcspn(text, "=");
    const aph_option_t *option = aph_option_find(text, length);
    return option != NULL && !option->access && strlen(text) <= 1000 && is_printable(text);
}

static int is_digest(const char *text)
{
    return strncmp(text, "sha256:", 7) == 0 && strlen(text) == 7 + 64
           && strspn(text + 7, DIGITS "abcdef") == 64;
}

int aphd_grammar_fits(aphd_grammar_t grammar, const char *text)
{
    switch (grammar) {
    case APHD_GRAMMAR_ID:
        return is_word(text, LOWER DIGITS, LOWER DIGITS "._-", LOWER DIGITS, APH_LABEL_MAX);
    case APHD_GRAMMAR_LABEL:
        return aph_label_valid(text);
    case APHD_GRAMMAR_QUESTION:
        return is_word(text, LOWER, LOWER DIGITS "_", LOWER DIGITS "_", 40);
    case APHD_GRAMMAR_SERVICE:
        return is_word(text, UPPER LOWER DIGITS, UPPER LOWER DIGITS "._-", UPPER LOWER DIGITS "._-",
                       63);
    case APHD_GRAMMAR_ARCHITECTURE:
        return is_word(text, LOWER DIGITS, LOWER DIGITS, LOWER DIGITS, 16);
    case APHD_GRAMMAR_PRINTABLE:
        return is_printable(text);
    case APHD_GRAMMAR_HTTPS:
        return is_url(text, "https://");
    case APHD_GRAMMAR_URL:
        return is_url(text, "https://") || is_url(text, "http://");
    case APHD_GRAMMAR_WEBPATH:
        return is_webpath(text);
    case APHD_GRAMMAR_RELATIVE:
        return is_path(text);
    case APHD_GRAMMAR_ABSOLUTE:
        return text[0] == '/' && is_path(text + 1);
    case APHD_GRAMMAR_VARIABLE:
        return is_variable(text);
    case APHD_GRAMMAR_MODE:
        return is_mode(text);
    case APHD_GRAMMAR_OPTION:
        return is_option(text);
    case APHD_GRAMMAR_DIGEST:
        return is_digest(text);
    case APHD_GRAMMAR_REFERENCE:
        return is_word(text, LOWER DIGITS, UPPER LOWER DIGITS "._/:@-", UPPER LOWER DIGITS, 255);
    case APHD_GRAMMAR_NONE:
        break;
    }
    return 0;
}

int aphd_choice_fits(const char *choices, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = choices; *at != '\0';) {
        size_t choice = strcspn(at, "|");
        if (choice == length && memcmp(at, word, length) == 0)
            return 1;
        at += choice + (at[choice] == '|');
    }
    return 0;
}

size_t aphd_characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

int aphd_plain_point(unsigned long point)
{
    if (point < 0x20)
        return point == '\n';
    return !(point >= 0x7F && point <= 0x9F) && point != 0xAD && point != 0x61C &&
           point != 0x180E && point != 0x200B && point != 0x200E && point != 0x200F &&
           !(point >= 0x2028 && point <= 0x202E) && !(point >= 0x2060 && point <= 0x206F) &&
           point != 0xFEFF && !(point >= 0xFFF0 && point <= 0xFFFB) &&
           !((point & 0xFFFE) == 0xFFFE) && !(point >= 0xE0000 && point <= 0xE0FFF);
}

int aphd_plain_fits(const char *text, int lines)
{
    size_t length = strlen(text);
    for (size_t i = 0, step; i < length; i += step) {
        unsigned long point = 0;
        step = aph_utf8_decode(text + i, length - i, &point);
        if (step == 0 || !aphd_plain_point(point) || (point == '\n' && !lines))
            return 0;
    }
    return 1;
}

/* --- an answer of the reader ----------------------------------------------------------------- */

/* Emptiness is how ENTRY says that a manifest said nothing, whatever the least is. */
static int string_conforms(const aphd_member_t *member, const json_t *value)
{
    const char *text = json_string_value(value);
    if (text == NULL)
        return 0;
    if (*text == '\0')
        return ((member->flags & (APHD_MEMBER_NEEDED | APHD_MEMBER_NULLED)) == 0
                && member->otherwise == NULL)
               || (member->type != APHD_TYPE_CHOICE && member->least == 0);
    if (member->type != APHD_TYPE_CHOICE && aphd_characters(text) > (size_t)member->most)
        return 0;
    switch (member->type) {
    case APHD_TYPE_WORD:
        return aphd_grammar_fits(member->grammar, text);
    case APHD_TYPE_CHOICE:
        return aphd_choice_fits(member->choices, text);
    default:
        return aphd_plain_fits(text, member->type == APHD_TYPE_TEXT);
    }
}

static int number_conforms(const aphd_member_t *member, const json_t *value)
{
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value))
        return 0;
    return (number >= member->least && number <= member->most)
           || (number == 0 && (member->flags & APHD_MEMBER_ZERO) != 0);
}

static int list_conforms(const aphd_member_t *member, const json_t *value)
{
    size_t i;
    json_t *item;
    if (!json_is_array(value) || json_array_size(value) > (size_t)member->most)
        return 0;
    json_array_foreach((json_t *)(uintptr_t)value, i, item) {
        int fits = member->type == APHD_TYPE_MANY
                       ? aphd_object_conforms(member->sub, item)
                       : json_is_string(item) &&
                             aphd_grammar_fits(member->grammar, json_string_value(item));
        if (!fits)
            return 0;
    }
    return 1;
}

static int digests_conform(const aphd_member_t *member, const json_t *value)
{
    const char *reference;
    json_t *digest;
    if (!json_is_object(value) || json_object_size(value) > (size_t)member->most)
        return 0;
    json_object_foreach((json_t *)(uintptr_t)value, reference, digest) {
        const char *text = json_string_value(digest);
        if (!aphd_grammar_fits(APHD_GRAMMAR_REFERENCE, reference) || text == NULL
            || !aphd_grammar_fits(APHD_GRAMMAR_DIGEST, text))
            return 0;
    }
    return 1;
}

int aphd_member_conforms(const aphd_member_t *member, const json_t *value)
{
    if (value == NULL)
        return (member->flags & APHD_MEMBER_ABSENT) != 0;
    if (json_is_null(value))
        return (member->flags & APHD_MEMBER_NULLED) != 0;
    switch (member->type) {
    case APHD_TYPE_NUMBER:
        return number_conforms(member, value);
    case APHD_TYPE_FLAG:
        return json_is_boolean(value);
    case APHD_TYPE_ONE:
        return aphd_object_conforms(member->sub, value);
    case APHD_TYPE_MANY:
    case APHD_TYPE_WORDS:
        return list_conforms(member, value);
    case APHD_TYPE_DIGESTS:
        return digests_conform(member, value);
    case APHD_TYPE_TREE:
        return 0;
    default:
        return string_conforms(member, value);
    }
}

int aphd_object_conforms(aphd_entry_object_t object, const json_t *value)
{
    if (!json_is_object(value))
        return 0;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (members[i].object == object && (members[i].flags & APHD_MEMBER_SOURCE) == 0
            && !aphd_member_conforms(&members[i], json_object_get(value, members[i].name)))
            return 0;
    return 1;
}
