/* SPDX-License-Identifier: Apache-2.0 */
/* apphost-check --catalog: one line for each entry of a catalog.
 *
 *  1. the folder's entries (check_entries.c)
 *  2. a few at a time: their texts are read, in as few children as possible
 *  3. each that could be read gets sample answers where it needs some, and its services are judged
 */
#include "helper/policy/check_catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "common/file_replace.h"

#define AT_ONCE    32 /* entries whose texts are held at a time */
#define ENTRY_MS   10000
#define ROUNDS_MAX 12 /* tries to find an answer that fits */
#define PORT_FIRST 20001

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : "";
}

/* --- 2. reading --- */

/* The text of an entry; NULL, and the entry's error, where there is none. */
static char *load(aphd_check_entry_t *entry, size_t *length)
{
    char *text = NULL;
    if (entry->path == NULL)
        return NULL;
    apr_status_t rv = aph_file_read(entry->path, APH_FOREIGN_MAX, &text, length, &entry->error);
    if (rv == APR_SUCCESS && entry->length >= 0 && (size_t)entry->length != *length)
        rv = aph_error_set(&entry->error, APH_EUNREADABLE, 2476,
                           "it has %zu octets, and index.json says %lld", *length, entry->length);
    if (rv == APR_SUCCESS && !entry->known_form)
        entry->form = aphd_form_seen(text);
    if (rv == APR_SUCCESS)
        return text;
    entry->error.status = APH_EUNREADABLE;
    free(text);
    return NULL;
}

/* --- 3. sample answers --- */

/* What a text may be, tried in turn where the first does not fit. */
static const char *const samples[] = {"sample",
                                      "Sample-Secret-12345678",
                                      "sample@example.com",
                                      "https://sample.example.com",
                                      "sample.example.com",
                                      "1",
                                      "12345678",
                                      "en_US.UTF-8",
                                      "10.0.0.1",
                                      "a",
                                      "true"};

static json_t *sample_secret(json_int_t length)
{
    char secret[129];
    size_t count = length > 0 && length < 129 ? (size_t)length : 24;
    memset(secret, 'x', count);
    return json_stringn(secret, count);
}

static json_t *sample_of(const json_t *question, size_t place, size_t round)
{
    const char *kind = text_of(question, "kind"), *type = text_of(question, "type");
    const json_t *least = json_object_get(question, "min");
    if (strcmp(kind, "port") == 0)
        return json_sprintf("%d", PORT_FIRST + (int)place);
    if (strcmp(kind, "device") == 0)
        return json_string("/dev/dri");
    if (strcmp(kind, "storage") == 0)
        return json_string("sample/folder");
    if (strcmp(type, "integer") == 0)
        return json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(least) > 0
                                                         ? json_integer_value(least)
                                                         : (json_int_t)1);
    if (strcmp(type, "boolean") == 0)
        return json_string("true");
    if (strcmp(type, "choice") == 0)
        return json_string(
            text_of(json_array_get(json_object_get(question, "choices"), 0), "value"));
    return json_string(samples[round % (sizeof samples / sizeof samples[0])]);
}

static int needs_answer(const json_t *question)
{
    return json_is_true(json_object_get(question, "required")) &&
           *text_of(question, "default") == '\0' &&
           json_integer_value(json_object_get(question, "generate")) == 0;
}

static json_t *first_answers(aphd_check_entry_t *entry)
{
    json_t *answers = json_object(), *question;
    size_t i;
    json_array_foreach(json_object_get(entry->entry, "questions"), i, question) {
        json_int_t generate = json_integer_value(json_object_get(question, "generate"));
        const char *id = text_of(question, "id");
        if (needs_answer(question)) {
            json_array_append_new(entry->needed, json_string(id));
            json_object_set_new(answers, id, sample_of(question, i, 0));
        } else if (generate > 0 && *text_of(question, "default") == '\0') {
            json_object_set_new(answers, id, sample_secret(generate));
        }
    }
    return answers;
}

