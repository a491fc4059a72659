/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest's JSON to the members of ENTRY, row by row of the table. */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "common/utf8.h"
#include "helper/read/entry_parts.h"
#include "helper/read/text_check.h"

/* Where in the manifest something stands, for a message. */
typedef struct place_t {
    const struct place_t *above;
    const char *member; /* NULL: the item of a list */
    size_t item;
} place_t;

typedef struct making_t {
    apr_pool_t *p;
    aph_error_t *err;
} making_t;

static const char *spelled(const place_t *place, apr_pool_t *p)
{
    if (place == NULL)
        return "the manifest";
    const char *above = place->above != NULL ? spelled(place->above, p) : "";
    if (place->member == NULL)
        return apr_psprintf(p, "%s[%" APR_SIZE_T_FMT "]", above, place->item);
    return apr_psprintf(p, "%s%s%.80s", above, *above != '\0' ? "." : "", place->member);
}

static json_t *refuse(making_t *making, const place_t *place, int tag, const char *what)
{
    aph_error_set(making->err, APH_EUNREADABLE, tag, "%s %s", spelled(place, making->p), what);
    return NULL;
}

static json_t *make_object(making_t *making, aphd_entry_object_t object, const json_t *in,
                           const place_t *place);

/* --- strings ------------------------------------------------------------------------------- */

/* Text of a person: plain, and of its length. */
static json_t *make_text(making_t *making, const aphd_member_t *member, const char *text,
                         const place_t *place)
{
    size_t characters = aphd_characters(text);
    if (characters > (size_t)member->most)
        return refuse(making, place, 2410,
                      apr_psprintf(making->p,
                                   "has %" APR_SIZE_T_FMT " characters; at most %d are read",
                                   characters, (int)member->most));
    char *plain = apr_pstrdup(making->p, aphd_entry_plain(text, strlen(text), making->p));
    for (char *at = plain; *at != '\0' && member->type == APHD_TYPE_LINE; at++)
        *at = *at == '\n' ? ' ' : *at;
    if (*plain == '\0' && member->least > 0)
        return refuse(making, place, 2411, "has no text");
    return json_string(plain);
}

/* Nonzero where all of text may stand in a file, or (lines 0) in one line of a value. */
static int is_raw(const char *text, int lines)
{
    size_t length = strlen(text);
    for (size_t i = 0, step; i < length; i += step) {
        unsigned long point = 0;
        step = aph_utf8_decode(text + i, length - i, &point);
        int pair = lines && point == '\r' && text[i + 1] == '\n';
        if (step == 0 || !(pair || (lines ? aphd_text_printable(point) : aphd_plain_point(point)))
            || (!lines && point == '\n'))
            return 0;
    }
    return 1;
}

static json_t *make_raw(making_t *making, const aphd_member_t *member, const char *text,
                        const place_t *place)
{
    size_t characters = aphd_characters(text);
    if (characters < (size_t)member->least || characters > (size_t)member->most)
        return refuse(making, place, 2412,
                      apr_psprintf(making->p,
                                   "has %" APR_SIZE_T_FMT " characters; it should have %d to %d",
                                   characters, (int)member->least, (int)member->most));
    if (!is_raw(text, member->type == APHD_TYPE_RAW))
        return refuse(making, place, 2413, "has a character that may not stand in it (a control or "
                                           "direction character)");
    return json_string(text);
}

static const char *in_words(aphd_grammar_t grammar)
{
    static const char *const words[] = {
        [APHD_GRAMMAR_NONE] = "is not read",
        [APHD_GRAMMAR_ID] =
            "should be lower-case letters, digits, -, _ and . and begin and end with a "
            "letter or digit",
        [APHD_GRAMMAR_LABEL] = "should be lower-case letters, digits and -, at most 63",
        [APHD_GRAMMAR_QUESTION] =
            "should be lower-case letters, digits and _, at most 40, the first a "
            "letter",
        [APHD_GRAMMAR_SERVICE] = "should be the name of a service: letters, digits, ., _ and -",
        [APHD_GRAMMAR_ARCHITECTURE] = "should be an architecture as Go names it: amd64, arm64",
        [APHD_GRAMMAR_PRINTABLE] =
            "should be ASCII without control characters or blanks at its ends",
        [APHD_GRAMMAR_HTTPS] = "should be an https address",
        [APHD_GRAMMAR_URL] = "should be an http or https address",
        [APHD_GRAMMAR_WEBPATH] = "should be a path that begins with one /",
        [APHD_GRAMMAR_RELATIVE] = "should be a path below the app's folder, of letters, digits and "
                                  "._+@=,- without .. or a slash at its ends",
        [APHD_GRAMMAR_ABSOLUTE] =
            "should be an absolute path of letters, digits and ._+@=,- without .. "
            "or a slash at its end",
        [APHD_GRAMMAR_VARIABLE] = "should be the name of a variable",
        [APHD_GRAMMAR_MODE] = "should be a mode as in 0644",
        [APHD_GRAMMAR_OPTION] = "should be an option an author may set: NAME or NAME=VALUE",
        [APHD_GRAMMAR_DIGEST] = "should be sha256: and 64 hexadecimal digits",
        [APHD_GRAMMAR_REFERENCE] = "should be the reference of an image",
    };
    return words[grammar];
}

