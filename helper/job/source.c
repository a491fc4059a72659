/* SPDX-License-Identifier: Apache-2.0 */
/* Finding what an app is made from, and having it read. The answers to its questions:
 * source_answer.c. */
#include "helper/job/source.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <apr_strings.h>

#include "helper/catalog/storage.h"
#include "helper/catalog/store.h"
#include "helper/catalog/trust.h"
#include "helper/job/engine_about.h"
#include "helper/read/answer_form.h"

#define READ_MS 10000

static const char *const forms[] = {[APHD_ENTRY_APPHOST] = "apphost",
                                    [APHD_ENTRY_ROCKON] = "rockon",
                                    [APHD_ENTRY_AMAHI] = "amahi"};

/* --- what lives as long as the job --------------------------------------------------------- */

static apr_status_t forget(void *data)
{
    aphd_source_t *source = data;
    json_decref(source->was);
    json_decref(source->manifest);
    json_decref(source->answers);
    json_decref(source->given);
    json_decref(source->made);
    json_decref(source->moved);
    json_decref(source->storage);
    json_decref(source->credentials);
    return APR_SUCCESS;
}

static int form_of(const char *format, aphd_entry_form_t *form)
{
    for (size_t i = 0; format != NULL && i < sizeof forms / sizeof forms[0]; i++)
        if (strcmp(forms[i], format) == 0) {
            *form = (aphd_entry_form_t)i;
            return 1;
        }
    return 0;
}

/* --- reading ------------------------------------------------------------------------------- */

/* What is asked of the manifest later is asked by name, and what is of another type counts as not
 * there; only the lists that are walked must be lists. */
static apr_status_t check_manifest(const aphd_source_t *source, aph_error_t *err)
{
    static const char *const lists[] = {"questions", "architectures", "permissions", "credentials",
                                        "files", "options"};
    int fits = json_is_string(json_object_get(source->manifest, "id"));
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        fits = fits && json_is_array(json_object_get(source->manifest, lists[i]));
    size_t at;
    json_t *question;
    json_array_foreach(json_object_get(source->manifest, "questions"), at, question)
        fits = fits && json_is_string(json_object_get(question, "id"))
            && json_is_string(json_object_get(question, "kind"))
            && json_is_string(json_object_get(question, "type"))
            && json_is_string(json_object_get(question, "label"));
    if (fits)
        return APR_SUCCESS;
    return aph_error_set(
        err, APH_EUNREADABLE, 2580,
        "what apphost-read says of %s is not in the form of "
        "an entry; if its text is an honest one, apphost-read is not of this release: "
        "install it anew",
        source->name);
}

static apr_status_t read_text(aphd_source_t *source, aph_error_t *err)
{
    aphd_reading_t reading = {.kind = APHD_READ_ENTRY, .text = source->text,
                              .length = strlen(source->text), .form = source->form,
                              .milliseconds = READ_MS};
    apr_status_t status = aphd_reader_run_within(&reading, &source->manifest, err);
    if (status == APR_SUCCESS)
        return check_manifest(source, err);
    aph_error_wrap(err, "the entry %s", source->name);
    return status;
}

/* text is copied. */
static apr_status_t make(aphd_job_t *job, const char *format, const char *text,
                         aphd_source_t **source, aph_error_t *err)
{
    aphd_source_t *made = apr_pcalloc(job->p, sizeof *made);
    *source = made;
    apr_pool_cleanup_register(job->p, made, forget, apr_pool_cleanup_null);
    if (!form_of(format, &made->form))
        return aph_error_set(err, APH_EVERSION, 2581,
                             "the entry has the form %.40s, which this apphost "
                             "does not read; install a newer one",
                             format != NULL ? format : "?");
    made->format = forms[made->form];
    made->text = apr_pstrdup(job->p, text);
    return APR_SUCCESS;
}

/* --- finding ------------------------------------------------------------------------------- */

static apr_status_t refuse_obsolete(const json_t *row, const char *name, aph_error_t *err)
{
    const char *title = json_string_value(json_object_get(row, "title"));
    return aph_error_set(err, APH_EDENIED, 2582,
                         "%s (%s) is obsolete: its catalog offers it no more. Say --obsolete to "
                         "install it all the same",
                         name, title != NULL ? title : "");
}

/* A catalog whose index has expired may have been withdrawn since, and an old one may be replayed
 * by whoever is in the way. What was imported by root has no such date. */
static apr_status_t check_catalog(aphd_job_t *job, aphd_catalog_store_t *store, const char *name,
                                  const char **stale, aph_error_t *err)
{
    json_auto_t *catalog = NULL;
    *stale = NULL;
    if (strcmp(name, APHD_CATALOG_LOCAL) == 0)
        return APR_SUCCESS;
    apr_status_t status = aphd_catalog_get(store, name, &catalog, err);
    if (status == APR_SUCCESS)
        status = aphd_catalog_may_install(catalog, (json_int_t)time(NULL), err);
    if (status == APR_SUCCESS)
        *stale = aphd_catalog_warning(catalog, (json_int_t)time(NULL), job->p);
    return status;
}