/* Another answer for each question whose answer does not fit. */
static void next_answers(const aphd_check_entry_t *entry, json_t *answers, const json_t *problems,
                         size_t round)
{
    size_t i, k;
    json_t *problem, *question;
    json_array_foreach((json_t *)problems, i, problem)
        json_array_foreach(json_object_get(entry->entry, "questions"), k, question)
            if (strcmp(text_of(question, "id"), text_of(problem, "question")) == 0)
                json_object_set_new(answers, text_of(question, "id"),
                                    sample_of(question, k, round));
}

/* As though the sample were a folder of a storage location here, agreed to. */
static json_t *sample_sites(const json_t *rows)
{
    json_t *sites = json_array(), *row;
    size_t i;
    json_array_foreach((json_t *)rows, i, row) {
        json_t *site = json_copy(row);
        json_object_set_new(site, "path", json_sprintf("/srv/sample/%zu", i));
        json_array_append_new(sites, site);
    }
    return sites;
}

/* The script of the entry with answers that fit; NULL: none do, or the reader failed. *sites: the
 * folders these name, for the policy; a new reference where there is a script. */
static json_t *apply(aphd_check_entry_t *entry, const char *text, size_t length, json_t **sites)
{
    json_t *answers = first_answers(entry), *script = NULL;
    aphd_reading_t reading = {.kind = APHD_READ_APPLY,
                              .text = text,
                              .length = length,
                              .words = &aphd_check_words,
                              .form = entry->form,
                              .answers = answers,
                              .milliseconds = ENTRY_MS};
    for (size_t round = 1; round <= ROUNDS_MAX && script == NULL; round++) {
        json_t *applied = NULL;
        if (aphd_reader_run_within(&reading, &applied, &entry->error) != APR_SUCCESS)
            break;
        const json_t *problems = json_object_get(applied, "problems");
        if (json_array_size(problems) == 0) {
            script = json_incref(json_object_get(applied, "script"));
            *sites = sample_sites(json_object_get(applied, "storage"));
        } else {
            next_answers(entry, answers, problems, round);
        }
        json_decref(applied);
    }
    json_decref(answers);
    return script;
}

static void judge(aphd_check_entry_t *entry, const aphd_policy_site_t *site, const char *text,
                  size_t length)
{
    aphd_policy_site_t here = *site;
    json_auto_t *sites = NULL;
    json_t *script = apply(entry, text, length, &sites);
    here.storage = sites;
    const json_t *compose = json_object_get(script, "compose");
    entry->end = APHD_ENTRY_ASKS; /* and so it stays where no sample fits */
    if (entry->error.status == APR_SUCCESS && compose != NULL &&
        aphd_policy_judge(compose, &here, &entry->result, &entry->error) == APR_SUCCESS)
        entry->end = entry->result.verdict == APHD_DENY   ? APHD_ENTRY_REFUSED
                     : entry->result.verdict == APHD_ASK  ? APHD_ENTRY_ASKS
                     : json_array_size(entry->needed) > 0 ? APHD_ENTRY_ASKS
                                                          : APHD_ENTRY_INSTALLS;
    json_decref(script);
}

static void settle_error(aphd_check_entry_t *entry)
{
    if (entry->error.status != APR_SUCCESS)
        entry->end = entry->error.status == APH_EDENIED ? APHD_ENTRY_REFUSED : APHD_ENTRY_MALFORMED;
}

/* --- the folder --- */

typedef struct catalog_t {
    apr_array_header_t *entries;
    json_t *ids;   /* id -> file that had it first */
    json_t *files; /* with --json */
    aphd_check_entry_t *now[AT_ONCE];
    aphd_entry_text_t texts[AT_ONCE];
    size_t counts[APHD_ENTRY_ENDS];
    int as_json;
    aphd_policy_site_t site;
} catalog_t;

static int is_list_of_rockons(const aphd_check_entry_t *entry)
{
    const char *slash = strrchr(entry->file, '/');
    return !entry->known_form && strcmp(slash != NULL ? slash + 1 : entry->file, "root.json") == 0;
}

/* One id, one entry. Of two files the second is at fault. */
static void check_id(catalog_t *catalog, aphd_check_entry_t *entry)
{
    const char *id = text_of(entry->entry, "id");
    const char *other = text_of(catalog->ids, id);
    if (entry->id != NULL && strcmp(entry->id, id) != 0)
        aph_error_set(&entry->error, APH_EUNREADABLE, 2477,
                      "its id is %.63s, and index.json calls it %.63s", id, entry->id);
    else if (*other != '\0')
        aph_error_set(&entry->error, APH_EUNREADABLE, 2478, "its id, %.63s, is that of %.200s", id,
                      other);
    else
        json_object_set_new(catalog->ids, id, json_string(entry->file));
}

