/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what an app's author wrote, in a child that can do nothing else.
 *
 * aphd_reader_run starts apphost-read (no privileges, no files, no network, seccomp allow-list,
 * CPU, memory and time limits), hands it the text and takes back the *normal form*: one JSON
 * value in which every short form has become one long form and every value carries its line. The
 * normal form is data about the text; no verdict in it is trusted. The policy judges it on this
 * side.
 *
 *   install script: {"files":[{"path":REL,"line":N,"text":S}...],   here-documents, in order
 *                    "folders":[{"path":REL,"line":N}...],          mkdir -p
 *                    "modes":[{"path":REL,"line":N,"mode":"0755","recursive":BOOL}...],
 *                    "up":BOOL, "compose":COMPOSE|null}             of docker-compose.yml
 *   uninstall script: {"stop":BOOL,"remove":BOOL,"purge":[{"path":REL,"line":N}...]}
 *   compose file:   COMPOSE = see helper/policy/model.h
 *   what a registry answers: see registry_text.h
 *   the index of a catalog: see index_text.h */
#ifndef APHD_READER_H
#define APHD_READER_H

#include <jansson.h>
#include <apr_pools.h>

#include "common/error.h"

typedef enum aphd_reader_kind_t {
    APHD_READ_INSTALL, /* an install script, or a bare compose file given in its place */
    APHD_READ_UNINSTALL,
    APHD_READ_COMPOSE,
    APHD_READ_MANIFEST, /* what a registry answers; the words have no part in it */
    APHD_READ_IMAGE,
    APHD_READ_CHALLENGE,
    APHD_READ_TOKEN,
    APHD_READ_ENTRY,    /* an entry of a catalog: ENTRY of entry.h */
    APHD_READ_APPLY,    /* one with its answers: what aphd_entry_apply gives */
    APHD_READ_INDEX     /* the index of a catalog: index_text.h */
} aphd_reader_kind_t;

/* Which form the text of an entry has (entry.h). */
typedef enum aphd_entry_form_t {
    APHD_ENTRY_APPHOST,
    APHD_ENTRY_ROCKON,
    APHD_ENTRY_AMAHI
} aphd_entry_form_t;

/* forms.c: "apphost", "rockon", "amahi", as indexes, rows and requests call them. */
const char *aphd_form_name(aphd_entry_form_t form);

/* Nonzero where name, which may be NULL, is one of them; else *form is APHD_ENTRY_APPHOST. */
int aphd_form_find(const char *name, aphd_entry_form_t *form);

/* The form of a text nobody named one for, seen from words only that form has; whether the text is
 * one is the reader's to say. */
aphd_entry_form_t aphd_form_seen(const char *text);

/* The values of the four words of an Amahi script, replaced on word borders in one pass. */
typedef struct aphd_words_t {
    const char *host_port;      /* HOST_PORT      "35007" */
    const char *webapp_path;    /* WEBAPP_PATH    the app's data folder */
    const char *app_identifier; /* APP_IDENTIFIER "apphost-1a2b3c4d-7" */
    const char *app_hostname;   /* APP_HOSTNAME   "photos.home.arpa"; {{host}} */
    const char *app_name;       /* {{name}}   "photos"; this and the next: of a manifest only */
    const char *app_url;        /* {{url}}    "https://photos.home.arpa", without a last slash */
    const char *app_domain;     /* {{domain}} "home.arpa" */
} aphd_words_t;

/* One text and how long reading it may take. */
typedef struct aphd_reading_t {
    aphd_reader_kind_t kind;
    const char *text;
    size_t length; /* octets, at most APH_FOREIGN_MAX; of a registry's answer APH_MANIFEST_MAX, of
                    * an index APH_INDEX_MAX */
    const aphd_words_t *words; /* NULL: none */
    aphd_entry_form_t form;    /* of an entry */
    const json_t *answers;     /* of APHD_READ_APPLY; borrowed */
    int milliseconds; /* from start to answer; the child is gone after them */
} aphd_reading_t;

/* As aphd_reader_run, within a time of the caller's choice. */
apr_status_t aphd_reader_run_within(const aphd_reading_t *reading, json_t **normal,
                                    aph_error_t *err);

/* Reads text (length octets, at most APH_FOREIGN_MAX) and returns the normal form: new reference.
 * APH_EUNREADABLE names line and word of what is not understood; a child that crashed, hung or
 * broke its limits is APH_EUNREADABLE too, and says so. It has APHD_READ_SECONDS. */
apr_status_t aphd_reader_run(aphd_reader_kind_t kind, const char *text, size_t length,
                             const aphd_words_t *words, json_t **normal, aph_error_t *err);

/* One of many entries that are read one after the other, in as few children as possible. A child
 * that one text took over may lie about those after it: hand over texts of one catalog only. */
typedef struct aphd_entry_text_t {
    aphd_entry_form_t form;
    const char *text;
    size_t length;
} aphd_entry_text_t;

/* Calls back for each text in order: entry is borrowed and NULL where why says what is wrong with
 * it. A text its reader does not survive costs only itself. Return nonzero to stop. */
typedef int aphd_entry_read_cb(void *self, size_t number, json_t *entry, const aph_error_t *why);
apr_status_t aphd_reader_entries(const aphd_entry_text_t *texts, size_t count,
                                 aphd_entry_read_cb *cb, void *self, aph_error_t *err);

#endif