static apr_status_t found(aphd_job_t *job, aphd_catalog_store_t *store, const char *ref,
                          int obsolete, json_t **row, char **text, const char **stale,
                          aph_error_t *err)
{
    apr_status_t status = aphd_revision_find(store, ref, row, text, err);
    if (status != APR_SUCCESS)
        return status;
    const char *catalog = json_string_value(json_object_get(*row, "catalog"));
    const char *id = json_string_value(json_object_get(*row, "id"));
    if (catalog == NULL || id == NULL || *text == NULL
        || json_string_value(json_object_get(*row, "sha256")) == NULL)
        return aph_error_set(err, APH_EINTERNAL, 2583, "the catalog's row of %s makes no sense",
                             ref);
    if (json_is_true(json_object_get(*row, "obsolete")) && !obsolete)
        return refuse_obsolete(*row, apr_pstrcat(job->p, catalog, "/", id, NULL), err);
    return check_catalog(job, store, catalog, stale, err);
}

apr_status_t aphd_source_find(aphd_job_t *job, const char *ref, int obsolete,
                              aphd_source_t **source, aph_error_t *err)
{
    aphd_catalog_store_t *store = NULL;
    json_auto_t *row = NULL;
    char *text = NULL;
    const char *stale = NULL;
    *source = NULL;
    apr_status_t status = aphd_catalog_store_open(&store, job->settings->state_dir, 0, job->p, err);
    if (status == APR_SUCCESS)
        status = found(job, store, ref, obsolete, &row, &text, &stale, err);
    aphd_catalog_store_close(store);
    if (status == APR_SUCCESS)
        status = make(job, json_string_value(json_object_get(row, "format")), text, source, err);
    free(text);
    if (status != APR_SUCCESS)
        return status;
    (*source)->stale = stale;
    (*source)->was = json_incref(json_object_get(row, "was"));
    (*source)->obsolete = json_is_true(json_object_get(row, "obsolete"));
    (*source)->name = apr_pstrcat(job->p, json_string_value(json_object_get(row, "catalog")), "/",
                                  json_string_value(json_object_get(row, "id")), NULL);
    (*source)->revision = apr_pstrdup(job->p, json_string_value(json_object_get(row, "sha256")));
    return read_text(*source, err);
}

apr_status_t aphd_source_of_row(aphd_job_t *job, const json_t *row, aphd_source_t **source,
                                aph_error_t *err)
{
    const char *format = json_string_value(json_object_get(row, "format"));
    const char *text = json_string_value(json_object_get(row, "script"));
    const char *name = json_string_value(json_object_get(row, "entry"));
    const char *revision = json_string_value(json_object_get(row, "revision"));
    *source = NULL;
    if (format == NULL || strcmp(format, "script") == 0)
        return APR_SUCCESS;
    apr_status_t status = make(job, format, text != NULL ? text : "", source, err);
    if (status != APR_SUCCESS)
        return status;
    (*source)->name = apr_pstrdup(job->p, name != NULL ? name : "an entry");
    (*source)->revision = apr_pstrdup(job->p, revision != NULL ? revision : "");
    return read_text(*source, err);
}

apr_status_t aphd_source_fits(aphd_job_t *job, const aphd_source_t *source, aph_error_t *err)
{
    const json_t *list = json_object_get(source->manifest, "architectures");
    aphd_engine_about_t about;
    const char *names = "";
    size_t i;
    json_t *name;
    if (json_array_size(list) == 0)
        return APR_SUCCESS;
    apr_status_t status = aphd_engine_about(job->engine, &about, job->p, err);
    if (status != APR_SUCCESS)
        return status;
    aphd_engine_about_clear(&about);
    json_array_foreach((json_t *)list, i, name) {
        if (!json_is_string(name))
            continue;
        if (strcmp(json_string_value(name), about.architecture) == 0)
            return APR_SUCCESS;
        names =
            apr_pstrcat(job->p, names, names[0] != '\0' ? ", " : "", json_string_value(name), NULL);
    }
    return aph_error_set(err, APH_EUSAGE, 2584,
                         "%s runs on %s, and the container engine of this machine "
                         "on %s; it cannot be installed here",
                         source->name, names, about.architecture);
}

/* --- applying ------------------------------------------------------------------------------ */

static const char *label_of(const aphd_source_t *source, const char *id)
{
    const json_t *question = aphd_source_question(source->manifest, id);
    const char *label = json_string_value(json_object_get(question, "label"));
    return label != NULL ? label : "";
}

/* All at once: nobody wants to learn of them one try after the other. A sentence has an end, the
 * log of the operation has room for every one. */