static json_t *make_word(making_t *making, const aphd_member_t *member, const char *text,
                         const place_t *place)
{
    if (strlen(text) >
        (size_t)(member->type == APHD_TYPE_WORD ? member->most : APH_YAML_SCALAR_MAX))
        return refuse(making, place, 2414,
                      apr_psprintf(making->p, "has more than %d characters", (int)member->most));
    if (!aphd_grammar_fits(member->grammar, text))
        return refuse(making, place, 2415, in_words(member->grammar));
    return json_string(text);
}

static json_t *make_choice(making_t *making, const aphd_member_t *member, const char *text,
                           const place_t *place)
{
    if (!aphd_choice_fits(member->choices, text) || strchr(text, '|') != NULL)
        return refuse(making, place, 2416,
                      apr_psprintf(making->p, "should be one of %s", member->choices));
    return json_string(text);
}

static json_t *make_string(making_t *making, const aphd_member_t *member, const json_t *value,
                           const place_t *place)
{
    const char *text = json_string_value(value);
    if (text == NULL)
        return refuse(making, place, 2417, "should be a string");
    switch (member->type) {
    case APHD_TYPE_LINE:
    case APHD_TYPE_TEXT:
        return make_text(making, member, text, place);
    case APHD_TYPE_WORD:
        return make_word(making, member, text, place);
    case APHD_TYPE_CHOICE:
        return make_choice(making, member, text, place);
    default:
        return make_raw(making, member, text, place);
    }
}

/* What a person may write as 8080, true or "text". */
static json_t *make_value(making_t *making, const aphd_member_t *member, const json_t *value,
                          const place_t *place)
{
    if (json_is_boolean(value))
        return json_string(json_is_true(value) ? "true" : "false");
    if (json_is_integer(value))
        return json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (!json_is_string(value))
        return refuse(making, place, 2418, "should be a string, a whole number, true or false");
    return make_string(making, member, value, place);
}

/* --- numbers, lists, objects --------------------------------------------------------------- */

static json_t *make_number(making_t *making, const aphd_member_t *member, const json_t *value,
                           const place_t *place)
{
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < member->least || number > member->most)
        return refuse(making, place, 2419,
                      apr_psprintf(making->p,
                                   "should be a whole number from %" APR_INT64_T_FMT
                                   " to %" APR_INT64_T_FMT,
                                   (apr_int64_t)member->least, (apr_int64_t)member->most));
    return json_integer(number);
}

static int is_among(const json_t *list, const json_t *item)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), item))
            return 1;
    return 0;
}

