/* SPDX-License-Identifier: Apache-2.0 */
/* Updating: whose answers count, and what becomes of them where it fails. */
#include "helper/job/update.h"

#include <string.h>

#include "helper/job/answers_kept.h"

/* Answers that are other ones than the app has, and the secrets among them that nobody gave. */
static json_t *fresh_answers(const json_t *answers, const json_t *has)
{
    json_t *fresh = json_object();
    const char *id;
    json_t *answer;
    json_object_foreach((json_t *)answers, id, answer)
        if (json_is_string(answer) && !json_equal(answer, json_object_get(has, id)))
            json_object_set(fresh, id, answer);
    return fresh;
}

/* Of these, what is worth keeping: a default is asked for anew, for it may be another one then. */
static json_t *worth_keeping(const aphd_update_t *update)
{
    const aphd_source_t *source = update->install.source;
    json_t *kept = json_object();
    json_auto_t *said = aphd_answers_said(source);
    json_object_set(kept, ".asked", json_object_get(said, ".asked"));
    const char *id;
    json_t *answer;
    json_t *made = json_object();
    json_object_foreach(update->fresh, id, answer) {
        int given = json_object_get(source->given, id) != NULL;
        int secret = aphd_source_is_secret(aphd_source_question(source->manifest, id));
        if (given || secret)
            json_object_set(kept, id, answer);
        if (secret && !given)
            json_object_set(made, id, answer);
    }
    json_object_set_new(kept, ".made", made);
    json_object_set_new(kept, APHD_ANSWERS_FOR, json_string(source->revision));
    return kept;
}

/* Going back, what was answered then counts, and no try that failed. */
static apr_status_t answers_before(aphd_update_t *update, json_t **before, aph_error_t *err)
{
    aphd_job_t *job = update->install.job;
    const json_t *row = job->app.row;
    if (update->rollback) { /* the data go on having what was made since */
        json_auto_t *all = aphd_answers_of(row), *secrets = aphd_answers_secrets(all);
        *before = aphd_answers_of(json_object_get(row, "previous"));
        aphd_answers_merge(*before, secrets);
        return APR_SUCCESS;
    }
    json_auto_t *data = json_pack("{s:{s:O}}", "previous", "kept", row);
    return aphd_source_kept(job, update->install.source, job->app.name, data, before, err);
}

/* What is not asked any more is kept for the day it is asked again. */
apr_status_t aphd_update_answer(aphd_update_t *update, aph_error_t *err)
{
    aphd_job_t *job = update->install.job;
    aphd_source_t *source = update->install.source;
    json_auto_t *before = NULL;
    apr_status_t status = aphd_source_fits(job, source, err);
    if (status == APR_SUCCESS)
        status = answers_before(update, &before, err);
    if (status == APR_SUCCESS)
        status =
            aphd_source_answer(job, source, update->given, before, update->replaced.ports, err);
    if (status == APR_SUCCESS)
        status = aphd_source_apply(job, source, &update->install.script, err);
    if (status != APR_SUCCESS) {
        aph_error_wrap(err, "%s stays what it is", job->app.name);
        return status;
    }
    json_object_set_new(update->target, "answers", aphd_answers_stay(source, before));
    update->fresh = fresh_answers(json_object_get(update->target, "answers"), json_object_get(job->app.row, "answers"));
    return APR_SUCCESS;
}

/* --- for the next try ----------------------------------------------------------------------- */

static int has_answer(const json_t *kept)
{
    const char *id;
    json_t *answer;
    json_object_foreach((json_t *)kept, id, answer)
        if (id[0] != '.')
            return 1;
    return 0;
}

/* The app's own revision with other answers: who wants these says them again, for without them there is
 * nothing to update. */
static int is_of(const json_t *row, const aphd_source_t *source)
{
    const char *revision = json_string_value(json_object_get(row, "revision"));
    return revision != NULL && strcmp(revision, source->revision) == 0;
}

int aphd_update_remember(aphd_update_t *update)
{
    aphd_job_t *job = update->install.job;
    aph_error_t why = APH_ERROR_INIT;
    if (update->rollback || update->fresh == NULL || aphd_job_flag(job, "plan_only")
        || is_of(job->app.row, update->install.source))
        return 0;
    json_auto_t *kept = worth_keeping(update);
    if (!has_answer(kept))
        return 0;
    if (aphd_source_remember(job, update->install.source->name, job->app.name, kept, &why)
        == APR_SUCCESS)
        update->remembered = 1;
    else
        aphd_report_log(&job->report, "the answers cannot be kept for the next try: %s",
                        why.message);
    return update->remembered;
}

void aphd_update_forget(aphd_update_t *update)
{
    aphd_job_t *job = update->install.job;
    const aphd_source_t *source = update->install.source;
    aph_error_t why = APH_ERROR_INIT;
    if (update->rollback || (!update->remembered && !source->remembered))
        return;
    if (aphd_source_remember(job, source->name, job->app.name, NULL, &why) != APR_SUCCESS)
        aphd_report_log(&job->report, "the answers of the try before stay: %s", why.message);
}