static apr_status_t refuse_answers(aphd_job_t *job, aphd_source_t *source,
                                   const json_t *problems, aph_error_t *err)
{
    const char *list = "";
    size_t i;
    json_t *problem;
    json_array_foreach((json_t *)problems, i, problem) {
        const char *id = json_string_value(json_object_get(problem, "question"));
        const char *reason = json_string_value(json_object_get(problem, "reason"));
        const char *one = apr_psprintf(job->p, "%s (%s): %s", id != NULL ? id : "?",
                                       label_of(source, id), reason != NULL ? reason : "not sound");
        if (id != NULL)
            json_object_del(source->given, id);
        aphd_report_log(&job->report, "%s", one);
        list = apr_pstrcat(job->p, list, list[0] != '\0' ? "; " : "", one, NULL);
    }
    source->sound = 1;
    return aph_error_set(err, APH_EUSAGE, 2585, "%d answer%s of %s %s missing or not sound: %s",
                         (int)json_array_size(problems), json_array_size(problems) == 1 ? "" : "s",
                         source->name, json_array_size(problems) == 1 ? "is" : "are", list);
}

/* How much room the author says a folder should have, for the plan. */
static void note_room(aphd_source_t *source)
{
    size_t i;
    json_t *row;
    json_array_foreach(source->storage, i, row) {
        const char *id = json_string_value(json_object_get(row, "question"));
        const json_t *question = aphd_source_question(source->manifest, id);
        json_object_set(row, "min_size", json_object_get(question, "min_size"));
    }
}

static apr_status_t take_storage(aphd_job_t *job, aphd_source_t *source, const json_t *applied,
                                 aph_error_t *err)
{
    aphd_catalog_store_t *store = NULL;
    const json_t *rows = json_object_get(applied, "storage");
    json_decref(source->storage);
    source->storage = NULL;
    if (json_array_size(rows) == 0) {
        source->storage = json_array();
        return APR_SUCCESS;
    }
    apr_status_t status = aphd_catalog_store_open(&store, job->settings->state_dir, 0, job->p, err);
    if (status == APR_SUCCESS)
        status = aphd_storage_resolve(store, source->given, rows, &source->storage, err);
    if (status == APR_SUCCESS)
        note_room(source);
    aphd_catalog_store_close(store);
    return status;
}

static void take_told(aphd_job_t *job, aphd_source_t *source, const json_t *applied)
{
    const char *notes = json_string_value(json_object_get(applied, "notes"));
    json_decref(source->credentials);
    source->credentials = json_incref(json_object_get(applied, "credentials"));
    if (!json_is_array(source->credentials)) {
        json_decref(source->credentials);
        source->credentials = json_array();
    }
    source->notes = apr_pstrdup(job->p, notes != NULL ? notes : "");
}

/* "http://photos.home.arpa" of "http://photos.home.arpa/". */
static const char *url_base(const aphd_job_t *job)
{
    size_t length = strlen(job->app.url);
    while (length > 0 && job->app.url[length - 1] == '/')
        length--;
    return apr_pstrndup(job->p, job->app.url, length);
}

apr_status_t aphd_source_apply(aphd_job_t *job, aphd_source_t *source, json_t **script,
                               aph_error_t *err)
{
    json_auto_t *applied = NULL;
    aphd_words_t words = {
        .host_port = apr_itoa(job->p, job->app.port),
        .webapp_path = job->app.data_dir,
        .app_identifier = job->app.project,
        .app_hostname = job->app.host,
        .app_name = job->app.name,
        .app_url = url_base(job),
        .app_domain = job->settings->domains[0],
    };
    aphd_reading_t reading = {.kind = APHD_READ_APPLY, .text = source->text,
                              .length = strlen(source->text), .words = &words, .form = source->form,
                              .answers = source->answers, .milliseconds = READ_MS};
    *script = NULL;
    apr_status_t status = aphd_reader_run_within(&reading, &applied, err);
    if (status != APR_SUCCESS) {
        aph_error_wrap(err, "the entry %s", source->name);
        return status;
    }
    const json_t *problems = json_object_get(applied, "problems");
    if (json_array_size(problems) > 0)
        return refuse_answers(job, source, problems, err);
    json_t *form = json_object_get(applied, "script");
    status = aphd_answer_form_check(APHD_READ_INSTALL, form, err);
    if (status == APR_SUCCESS && !json_is_object(json_object_get(form, "compose")))
        status = aph_error_set(err, APH_EUNREADABLE, 2586,
                               "the entry %s has no service, so there is "
                               "nothing to start",
                               source->name);
    if (status == APR_SUCCESS)
        status = take_storage(job, source, applied, err);
    if (status != APR_SUCCESS)
        return status;
    take_told(job, source, applied);
    *script = json_incref(form);
    return APR_SUCCESS;
}

/* --- files --------------------------------------------------------------------------------- */

int aphd_source_writes_again(const aphd_source_t *source, const char *path)
{
    size_t i;
    json_t *file;
    json_array_foreach(json_object_get(source->manifest, "files"), i, file) {
        const char *name = json_string_value(json_object_get(file, "path"));
        const char *when = json_string_value(json_object_get(file, "when"));
        if (name != NULL && when != NULL && strcmp(name, path) == 0)
            return strcmp(when, "update") == 0;
    }
    return 0;
}