static int take(void *self, size_t number, json_t *value, const aph_error_t *why)
{
    catalog_t *catalog = self;
    aphd_check_entry_t *entry = catalog->now[number];
    entry->entry = json_incref(value);
    if (value == NULL)
        entry->error = *why;
    else
        check_id(catalog, entry);
    return 0;
}

static void print_problem(const aphd_check_entry_t *entry)
{
    const json_t *findings = entry->result.findings;
    size_t i, refused = 0;
    json_t *finding;
    if (entry->error.status != APR_SUCCESS) {
        printf("%s [%s]", entry->error.message, entry->error.tag);
        return;
    }
    json_array_foreach((json_t *)findings, i, finding) {
        if (strcmp(text_of(finding, "verdict"), "deny") != 0)
            continue;
        if (refused++ == 0)
            printf("%s: %s%s%s%s", text_of(finding, "key"), text_of(finding, "reason"),
                   *text_of(finding, "consequence") != '\0' ? " (root may: --allow " : "",
                   *text_of(finding, "consequence") != '\0' ? text_of(finding, "rule") : "",
                   *text_of(finding, "consequence") != '\0' ? ")" : "");
    }
    if (refused > 1)
        printf("; and %zu more", refused - 1);
}

/* Whether a finding waits for a person's word: what is asked, and what root overrode. */
static int waits(const json_t *finding)
{
    int overridden = json_is_true(json_object_get(finding, "overridden"));
    return (overridden || strcmp(text_of(finding, "verdict"), "ask") == 0)
           && !json_is_true(json_object_get(finding, "consented"));
}

/* Ids of questions, or of the findings that wait. */
static void print_list(const char *before, const json_t *list)
{
    size_t i, shown = 0;
    json_t *item;
    json_array_foreach((json_t *)list, i, item) {
        if (json_is_object(item) && !waits(item))
            continue;
        const char *text = json_string_value(item);
        printf("%s%s", shown++ == 0 ? before : ", ", text != NULL ? text : text_of(item, "id"));
    }
}

static void print_line(const aphd_check_entry_t *entry)
{
    static const char *const ends[] = {"installs", "asks", "refused: ", "malformed: "};
    size_t questions = json_array_size(json_object_get(entry->entry, "questions"));
    printf("%s: ", entry->file);
    if (entry->entry != NULL)
        printf("%s: ", text_of(entry->entry, "id"));
    printf("%s", ends[entry->end]);
    if (entry->end >= APHD_ENTRY_REFUSED) {
        print_problem(entry);
    } else if (entry->end == APHD_ENTRY_ASKS) {
        print_list(" for answers to ", entry->needed);
        print_list(json_array_size(entry->needed) > 0 ? "; for consent to " : " for consent to ",
                   entry->result.findings);
    }
    if (entry->end < APHD_ENTRY_REFUSED && questions > 0)
        printf(" (%zu question%s)", questions, questions > 1 ? "s" : "");
    putchar('\n');
}

static json_t *row_of(const aphd_check_entry_t *entry)
{
    static const char *const ends[] = {"installs", "asks", "refused", "malformed"};
    json_t *row = json_pack("{s:s,s:s,s:O}", "file", entry->file, "end", ends[entry->end], "needed",
                            entry->needed);
    json_t *ids = json_array(), *question;
    size_t i;
    json_array_foreach(json_object_get(entry->entry, "questions"), i, question)
        json_array_append(ids, json_object_get(question, "id"));
    json_object_set_new(row, "questions", ids);
    if (entry->entry != NULL) {
        json_object_set(row, "id", json_object_get(entry->entry, "id"));
        json_object_set(row, "format", json_object_get(entry->entry, "format"));
    }
    if (entry->result.findings != NULL)
        json_object_set(row, "findings", entry->result.findings);
    if (entry->error.status != APR_SUCCESS)
        json_object_update_new(row, json_pack("{s:s,s:s,s:s}", "code",
                                              aph_error_wire(entry->error.status), "tag",
                                              entry->error.tag, "message", entry->error.message));
    return row;
}

