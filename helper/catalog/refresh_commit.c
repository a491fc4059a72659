/* SPDX-License-Identifier: Apache-2.0 */
/* The transaction at the end of a refresh: the only thing of it that anybody sees. */
#include "helper/catalog/refresh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "helper/catalog/members.h"
#include "helper/catalog/trust.h"

/* Another catalog may have the same text. */
static const char *ref_of(const aphd_refresh_t *refresh, const json_t *row)
{
    return apr_pstrcat(refresh->p, refresh->name, "/", text_of(row, "id"), "@",
                       text_of(row, "sha256"), NULL);
}

/* "CATALOG/ID@DIGITS # VERSION: WHAT": what other commands take, and a comment. */
static void say(aphd_refresh_t *refresh, const json_t *row, const char *what)
{
    json_int_t revision = json_integer_value(json_object_get(row, "revision"));
    const char *version = text_of(row, "version");
    const char *number = revision <= 0 ? ""
        : apr_psprintf(refresh->p, "%srevision %" APR_INT64_T_FMT, *version != '\0' ? " " : "",
                       (apr_int64_t)revision);
    APR_ARRAY_PUSH(refresh->lines, const char *) =
        apr_psprintf(refresh->p, "%s/%s@%.16s # %s%s%s%s", refresh->name, text_of(row, "id"),
                     text_of(row, "sha256"), version, number,
                     *version != '\0' || revision > 0 ? ": " : "", what);
}

static apr_status_t read_text(aphd_refresh_t *refresh, const aphd_staged_t *staged, char **text,
                              aph_error_t *err)
{
    *text = malloc(staged->length + 1);
    for (size_t have = 0; *text != NULL && have < staged->length;) {
        ssize_t got = pread(refresh->texts, *text + have, staged->length - have,
                            staged->at + (off_t)have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            free(*text);
            *text = NULL;
            break;
        }
        have += (size_t)got;
    }
    if (*text == NULL)
        return aph_error_set(err, APH_EINTERNAL, 2507, "the text of an entry cannot be read back");
    (*text)[staged->length] = '\0';
    return APR_SUCCESS;
}

/* --- what is offered ----------------------------------------------------------------------- */

/* A revision that is not offered any more. */
static apr_status_t withdraw(aphd_refresh_t *refresh, aphd_catalog_store_t *store,
                             const json_t *row, const char *why, aph_error_t *err)
{
    int was = 1;
    apr_status_t status = refresh->dry_run ? APR_SUCCESS
                        : aphd_revision_deactivate(store, ref_of(refresh, row), &was, err);
    if (status == APR_SUCCESS && was) {
        refresh->deactivated++;
        say(refresh, row, why);
    }
    return status;
}

/* No revision of the entry is offered any more: the catalog took it back. */
static apr_status_t withdraw_entry(aphd_refresh_t *refresh, aphd_catalog_store_t *store,
                                   const char *id, const char *why, aph_error_t *err)
{
    json_auto_t *rows = NULL;
    size_t i;
    json_t *row;
    aphd_revision_filter_t filter = {.catalog = refresh->name, .id = id, .obsolete = 1};
    apr_status_t status = aphd_revision_list(store, &filter, &rows, NULL, err);
    json_array_foreach(rows, i, row)
        if (status == APR_SUCCESS)
            status = withdraw(refresh, store, row, why, err);
    return status;
}

/* Nonzero where an entry of the index is bad and does not say whose it is. */
static int has_nameless(const aphd_index_t *index)
{
    for (size_t i = 0; i < index->bad_count; i++)
        if (index->bad[i].id == NULL)
            return 1;
    return 0;
}

/* Which of the active ones the index names no more. A bad entry has not vanished; and while there
 * is one that does not say whose it is, it may be any of those. */
static apr_status_t withdraw_vanished(aphd_refresh_t *refresh, aphd_catalog_store_t *store,
                                      aph_error_t *err)
{
    json_auto_t *ids = NULL;
    size_t i;
    json_t *one;
    apr_hash_t *named = aphd_index_ids(&refresh->index, refresh->p);
    int nameless = has_nameless(&refresh->index);
    apr_status_t status = aphd_revision_active_ids(store, refresh->name, &ids, err);
    json_array_foreach(ids, i, one) {
        const char *id = json_string_value(one);
        if (status != APR_SUCCESS || apr_hash_get(named, id, APR_HASH_KEY_STRING) != NULL)
            continue;
        if (nameless)
            APR_ARRAY_PUSH(refresh->lines, const char *) = apr_psprintf(
                refresh->p,
                "# %s/%s: still offered: it is gone from the catalog, or is the entry of "
                "the index that does not say whose it is",
                refresh->name, id);
        else
            status = withdraw_entry(refresh, store, id,
                                    "not offered any more: it is gone from the catalog", err);
    }
    return status;
}

