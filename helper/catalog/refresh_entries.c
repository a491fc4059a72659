/* SPDX-License-Identifier: Apache-2.0 */
/* Entries go through in batches: fetched side by side, held against the digest the index names,
 * read one after the other by as few readers as possible, staged. */
#include "helper/catalog/refresh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>

#include "helper/catalog/changes.h"

#define BATCH_COUNT    512
#define BATCH_OCTETS   (8u << 20)
#define TOTAL_OCTETS   (256u << 20) /* of new texts, in one refresh */
#define TOTAL_SECONDS  300
#define UNHEARD_MAX    8 /* entries a host may leave unanswered before no more are asked for */

typedef struct batch_t {
    aphd_refresh_t *refresh;
    aphd_catalog_store_t *store;
    size_t count;
    const aphd_index_entry_t *entries[BATCH_COUNT];
    aphd_wanted_t wanted[BATCH_COUNT];
    size_t read_count;
    const aphd_index_entry_t *read[BATCH_COUNT]; /* those whose octets are the right ones */
    aphd_entry_text_t texts[BATCH_COUNT];
    apr_status_t status;
    aph_error_t *err;
} batch_t;

void aphd_refresh_bad(aphd_refresh_t *refresh, const char *id, const char *reason)
{
    char text[400];
    apr_cpystrn(text, reason, sizeof text);
    aphd_text_clean(text);
    refresh->refused++;
    json_array_append_new(refresh->bad, json_pack("{s:s, s:s}", "id", id, "reason", text));
    APR_ARRAY_PUSH(refresh->lines, const char *) =
        *id != '\0' ? apr_psprintf(refresh->p, "# %s/%s refused: %s", refresh->name, id, text)
                    : apr_psprintf(refresh->p, "# %s: refused: %s", refresh->name, text);
}

/* --- staging ------------------------------------------------------------------------------- */

static apr_status_t close_texts(void *data)
{
    close(((aphd_refresh_t *)data)->texts);
    return APR_SUCCESS;
}

