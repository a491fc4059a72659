/* SPDX-License-Identifier: Apache-2.0 */
/* The story of a setup:
 *
 *   1  what was said on the command line, and what apphostd.conf says      plan_settings.c
 *   2  what an interrupted run left is taken back                          common.c
 *   3  what httpd has: its folders, port, user, modules, virtual hosts     plan_settings.c
 *   4  what must be written so that apps are served beside all that        plan_changes.c, judge.c
 *   5  all of it is shown, and agreed to                                   show.c
 *   6  the record is on the disk, with what was there before               record.c
 *   7  the files and links are written                                     things.c
 *   8  httpd finds them sound, and asks nobody else first than before      judge.c
 *   9  the ports of apps are reserved, apphostd runs, httpd is reloaded    service.c
 *  10  the record says done
 *
 * From 7 to 9 a failure brings everything back as it was when this run began. */
#include "helper/setup/setup.h"

#include <string.h>
#include <unistd.h>
#include <apr_strings.h>

#include "helper/setup/common.h"
#include "helper/httpd/judge.h"
#include "helper/setup/plan.h"
#include "helper/setup/service.h"
#include "helper/setup/show.h"
#include "helper/setup/things.h"
#include "helper/setup/words.h"

static aphd_change_t *change_at(const aphd_setup_t *setup, int i)
{
    return &APR_ARRAY_IDX(setup->changes, i, aphd_change_t);
}

static apr_status_t read_settings(aphd_setup_t *setup, aph_error_t *err)
{
    int fresh = 0;
    apr_status_t status = aphd_plan_is_fresh(setup, &fresh, err);
    if (status == APR_SUCCESS && fresh && setup->domain == NULL)
        aphd_show_ask_domain(setup, "home.arpa");
    if (status == APR_SUCCESS)
        status = aphd_plan_settings(setup, err);
    if (status == APR_SUCCESS)
        status = aphd_record_read(&setup->record, setup->settings->state_dir, setup->p, err);
    return status;
}

static apr_status_t finish_interrupted(aphd_setup_t *setup, aph_error_t *err)
{
    if (setup->record == NULL || setup->record->state == APHD_DONE)
        return APR_SUCCESS;
    apr_status_t status = aphd_show_consent(
        setup, "An earlier setup or teardown was interrupted. Take back what it wrote?", err);
    if (status == APR_SUCCESS)
        status = aphd_common_lock(setup, NULL, err);
    if (status == APR_SUCCESS)
        status = aphd_common_finish(setup, err);
    return status == APR_SUCCESS ? aphd_plan_settings(setup, err) : status;
}