/* --- what is new --------------------------------------------------------------------------- */

/* how: "imported", or what else happened to the revision. */
static apr_status_t activate(aphd_refresh_t *refresh, aphd_catalog_store_t *store,
                             const json_t *row, const char *how, aph_error_t *err)
{
    if (!refresh->activate) {
        say(refresh, row, how);
        return APR_SUCCESS;
    }
    if (json_is_true(json_object_get(row, "obsolete"))) {
        say(refresh, row, apr_pstrcat(refresh->p, how, ", and not offered: it is obsolete", NULL));
        return withdraw_entry(refresh, store, text_of(row, "id"),
                              "not offered any more: a newer revision calls the entry obsolete",
                              err);
    }
    refresh->activated++;
    say(refresh, row, apr_pstrcat(refresh->p, how, " and activated", NULL));
    return refresh->dry_run ? APR_SUCCESS : aphd_revision_activate_row(store, row, err);
}

static apr_status_t add_one(aphd_refresh_t *refresh, aphd_catalog_store_t *store,
                            const aphd_staged_t *staged, aph_error_t *err)
{
    char *text = NULL;
    int added = 1;
    aph_error_t why = APH_ERROR_INIT;
    apr_status_t status = APR_SUCCESS;
    if (!refresh->dry_run) {
        status = read_text(refresh, staged, &text, err);
        if (status == APR_SUCCESS)
            status = aphd_revision_add(store, staged->row, text, staged->length, &added, &why);
        free(text);
    }
    if (status == APH_EUNREADABLE || status == APH_ETOOLARGE) { /* the entry's own fault */
        aphd_refresh_bad(refresh, text_of(staged->row, "id"), why.message);
        return APR_SUCCESS;
    }
    if (why.status != APR_SUCCESS)
        *err = why;
    if (status != APR_SUCCESS || !added)
        return status;
    refresh->added++;
    return activate(refresh, store, staged->row, "imported", err);
}

/* --- what is named again ------------------------------------------------------------------- */

static apr_status_t name_again(aphd_refresh_t *refresh, aphd_catalog_store_t *store,
                               const aphd_index_entry_t *entry, aph_error_t *err)
{
    json_auto_t *row = NULL;
    const char *ref =
        apr_pstrcat(refresh->p, refresh->name, "/", entry->id, "@", entry->sha256, NULL);
    apr_status_t status = aphd_revision_find(store, ref, &row, NULL, err);
    return status != APR_SUCCESS || json_is_integer(json_object_get(row, "activated"))
         ? status : activate(refresh, store, row, "named again", err);
}

/* What the store is to know as named after this refresh: of entries that are bad now, and of any
 * where one does not say whose it is, what was named before. New reference. */
static json_t *named_still(const aphd_index_t *index, json_t *before)
{
    json_t *named = has_nameless(index) && before != NULL ? json_copy(before) : json_object();
    for (size_t i = 0; i < index->bad_count; i++)
        if (index->bad[i].id != NULL && json_object_get(before, index->bad[i].id) != NULL)
            json_object_set(named, index->bad[i].id, json_object_get(before, index->bad[i].id));
    return named;
}

/* Texts that are here already, of which the index before this one did not speak: an older revision
 * in the place of a bad one, or an entry that is back. Where it named the same, what is active is
 * what an admin wants. The index before is the last one whose revisions were activated: one that
 * was taken with --no-activate is made up for. Before anything is added: what is new is no text
 * that was known. */
static apr_status_t name_all_again(aphd_refresh_t *refresh, aphd_catalog_store_t *store,
                                   aph_error_t *err)
{
    json_auto_t *before = NULL, *now = NULL;
    apr_status_t status = refresh->activate
        ? aphd_catalog_offered(store, refresh->name, &before, err)
        : aphd_catalog_named(store, refresh->name, &before, err);
    now = named_still(&refresh->index, before);
    for (size_t i = 0; i < refresh->index.count && status == APR_SUCCESS; i++) {
        const aphd_index_entry_t *entry = &refresh->index.entries[i];
        const char *sha256 = json_string_value(json_object_get(before, entry->id));
        json_object_set_new(now, entry->id, json_string(entry->sha256));
        if ((sha256 == NULL || strcmp(sha256, entry->sha256) != 0)
            && aphd_revision_known(store, refresh->name, entry->id, entry->sha256))
            status = name_again(refresh, store, entry, err);
    }
    if (status == APR_SUCCESS && !refresh->dry_run)
        status = aphd_catalog_put_named(store, refresh->name, now, err);
    return status == APR_SUCCESS && !refresh->dry_run && refresh->activate
         ? aphd_catalog_put_offered(store, refresh->name, now, err) : status;
}

/* --- the catalog's own row ----------------------------------------------------------------- */

