/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a manifest and of an ENTRY, and the grammars of their values. Both sides of the
 * wall know this table: apphost-read makes ENTRY by it, its parent holds ENTRY against it. Pure. */
#ifndef APHD_ENTRY_TABLE_H
#define APHD_ENTRY_TABLE_H

#include <stddef.h>
#include <jansson.h>

typedef enum aphd_entry_object_t {
    APHD_OBJECT_NONE,
    APHD_OBJECT_ENTRY,
    APHD_OBJECT_LINKS,
    APHD_OBJECT_WEB,
    APHD_OBJECT_QUESTION,
    APHD_OBJECT_CHOICE,
    APHD_OBJECT_PERMISSION,
    APHD_OBJECT_DATA,
    APHD_OBJECT_HEALTH,
    APHD_OBJECT_CREDENTIAL,
    APHD_OBJECT_FILE
} aphd_entry_object_t;

typedef enum aphd_entry_type_t {
    APHD_TYPE_NUMBER,
    APHD_TYPE_FLAG,
    APHD_TYPE_LINE,
    APHD_TYPE_TEXT,
    APHD_TYPE_RAW,
    APHD_TYPE_WORD,
    APHD_TYPE_CHOICE,
    APHD_TYPE_VALUE,
    APHD_TYPE_ONE,
    APHD_TYPE_MANY,
    APHD_TYPE_WORDS,
    APHD_TYPE_DIGESTS,
    APHD_TYPE_TREE
} aphd_entry_type_t;

typedef enum aphd_grammar_t {
    APHD_GRAMMAR_NONE,
    APHD_GRAMMAR_ID,           /* lower case, digits, - _ . inside */
    APHD_GRAMMAR_LABEL,        /* one host label */
    APHD_GRAMMAR_QUESTION,     /* [a-z][a-z0-9_]* */
    APHD_GRAMMAR_SERVICE,      /* [A-Za-z0-9][A-Za-z0-9._-]* */
    APHD_GRAMMAR_ARCHITECTURE, /* [a-z0-9]+, at most 16 */
    APHD_GRAMMAR_PRINTABLE,    /* ASCII without controls and without blanks at its ends */
    APHD_GRAMMAR_HTTPS,        /* an address without user or brackets */
    APHD_GRAMMAR_URL,          /* the same, http too */
    APHD_GRAMMAR_WEBPATH,      /* "/...", not "//..." */
    APHD_GRAMMAR_RELATIVE,     /* a clean path downwards; no blanks, $ or : */
    APHD_GRAMMAR_ABSOLUTE,     /* the same from the root */
    APHD_GRAMMAR_VARIABLE,     /* of an environment */
    APHD_GRAMMAR_MODE,         /* 0644 */
    APHD_GRAMMAR_OPTION,       /* of common/options.def that is not about who gets in */
    APHD_GRAMMAR_DIGEST,       /* sha256:... */
    APHD_GRAMMAR_REFERENCE     /* of an image, roughly; the policy knows them better */
} aphd_grammar_t;

enum {
    APHD_MEMBER_NEEDED = 1,
    APHD_MEMBER_NULLED = 2,
    APHD_MEMBER_SOURCE = 4,
    APHD_MEMBER_ABSENT = 8,
    APHD_MEMBER_ZERO = 16
};

typedef struct aphd_member_t {
    aphd_entry_object_t object;
    const char *name;
    aphd_entry_type_t type;
    json_int_t least, most;
    unsigned flags;
    const char *otherwise;
    aphd_grammar_t grammar;  /* of WORD and WORDS */
    aphd_entry_object_t sub; /* of ONE and MANY */
    const char *choices;     /* of CHOICE */
} aphd_member_t;

/* All rows, those of an object together; *count receives their number. */
const aphd_member_t *aphd_members(size_t *count);
const aphd_member_t *aphd_member_find(aphd_entry_object_t object, const char *name);

int aphd_grammar_fits(aphd_grammar_t grammar, const char *text);
/* Nonzero where word is one of choices ("a|b|c"). */
int aphd_choice_fits(const char *choices, const char *word);
/* Of valid UTF-8. */
size_t aphd_characters(const char *text);

/* Characters a text for people keeps: no controls but the line feed, nothing that turns the
 * direction of what is beside it or hides in it. */
int aphd_plain_point(unsigned long point);
/* Nonzero where all of text is of those; lines: line feeds may stand in it. */
int aphd_plain_fits(const char *text, int lines);

/* Nonzero where value is what ENTRY may have for this member; object: of all its members. */
int aphd_member_conforms(const aphd_member_t *member, const json_t *value);
int aphd_object_conforms(aphd_entry_object_t object, const json_t *value);

#endif