static json_t *make_list(making_t *making, const aphd_member_t *member, const json_t *value,
                         const place_t *place)
{
    size_t count = json_array_size(value);
    if (!json_is_array(value) || count > (size_t)member->most || count < (size_t)member->least)
        return refuse(making, place, 2420,
                      apr_psprintf(making->p, "should be a list of %d to %d items",
                                   (int)member->least, (int)member->most));
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const json_t *in = json_array_get(value, i);
        place_t here = {place, NULL, i};
        json_t *item = member->type == APHD_TYPE_MANY ? make_object(making, member->sub, in, &here)
                                                      : make_string(making, &(aphd_member_t){
                                                            .type = APHD_TYPE_WORD,
                                                            .most = APH_HOST_MAX * 4,
                                                            .grammar = member->grammar}, in, &here);
        if (item != NULL && member->type == APHD_TYPE_WORDS && is_among(list, item)) {
            json_decref(item);
            item = refuse(making, &here, 2421, "stands here for the second time");
        }
        if (item == NULL) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *make_digests(making_t *making, const aphd_member_t *member, const json_t *value,
                            const place_t *place)
{
    if (!json_is_object(value) || json_object_size(value) > (size_t)member->most)
        return refuse(making, place, 2422,
                      apr_psprintf(making->p, "should be an object of at most %d digests",
                                   (int)member->most));
    const char *reference;
    json_t *digest;
    json_object_foreach((json_t *)(uintptr_t)value, reference, digest) {
        place_t here = {place, reference, 0};
        if (!aphd_grammar_fits(APHD_GRAMMAR_REFERENCE, reference))
            return refuse(making, &here, 2423, in_words(APHD_GRAMMAR_REFERENCE));
        if (!json_is_string(digest)
            || !aphd_grammar_fits(APHD_GRAMMAR_DIGEST, json_string_value(digest)))
            return refuse(making, &here, 2429, in_words(APHD_GRAMMAR_DIGEST));
    }
    return json_deep_copy(value);
}

static json_t *make_value_of(making_t *making, const aphd_member_t *member, const json_t *value,
                             const place_t *place)
{
    switch (member->type) {
    case APHD_TYPE_NUMBER:
        return make_number(making, member, value, place);
    case APHD_TYPE_FLAG:
        return json_is_boolean(value) ? json_boolean(json_is_true(value))
                                      : refuse(making, place, 2424, "should be true or false");
    case APHD_TYPE_VALUE:
        return make_value(making, member, value, place);
    case APHD_TYPE_ONE:
        return make_object(making, member->sub, value, place);
    case APHD_TYPE_MANY:
    case APHD_TYPE_WORDS:
        return make_list(making, member, value, place);
    case APHD_TYPE_DIGESTS:
        return make_digests(making, member, value, place);
    case APHD_TYPE_TREE:
        return json_is_object(value) ? json_null()
                                     : refuse(making, place, 2425, "should be an object");
    default:
        return make_string(making, member, value, place);
    }
}

static json_t *make_nothing(const aphd_member_t *member)
{
    if ((member->flags & APHD_MEMBER_NULLED) != 0)
        return json_null();
    switch (member->type) {
    case APHD_TYPE_NUMBER:
        return json_integer(member->otherwise != NULL ? atol(member->otherwise) : 0);
    case APHD_TYPE_FLAG:
        return json_boolean(member->otherwise != NULL);
    case APHD_TYPE_MANY:
    case APHD_TYPE_WORDS:
        return json_array();
    case APHD_TYPE_ONE:
    case APHD_TYPE_DIGESTS:
        return json_object();
    default:
        return json_string(member->otherwise != NULL ? member->otherwise : "");
    }
}

/* A misspelt member would otherwise be a silent default. */
static int all_known(making_t *making, aphd_entry_object_t object, const json_t *in,
                     const place_t *place)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)in, name, value) {
        place_t here = {place, name, 0};
        if (strncmp(name, "x-", 2) == 0 || aphd_member_find(object, name) != NULL)
            continue;
        int later = object == APHD_OBJECT_ENTRY
                    && (strcmp(name, "build") == 0 || strcmp(name, "bundle") == 0);
        refuse(making, &here, 2426,
               later ? "is kept for a later release of apphost, and not read yet"
                     : "is no member of a manifest there; names of your own begin with x-");
        return 0;
    }
    return 1;
}

static json_t *make_object(making_t *making, aphd_entry_object_t object, const json_t *in,
                           const place_t *place)
{
    size_t count;
    const aphd_member_t *rows = aphd_members(&count);
    if (!json_is_object(in))
        return refuse(making, place, 2427, "should be an object");
    if (!all_known(making, object, in, place))
        return NULL;
    json_t *made = json_object();
    for (size_t i = 0; i < count; i++) {
        const aphd_member_t *row = &rows[i];
        const json_t *value = row->object == object ? json_object_get(in, row->name) : NULL;
        place_t here = {place, row->name, 0};
        if (row->object != object || (value == NULL && (row->flags & APHD_MEMBER_ABSENT) != 0))
            continue;
        json_t *member = value != NULL ? make_value_of(making, row, value, &here)
                         : (row->flags & APHD_MEMBER_NEEDED) != 0
                             ? refuse(making, &here, 2428, "is missing")
                             : make_nothing(row);
        if (member == NULL) {
            json_decref(made);
            return NULL;
        }
        if ((row->flags & APHD_MEMBER_SOURCE) == 0)
            json_object_set_new(made, row->name, member);
        else
            json_decref(member);
    }
    return made;
}

apr_status_t aphd_manifest_normal(const json_t *manifest, json_t **entry, apr_pool_t *p,
                                  aph_error_t *err)
{
    making_t making = {p, err};
    *entry = make_object(&making, APHD_OBJECT_ENTRY, manifest, NULL);
    return *entry != NULL ? APR_SUCCESS : APH_EUNREADABLE;
}
