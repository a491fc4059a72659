/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/setup/common.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>

#include "helper/httpd/dump.h"
#include "helper/httpd/run.h"
#include "helper/setup/plan.h"
#include "helper/setup/service.h"
#include "helper/setup/show.h"
#include "helper/setup/things.h"
#include "helper/setup/words.h"

apr_status_t aphd_common_lock(aphd_setup_t *setup, int *made, aph_error_t *err)
{
    const char *folder = setup->settings->state_dir;
    if (made != NULL)
        *made = mkdir(folder, 0755) == 0;
    if (setup->locked)
        return APR_SUCCESS;
    /* Never closed: the lock ends with the program. */
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT && made == NULL)
        return APR_SUCCESS;
    if (fd < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 2197,
                             "the folder %s (StateDir) cannot be used: %s", folder,
                             strerror(errno));
    if (made != NULL && *made)
        fchmod(fd, 0755);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return aph_error_set(err, APH_EBUSY, 2198,
                             "another setup or teardown works in %s; wait until it has ended",
                             folder);
    }
    setup->locked = 1;
    return APR_SUCCESS;
}

apr_status_t aphd_common_open(aphd_setup_t *setup, aph_error_t *err)
{
    aph_error_t why = APH_ERROR_INIT;
    apr_status_t status = aphd_httpd_open(&setup->httpd, setup->settings, setup->p, &why);
    if (status == APR_SUCCESS)
        return APR_SUCCESS;
    setup->httpd = NULL;
    if (status != APH_ENOTFOUND)
        return aph_error_set(err, status, 2199, "%s", why.message);
    aphd_setup_note(setup, "There is no httpd on this machine any more.");
    return APR_SUCCESS;
}

/* Whether httpd takes its configuration as it is now; facts and parent are new. */
static apr_status_t ask_anew(aphd_setup_t *setup, aph_error_t *err)
{
    apr_status_t status = aphd_httpd_ask(&setup->facts, setup->httpd, err);
    if (status == APR_SUCCESS)
        setup->parent = aphd_plan_parent(setup->facts, setup->p);
    return status;
}

/* Why httpd does not take its configuration, as short as can be. */
static const char *cause_of(const aphd_setup_t *setup, const char *otherwise)
{
    static const char *const words[] = {"-t", NULL};
    aphd_run_t run;
    aphd_cause_t cause;
    if (aphd_run_httpd(&run, setup->httpd, words, APHD_RUN_CHECK, NULL) != APR_SUCCESS)
        return otherwise;
    aphd_dump_cause(&cause, run.errors, setup->p);
    return cause.file != NULL
               ? apr_psprintf(setup->p, "%s:%d: %s", cause.file, cause.line, cause.sentence)
               : otherwise;
}

static apr_status_t check(aphd_setup_t *setup, aphd_record_t *record, aph_error_t *err)
{
    aph_error_t why = APH_ERROR_INIT;
    if (setup->httpd == NULL || ask_anew(setup, &why) == APR_SUCCESS)
        return APR_SUCCESS;
    const char *cause = cause_of(setup, why.message);
    aphd_things_redo(record, 1, NULL);
    if (ask_anew(setup, NULL) == APR_SUCCESS) {
        aphd_setup_note(setup,
                        "httpd's module proxy stays enabled: without it httpd would not start "
                        "(%s).",
                        cause);
        return APR_SUCCESS;
    }
    aphd_things_redo(record, 0, NULL);
    return aph_error_set(err, APH_ECONFIG, 2200,
                         "nothing was taken back, for httpd would not start without it: %s", cause);
}

static apr_status_t unreserve(const aphd_setup_t *setup, const aphd_record_t *record,
                              aph_error_t *err)
{
    const char *list = aphd_plan_reserved(setup->p);
    if (record->reserved_before == NULL)
        return APR_SUCCESS;
    const char *wanted = aphd_words_ports_without(list, aphd_plan_range(setup->settings, setup->p),
                                                  record->reserved_before, setup->p);
    return strcmp(wanted, list) == 0 ? APR_SUCCESS : aphd_service_reserve(wanted, err);
}

apr_status_t aphd_common_take_back(aphd_setup_t *setup, aphd_record_t *record, aph_error_t *err)
{
    apr_status_t status = aphd_things_undo(setup, record, err);
    if (status == APR_SUCCESS)
        status = check(setup, record, err);
    return status == APR_SUCCESS ? unreserve(setup, record, err) : status;
}

apr_status_t aphd_common_finish(aphd_setup_t *setup, aph_error_t *err)
{
    aphd_record_t *record = setup->record;
    aphd_show_step(setup, "An earlier run was interrupted; what it wrote is taken back first.");
    apr_status_t status = aphd_common_open(setup, err);
    if (status == APR_SUCCESS)
        status = aphd_common_take_back(setup, record, err);
    if (status == APR_SUCCESS && record->service && aphd_service_systemd())
        status = aphd_service_systemctl("disable", 1, setup->p, err);
    if (status == APR_SUCCESS && setup->httpd != NULL)
        status = aphd_service_reload(setup, 0, err);
    if (status == APR_SUCCESS)
        status = aphd_record_remove(setup->settings->state_dir, setup->p, err);
    if (status == APR_SUCCESS)
        setup->record = NULL;
    else
        aph_error_wrap(err, "what an interrupted run left cannot be taken back");
    return status;
}