static int differs(const aphd_setup_t *setup)
{
    for (int i = 0; i < setup->changes->nelts; i++)
        if (aphd_plan_differs(setup, change_at(setup, i)))
            return 1;
    return setup->record == NULL && setup->changes->nelts > 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* What an earlier setup wrote and this one would not (a program is gone, say) stays ours. */
static void carry_over(const aphd_setup_t *setup, aphd_record_t *record)
{
    for (int i = 0; setup->record != NULL && i < setup->record->entries->nelts; i++) {
        const aphd_recorded_t *old = &APR_ARRAY_IDX(setup->record->entries, i, aphd_recorded_t);
        if (aphd_record_find(record, old->change.path) == NULL)
            APR_ARRAY_PUSH(record->entries, aphd_recorded_t) = *old;
    }
}

static aphd_record_t *make_record(const aphd_setup_t *setup, int made_state_dir)
{
    const aphd_record_t *old = setup->record;
    aphd_record_t *record = apr_pcalloc(setup->p, sizeof *record);
    record->state = APHD_WRITING;
    record->config = setup->config_path;
    record->made_state_dir = old != NULL ? old->made_state_dir : made_state_dir != 0;
    record->reserved_before = old != NULL ? old->reserved_before : aphd_plan_reserved(setup->p);
    record->service =
        old != NULL ? old->service : aphd_service_systemd() && !aphd_service_enabled(setup->p);
    record->entries = apr_array_make(setup->p, 16, sizeof(aphd_recorded_t));
    for (int i = 0; i < setup->changes->nelts; i++) {
        const aphd_change_t *change = change_at(setup, i);
        APR_ARRAY_PUSH(record->entries, aphd_recorded_t) = (aphd_recorded_t){
            .change = *change,
            .sha256 = aphd_record_sum(change->after.text, change->after.length, setup->p)};
    }
    carry_over(setup, record);
    return record;
}

/* Writes the changes; what was there goes to was, for the way back. */
static apr_status_t write_changes(const aphd_setup_t *setup, aphd_record_t *record,
                                  aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    for (int i = 0; status == APR_SUCCESS && i < setup->changes->nelts; i++) {
        const aphd_change_t *change = change_at(setup, i);
        aphd_recorded_t *entry = &APR_ARRAY_IDX(record->entries, i, aphd_recorded_t);
        status = aphd_thing_look(&entry->was, change->path, setup->p, err);
        entry->seen = status == APR_SUCCESS;
        if (status == APR_SUCCESS && !aphd_thing_same(&entry->was, &change->after))
            status = aphd_thing_put(change->path, &change->after, err);
    }
    return status;
}

/* Whether httpd reads our site now, and the default of every address is the one it was. */
static apr_status_t check(aphd_setup_t *setup, aph_error_t *err)
{
    aphd_httpd_facts_t *after;
    apr_status_t status = aphd_httpd_ask(&after, setup->httpd, err);
    if (status != APR_SUCCESS)
        return status;
    const char *site = change_at(setup, setup->changes->nelts - 1)->path;
    int read = 0;
    for (int i = 0; i < after->includes->nelts; i++)
        read |= strcmp(APR_ARRAY_IDX(after->includes, i, const char *), site) == 0;
    if (!read)
        return aph_error_set(err, APH_ECONFIG, 2201,
                             "httpd does not read %s; its configuration in %s lacks the line that "
                             "includes that folder",
                             site, setup->layout.root);
    return aphd_judge_defaults(setup->facts->names, after->names, err);
}

static apr_status_t set_in_motion(aphd_setup_t *setup, const aphd_record_t *record,
                                  aph_error_t *err)
{
    apr_pool_t *p = setup->p;
    const char *list = aphd_plan_reserved(p);
    const char *wanted = aphd_words_ports_join(list, aphd_plan_range(setup->settings, p), p);
    aph_error_t why = APH_ERROR_INIT;
    apr_status_t status =
        strcmp(wanted, list) != 0 ? aphd_service_reserve(wanted, err) : APR_SUCCESS;
    if (status == APR_SUCCESS)
        status = aphd_service_reload(setup, 1, err);
    if (status != APR_SUCCESS)
        return status;
    /* That apphostd does not run yet harms nobody, and its own words say what it lacks. */
    if (!aphd_service_systemd())
        aphd_setup_note(setup,
                        "systemd does not run this machine. Start apphostd yourself, it "
                        "stays in the foreground: " APH_SBINDIR "/apphostd%s%s",
                        strcmp(setup->config_path, APHD_SETTINGS_PATH) == 0 ? "" : " -c ",
                        strcmp(setup->config_path, APHD_SETTINGS_PATH) == 0 ? ""
                                                                            : setup->config_path);
    else if (aphd_service_systemctl("enable", 0, p, &why) != APR_SUCCESS ||
             aphd_service_systemctl("restart", 0, p, &why) != APR_SUCCESS)
        aphd_setup_note(setup, "apphostd did not start (journalctl -u apphostd says why): %s",
                        why.message);
    if (setup->parent == 0)
        aphd_setup_note(setup, "httpd does not run; apps are served once it is started.");
    (void)record;
    return APR_SUCCESS;
}

/* Everything as it was when this run began. */
static void go_back(aphd_setup_t *setup, aphd_record_t *record, int signalled)
{
    apr_status_t status = APR_SUCCESS;
    for (int i = setup->changes->nelts - 1; i >= 0; i--) {
        aphd_recorded_t *entry = &APR_ARRAY_IDX(record->entries, i, aphd_recorded_t);
        if (entry->seen && aphd_thing_put(entry->change.path, &entry->was, NULL) != APR_SUCCESS)
            status = APH_EINTERNAL;
    }
    if (setup->record == NULL)
        aphd_service_reserve(record->reserved_before, NULL);
    if (signalled)
        aphd_service_reload(setup, setup->record != NULL, NULL);
    if (status == APR_SUCCESS && setup->record != NULL)
        aphd_record_write(setup->record, setup->settings->state_dir, setup->p, NULL);
    else if (status == APR_SUCCESS)
        aphd_record_remove(setup->settings->state_dir, setup->p, NULL);
    if (record->made_state_dir && setup->record == NULL)
        rmdir(setup->settings->state_dir);
}

static apr_status_t carry_out(aphd_setup_t *setup, int made_state_dir, aph_error_t *err)
{
    const char *state_dir = setup->settings->state_dir;
    aphd_record_t *record = make_record(setup, made_state_dir);
    apr_status_t status = aphd_record_write(record, state_dir, setup->p, err);
    if (status != APR_SUCCESS)
        return status;
    int signalled = 0;
    status = write_changes(setup, record, err);
    if (status == APR_SUCCESS)
        status = check(setup, err);
    if (status == APR_SUCCESS) {
        signalled = setup->parent != 0;
        status = set_in_motion(setup, record, err);
    }
    if (status != APR_SUCCESS) {
        go_back(setup, record, signalled);
        aph_error_wrap(err, "everything is as it was before");
        return status;
    }
    record->state = APHD_DONE;
    return aphd_record_write(record, state_dir, setup->p, err);
}

apr_status_t aphd_setup(aphd_setup_t *setup, aph_error_t *err)
{
    int made = 0;
    apr_status_t status = read_settings(setup, err);
    if (status == APR_SUCCESS)
        status = finish_interrupted(setup, err);
    if (status == APR_SUCCESS)
        status = aphd_plan_httpd(setup, err);
    if (status == APR_SUCCESS)
        status = aphd_plan_changes(setup, err);
    if (status != APR_SUCCESS)
        return status;
    if (!differs(setup)) {
        aphd_show_step(setup, "Everything is set up already; nothing was changed.");
        return APR_SUCCESS;
    }
    aphd_show_plan(setup);
    aphd_show_notes(setup);
    status = aphd_show_consent(setup, "Write that?", err);
    if (status == APR_SUCCESS)
        status = aphd_common_lock(setup, &made, err);
    if (status == APR_SUCCESS)
        status = carry_out(setup, made, err);
    if (status == APR_SUCCESS)
        aphd_show_step(setup, "Done. To take all of it out again: apphostctl teardown");
    return status;
}