static void finish(catalog_t *catalog, aphd_check_entry_t *entry, const char *text, size_t length)
{
    if (entry->error.status == APR_SUCCESS && entry->entry != NULL)
        judge(entry, &catalog->site, text, length);
    settle_error(entry);
    /* A list of rock-ons is none; whether it is JSON at all is worth a word. */
    if (!is_list_of_rockons(entry) || strstr(entry->error.message, "not JSON") != NULL) {
        catalog->counts[entry->end]++;
        if (catalog->as_json)
            json_array_append_new(catalog->files, row_of(entry));
        else
            print_line(entry);
    }
    aphd_policy_result_clear(&entry->result);
    json_decref(entry->entry);
    json_decref(entry->needed);
}

/* The next entries, up to AT_ONCE. */
static apr_status_t take_some(catalog_t *catalog, int from, int count, aph_error_t *err)
{
    char *texts[AT_ONCE];
    size_t readable = 0, at = 0;
    for (int i = 0; i < count; i++) {
        aphd_check_entry_t *entry = &APR_ARRAY_IDX(catalog->entries, from + i, aphd_check_entry_t);
        size_t length = 0;
        entry->needed = json_array();
        texts[i] = load(entry, &length);
        if (texts[i] == NULL)
            continue;
        catalog->now[readable] = entry;
        catalog->texts[readable++] = (aphd_entry_text_t){entry->form, texts[i], length};
    }
    apr_status_t rv = aphd_reader_entries(catalog->texts, readable, take, catalog, err);
    for (int i = 0; i < count; i++) {
        aphd_check_entry_t *entry = &APR_ARRAY_IDX(catalog->entries, from + i, aphd_check_entry_t);
        size_t length = texts[i] != NULL ? catalog->texts[at++].length : 0;
        if (rv == APR_SUCCESS)
            finish(catalog, entry, texts[i], length);
        free(texts[i]);
    }
    return rv;
}

static void print_sum(const catalog_t *catalog, const char *folder)
{
    const size_t *n = catalog->counts;
    size_t all = n[0] + n[1] + n[2] + n[3];
    if (!catalog->as_json) {
        printf("%zu entries: %zu install, %zu ask, %zu refused, %zu malformed\n", all,
               n[APHD_ENTRY_INSTALLS], n[APHD_ENTRY_ASKS], n[APHD_ENTRY_REFUSED],
               n[APHD_ENTRY_MALFORMED]);
        return;
    }
    json_t *sum =
        json_pack("{s:s,s:O,s:{s:I,s:I,s:I,s:I}}", "folder", folder, "entries", catalog->files,
                  "counts", "installs", (json_int_t)n[0], "asks", (json_int_t)n[1], "refused",
                  (json_int_t)n[2], "malformed", (json_int_t)n[3]);
    json_dumpf(sum, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(sum);
}

apr_status_t aphd_check_catalog(const char *folder, const aphd_check_options_t *options,
                                size_t *counts, apr_pool_t *p, aph_error_t *err)
{
    catalog_t *catalog = apr_pcalloc(p, sizeof *catalog);
    catalog->as_json = options->as_json;
    catalog->site = aphd_check_site;
    catalog->site.allowed = options->allowed;
    catalog->site.consents = options->consents;
    apr_status_t rv = aphd_check_entries(folder, &catalog->entries, p, err);
    if (rv != APR_SUCCESS)
        return rv;
    catalog->ids = json_object();
    catalog->files = json_array();
    for (int at = 0; at < catalog->entries->nelts && rv == APR_SUCCESS; at += AT_ONCE) {
        int left = catalog->entries->nelts - at;
        rv = take_some(catalog, at, left < AT_ONCE ? left : AT_ONCE, err);
    }
    if (rv == APR_SUCCESS && (catalog->as_json || catalog->entries->nelts > 1))
        print_sum(catalog, folder);
    memcpy(counts, catalog->counts, sizeof catalog->counts);
    json_decref(catalog->ids);
    json_decref(catalog->files);
    return rv;
}