static json_int_t newest(json_int_t a, json_int_t b)
{
    return a > b ? a : b;
}

static void set_number(json_t *row, const char *name, json_int_t value)
{
    json_object_set_new(row, name, json_integer(value));
}

static apr_status_t put_catalog(aphd_refresh_t *refresh, aphd_catalog_store_t *store, json_t *row,
                                aph_error_t *err)
{
    set_number(row, "version", refresh->index.version);
    set_number(row, "generated", refresh->index.generated);
    set_number(row, "expires", refresh->index.expires);
    set_number(row, "checked", aphd_trust_now(row, refresh->now));
    set_number(row, "refreshed", newest(json_integer_value(json_object_get(row, "refreshed")),
                                        refresh->now));
    json_object_set_new(row, "sha256", json_string(refresh->index.sha256));
    json_object_set_new(row, "error", json_string(""));
    if (refresh->etag != NULL)
        json_object_set_new(row, "etag", json_string(refresh->etag));
    apr_status_t status = aphd_catalog_put(store, row, err);
    return status == APR_SUCCESS && !refresh->unchanged
         ? aphd_catalog_put_bad(store, refresh->name, refresh->bad, err) : status;
}

/* Another job may have been quicker, or have removed the catalog, while this one was fetching: the
 * row is read and the index judged again under the lock. */
static apr_status_t take_all(aphd_refresh_t *refresh, aphd_catalog_store_t *store, aph_error_t *err)
{
    json_auto_t *row = NULL;
    apr_status_t status = aphd_catalog_get(store, refresh->name, &row, err);
    if (status == APR_SUCCESS && !json_equal(json_object_get(row, "url"),
                                             json_object_get(refresh->catalog, "url")))
        status = aph_error_set(err, APH_EBUSY, 2508, "it was replaced while it was fetched");
    if (status == APR_SUCCESS)
        status = aphd_trust_index(row, &refresh->index, refresh->now, err);
    if (status == APR_SUCCESS && !refresh->unchanged)
        status = aphd_refresh_names(refresh, store, err);
    if (status == APR_SUCCESS && !refresh->unchanged)
        status = name_all_again(refresh, store, err);
    for (int i = 0; i < refresh->staged->nelts && status == APR_SUCCESS; i++)
        status = add_one(refresh, store, &APR_ARRAY_IDX(refresh->staged, i, aphd_staged_t), err);
    if (status == APR_SUCCESS && refresh->activate && !refresh->unchanged
        && json_integer_value(json_object_get(row, "version")) > 0)
        status = withdraw_vanished(refresh, store, err);
    return status != APR_SUCCESS || refresh->dry_run ? status
                                                     : put_catalog(refresh, store, row, err);
}

apr_status_t aphd_refresh_commit(aphd_refresh_t *refresh, aph_error_t *err)
{
    aphd_catalog_store_t *store = NULL;
    apr_status_t status = aphd_catalog_store_open(&store, refresh->job->settings->state_dir,
                                                  !refresh->dry_run, refresh->p, err);
    if (status != APR_SUCCESS)
        return status;
    if (!refresh->dry_run)
        status = aphd_catalog_begin(store, err);
    if (status == APR_SUCCESS)
        status = take_all(refresh, store, err);
    if (status == APR_SUCCESS && !refresh->dry_run)
        status = aphd_catalog_commit(store, err);
    aphd_catalog_store_close(store);
    return status;
}

/* A clock that is far ahead must not lock the catalog for good. Only an index that was verified
 * raises the newest time, and not beyond its own end: it stays expired then, and the next one is
 * taken. */
static void note_time(const aphd_refresh_t *refresh, json_t *row)
{
    json_int_t end = refresh->index.expires; /* 0: no index was verified */
    set_number(row, "checked", newest(json_integer_value(json_object_get(row, "checked")),
                                      refresh->now < end ? refresh->now : end));
}

void aphd_refresh_failed(aphd_refresh_t *refresh, const aph_error_t *why)
{
    aphd_catalog_store_t *store = NULL;
    json_auto_t *row = NULL;
    aph_error_t unheard = APH_ERROR_INIT;
    if (refresh->dry_run || aphd_catalog_store_open(&store, refresh->job->settings->state_dir, 1,
                                                    refresh->p, &unheard) != APR_SUCCESS)
        return;
    if (aphd_catalog_begin(store, &unheard) == APR_SUCCESS
        && aphd_catalog_get(store, refresh->name, &row, &unheard) == APR_SUCCESS) {
        note_time(refresh, row);
        json_object_set_new(row, "error", json_string(why->message));
        if (aphd_catalog_put(store, row, &unheard) == APR_SUCCESS)
            aphd_catalog_commit(store, &unheard);
    }
    aphd_catalog_store_close(store);
}