static apr_status_t open_texts(aphd_refresh_t *refresh, aph_error_t *err)
{
    const char *folder = refresh->job->settings->state_dir;
    if (refresh->texts >= 0)
        return APR_SUCCESS;
    refresh->texts = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (refresh->texts < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 2504, "cannot make a file in %s: %s",
                             folder, strerror(errno));
    apr_pool_cleanup_register(refresh->p, refresh, close_texts, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

static apr_status_t stage(aphd_refresh_t *refresh, json_t *row, const aphd_entry_text_t *text,
                          aph_error_t *err)
{
    apr_status_t status = open_texts(refresh, err);
    aphd_staged_t staged = {.row = row, .at = refresh->texts_length, .length = text->length};
    for (size_t put = 0; status == APR_SUCCESS && put < text->length;) {
        ssize_t now = pwrite(refresh->texts, text->text + put, text->length - put,
                             staged.at + (off_t)put);
        if (now < 0 && errno != EINTR)
            status = aph_error_set(
                err, errno == ENOSPC || errno == EDQUOT ? APH_ENOSPACE : APR_FROM_OS_ERROR(errno),
                2505, "cannot keep the texts of a catalog in %s: %s",
                refresh->job->settings->state_dir, strerror(errno));
        put += now > 0 ? (size_t)now : 0;
    }
    refresh->texts_length += (off_t)text->length;
    APR_ARRAY_PUSH(refresh->staged, aphd_staged_t) = staged;
    return status;
}

/* --- one entry that was read --------------------------------------------------------------- */

/* A REVISION of store.h, under the names the index gives: new reference. */
static json_t *row_of(const aphd_refresh_t *refresh, const aphd_index_entry_t *named,
                      const json_t *entry)
{
    const char *url = apr_pstrcat(refresh->p, refresh->place.url, named->file, NULL);
    json_t *row = aphd_revision_of_entry(entry, refresh->name, url, named->sha256);
    json_object_set_new(row, "id", json_string(named->id));
    json_object_set_new(row, "format", json_string(named->format));
    return row;
}

/* NULL, or the text that was here before under the same number. */
static const char *same_number(const batch_t *batch, const aphd_index_entry_t *named,
                               json_int_t revision)
{
    const aphd_refresh_t *refresh = batch->refresh;
    return revision == 0 ? NULL : aphd_revision_numbered(batch->store, refresh->name, named->id,
                                                         revision, refresh->p);
}

static int entry_cb(void *self, size_t number, json_t *entry, const aph_error_t *why)
{
    batch_t *batch = self;
    aphd_refresh_t *refresh = batch->refresh;
    const aphd_index_entry_t *named = batch->read[number];
    const char *id = json_string_value(json_object_get(entry, "id"));
    json_int_t revision = json_integer_value(json_object_get(entry, "revision"));
    const char *before;
    if (entry == NULL)
        aphd_refresh_bad(refresh, named->id, why->message);
    else if (id == NULL || strcmp(id, named->id) != 0)
        aphd_refresh_bad(refresh, named->id,
                         apr_psprintf(refresh->p, "id: the entry calls itself %.63s",
                                      id != NULL ? id : "nothing"));
    else if ((before = same_number(batch, named, revision)) != NULL)
        aphd_refresh_bad(refresh, named->id,
                         apr_psprintf(refresh->p,
                                      "revision: this is another text "
                                      "of revision %" APR_INT64_T_FMT
                                      " than %.16s, which was here before; a changed "
                                      "entry needs a new number",
                                      (apr_int64_t)revision, before));
    else
        batch->status = stage(refresh, row_of(refresh, named, entry), &batch->texts[number],
                              batch->err);
    return batch->status != APR_SUCCESS;
}

/* --- batches ------------------------------------------------------------------------------- */

/* Those whose octets are what the index named wait for the reader. */
static void hold_against_index(batch_t *batch)
{
    aphd_refresh_t *refresh = batch->refresh;
    apr_pool_t *p;
    batch->read_count = 0;
    if (apr_pool_create(&p, refresh->p) != APR_SUCCESS)
        return;
    for (size_t i = 0; i < batch->count; i++) {
        const aphd_index_entry_t *named = batch->entries[i];
        const aphd_wanted_t *wanted = &batch->wanted[i];
        if (wanted->status != APR_SUCCESS)
            aphd_refresh_bad(refresh, named->id,
                             apr_psprintf(p, "%s: %s", named->file, wanted->why));
        else if (wanted->length != named->length)
            aphd_refresh_bad(refresh, named->id,
                             apr_psprintf(p,
                                          "%s: it has %" APR_SIZE_T_FMT " octets, "
                                          "the index says %" APR_SIZE_T_FMT,
                                          named->file, wanted->length, named->length));
        else if (strcmp(aphd_sha256(wanted->octets, wanted->length, p), named->sha256) != 0)
            aphd_refresh_bad(refresh, named->id,
                             apr_psprintf(p,
                                          "%s: it is not the text whose sha256 "
                                          "the index names",
                                          named->file));
        else {
            batch->texts[batch->read_count] = (aphd_entry_text_t){
                .form = named->form, .text = wanted->octets, .length = wanted->length};
            batch->read[batch->read_count++] = named;
        }
    }
    apr_pool_destroy(p);
}

static apr_status_t run_batch(batch_t *batch, apr_time_t until, int *unheard, aph_error_t *err)
{
    aphd_refresh_t *refresh = batch->refresh;
    apr_status_t status = aphd_origin_get(refresh->source, batch->wanted, batch->count, until, err);
    for (size_t i = 0; i < batch->count && status == APR_SUCCESS; i++) {
        *unheard += batch->wanted[i].unheard;
        if (*unheard >= UNHEARD_MAX)
            status = aph_error_set(err, APH_EUNREADABLE, 2506,
                                   "its host does not answer any more (%s: "
                                   "%s), so nothing was taken; refresh it later",
                                   batch->wanted[i].file, batch->wanted[i].why);
    }
    batch->status = status;
    batch->err = err;
    if (status == APR_SUCCESS) {
        hold_against_index(batch);
        status = aphd_reader_entries(batch->texts, batch->read_count, entry_cb, batch, err);
    }
    for (size_t i = 0; i < batch->count; i++)
        free(batch->wanted[i].octets);
    batch->count = 0;
    return status != APR_SUCCESS ? status : batch->status;
}

static void say_where(const aphd_refresh_t *refresh, size_t done)
{
    aphd_progress_t progress = {"entries", refresh->name, (json_int_t)done,
                                (json_int_t)refresh->index.count, "steps"};
    aphd_report_progress(&refresh->job->report, &progress);
}

apr_status_t aphd_refresh_entries(aphd_refresh_t *refresh, aphd_catalog_store_t *store,
                                  aph_error_t *err)
{
    batch_t *batch = apr_pcalloc(refresh->p, sizeof *batch);
    apr_time_t until = apr_time_now() + apr_time_from_sec(TOTAL_SECONDS);
    apr_status_t status = APR_SUCCESS;
    size_t octets = 0, total = 0;
    int unheard = 0;
    batch->refresh = refresh;
    batch->store = store;
    for (size_t i = 0; i < refresh->index.count && status == APR_SUCCESS; i++) {
        const aphd_index_entry_t *named = &refresh->index.entries[i];
        if (aphd_revision_known(store, refresh->name, named->id, named->sha256))
            continue;
        if (total + named->length > TOTAL_OCTETS) {
            aphd_refresh_bad(refresh, named->id,
                             "more new text than is taken in one refresh; the next "
                             "one takes it");
            continue;
        }
        total += named->length;
        octets += named->length;
        batch->entries[batch->count] = named;
        batch->wanted[batch->count++] = (aphd_wanted_t){.file = named->file, .most = named->length};
        if (batch->count == BATCH_COUNT || octets >= BATCH_OCTETS) {
            status = run_batch(batch, until, &unheard, err);
            say_where(refresh, i + 1);
            octets = 0;
        }
    }
    return status == APR_SUCCESS && batch->count > 0 ? run_batch(batch, until, &unheard, err)
                                                     : status;
}
