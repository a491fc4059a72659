/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of reading an entry, in the order entry.c takes them. */
#ifndef APHD_ENTRY_PARTS_H
#define APHD_ENTRY_PARTS_H

#include "helper/read/entry.h"
#include "helper/read/entry_table.h"

/* 1. Strict JSON: one object of valid UTF-8, no member twice, at most APH_JSON_DEPTH_MAX deep. A
 * new reference. */
apr_status_t aphd_manifest_load(const char *text, size_t length, json_t **manifest,
                                aph_error_t *err);

/* 2. By the table: every member known and of its form; *entry is ENTRY without "format", a new
 * reference, with a member for each row. */
apr_status_t aphd_manifest_normal(const json_t *manifest, json_t **entry, apr_pool_t *p,
                                  aph_error_t *err);

/* 3. What a table cannot say of questions: what goes with which kind, and that a default is an
 * answer. Writes the rest of their defaults. */
apr_status_t aphd_questions_check(json_t *questions, apr_pool_t *p, aph_error_t *err);

/* What is wrong with an answer that is not "", as the end of a sentence that begins with it; NULL:
 * nothing. */
const char *aphd_answer_fault(const json_t *question, const char *answer, apr_pool_t *p);

/* The same of its pattern. */
const char *aphd_pattern_fault(const json_t *question, apr_pool_t *p);

/* 4. All answers, with defaults where none was given: *complete is {ID:S...} for every question, ""
 * where there is no answer; problems as in entry.h. Both new references. */
void aphd_answers_judge(const json_t *questions, const json_t *answers, json_t **complete,
                        json_t **problems, apr_pool_t *p);

/* What placeholders name. */
typedef struct aphd_filling_t {
    const aphd_words_t *words;
    const json_t *answers; /* complete */
    size_t left;           /* octets that may still be made */
    int dollars;           /* the text is one of compose, which reads $$ as $: what is put in means itself */
    int mounted;           /* below volumes or configs: a content there is a file's, and read as it stands */
    const char *source;    /* the manifest's own text, for its lines; NULL: a foreign form */
    size_t source_length;
    apr_pool_t *p;
} aphd_filling_t;

/* text as compose has to have it to mean itself: every $ doubled. Lives in p, or is text. */
const char *aphd_dollars(const char *text, apr_pool_t *p);

/* 5. text with its placeholders replaced, in one pass. */
apr_status_t aphd_fill(aphd_filling_t *filling, const char *text, const char **filled,
                       aph_error_t *err);
/* The same for every string in value, in place; not for names of members. */
apr_status_t aphd_fill_tree(aphd_filling_t *filling, json_t *value, aph_error_t *err);

/* dump is valid JSON on one line, and source valid JSON with a member whose values are, token by
 * token, those of dump, but for what placeholders became: dump with each value on the line it has
 * in source. dump itself where that is not so. Lives in p. */
char *aphd_lines_restore(const char *source, size_t length, const char *member, char *dump,
                         apr_pool_t *p);

/* 6. What the app consists of: SCRIPT (reader.h) of the manifest with its placeholders filled,
 * before answers add anything. A new reference. */
apr_status_t aphd_body_read(const json_t *manifest, aphd_filling_t *filling, json_t **script,
                            aph_error_t *err);
/* Every service that entry names is one of script. */
apr_status_t aphd_body_names(const json_t *script, const json_t *entry, apr_pool_t *p,
                             aph_error_t *err);

/* 7. What the web port and the answers add to the compose model of script. storage: receives rows
 * as in entry.h. */
void aphd_body_grow(json_t *script, const json_t *entry, const aphd_filling_t *filling,
                    json_t *storage);

#endif
