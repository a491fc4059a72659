/* SPDX-License-Identifier: Apache-2.0 */
/* The story of a teardown:
 *
 *   1  what is installed, what setup wrote; all of it is shown, and agreed to
 *   2  apphostd uninstalls every app; their data stays, or goes with --purge
 *   3  the record says removing
 *   4  apphostd ends, and is not started again; the firewall's chains go
 *   5  what setup wrote becomes what was there before; httpd finds that sound, and is reloaded
 *   6  the record goes; with --purge StateDir, RuntimeDir and the configuration
 *
 * A run that was interrupted is gone on with by the next one: each step finds what the other left.
 */
#include "helper/setup/setup.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "helper/base/purge.h"
#include "helper/setup/common.h"
#include "helper/setup/daemon.h"
#include "helper/setup/firewall.h"
#include "helper/setup/plan.h"
#include "helper/setup/service.h"
#include "helper/setup/show.h"

/* Whether a folder of an app is there: what the database would say, without apphostd. */
static int has_apps(const aphd_settings_t *settings)
{
    DIR *folder = opendir(settings->apps_dir);
    struct dirent *entry;
    int found = 0;
    while (folder != NULL && (entry = readdir(folder)) != NULL)
        found |= isdigit((unsigned char)entry->d_name[0]) != 0;
    if (folder != NULL)
        closedir(folder);
    return found;
}

static apr_status_t list_apps(const char *const **apps, aphd_setup_t *setup, aph_error_t *err)
{
    static const char *const none[] = {NULL};
    aph_error_t why = APH_ERROR_INIT;
    *apps = none;
    if (aphd_daemon_apps(apps, setup, &why) == APR_SUCCESS)
        return APR_SUCCESS;
    *apps = none;
    if (!has_apps(setup->settings))
        return APR_SUCCESS;
    return aph_error_set(err, APH_EDAEMON, 2202,
                         "apps are installed, and apphostd, which would uninstall them, does not "
                         "run (%s); start it, then run teardown again",
                         why.message);
}

static apr_status_t uninstall_apps(const aphd_setup_t *setup, const char *const *apps,
                                   aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    for (; status == APR_SUCCESS && *apps != NULL; apps++) {
        aphd_show_step(setup, "Uninstalling %s", *apps);
        status = aphd_daemon_uninstall(setup, *apps, err);
    }
    return status;
}

static apr_status_t end_daemon(aphd_setup_t *setup, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    if (setup->record != NULL && setup->record->service && aphd_service_systemd())
        status = aphd_service_systemctl("disable", 1, setup->p, err);
    return status == APR_SUCCESS ? aphd_service_stop_daemon(setup->settings, err) : status;
}

static apr_status_t leave_httpd(aphd_setup_t *setup, aph_error_t *err)
{
    if (setup->record == NULL)
        return APR_SUCCESS;
    apr_status_t status = aphd_common_open(setup, err);
    if (status == APR_SUCCESS)
        status = aphd_common_take_back(setup, setup->record, err);
    if (status == APR_SUCCESS && setup->httpd != NULL)
        status = aphd_service_reload(setup, 0, err);
    return status;
}

/* StateDir is found in a file root wrote, and still: these are never ours alone. */
static apr_status_t purge_folder(const char *path, aph_error_t *err)
{
    static const char *const shared[] = {
        "/",    "/etc", "/home",    "/opt",     "/root",    "/run",       "/srv",    "/tmp",
        "/usr", "/var", "/var/lib", "/var/run", "/var/tmp", "/var/cache", "/var/www"};
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++)
        if (strcmp(path, shared[i]) == 0)
            return aph_error_set(err, APH_EDENIED, 2203,
                                 "%s is not apphost's alone and stays; delete what is yours in it",
                                 path);
    return access(path, F_OK) == 0 ? aphd_purge_path(path, err) : APR_SUCCESS;
}

/* The configuration goes last: it says where the rest is. */
static apr_status_t purge(const aphd_setup_t *setup, aph_error_t *err)
{
    const aphd_settings_t *settings = setup->settings;
    apr_status_t status = purge_folder(settings->runtime_dir, err);
    if (status == APR_SUCCESS)
        status = purge_folder(settings->state_dir, err);
    if (status == APR_SUCCESS && strcmp(setup->config_path, APHD_SETTINGS_PATH) == 0)
        return purge_folder(APH_SYSCONFDIR, err);
    if (status == APR_SUCCESS && unlink(setup->config_path) != 0 && errno != ENOENT)
        status = aph_error_set(err, APR_FROM_OS_ERROR(errno), 2204, "%s cannot be removed: %s",
                               setup->config_path, strerror(errno));
    return status;
}

static apr_status_t mark_removing(aphd_setup_t *setup, aph_error_t *err)
{
    if (setup->record == NULL)
        return APR_SUCCESS;
    setup->record->state = APHD_REMOVING;
    return aphd_record_write(setup->record, setup->settings->state_dir, setup->p, err);
}

static apr_status_t carry_out(aphd_setup_t *setup, const char *const *apps, aph_error_t *err)
{
    const char *state_dir = setup->settings->state_dir;
    apr_status_t status = aphd_common_lock(setup, NULL, err);
    if (status == APR_SUCCESS)
        status = uninstall_apps(setup, apps, err);
    if (status == APR_SUCCESS)
        status = mark_removing(setup, err);
    if (status == APR_SUCCESS)
        status = end_daemon(setup, err);
    if (status == APR_SUCCESS)
        aphd_firewall_remove(setup);
    if (status == APR_SUCCESS)
        status = leave_httpd(setup, err);
    if (status == APR_SUCCESS && setup->purge)
        return purge(setup, err);
    if (status == APR_SUCCESS)
        status = aphd_record_remove(state_dir, setup->p, err);
    if (status == APR_SUCCESS && setup->record != NULL && setup->record->made_state_dir)
        rmdir(state_dir); /* only where nothing ever came into it */
    return status;
}

apr_status_t aphd_teardown(aphd_setup_t *setup, aph_error_t *err)
{
    const char *const *apps;
    apr_status_t status = aphd_plan_settings(setup, err);
    if (status == APR_SUCCESS)
        status = aphd_record_read(&setup->record, setup->settings->state_dir, setup->p, err);
    if (status == APR_SUCCESS)
        status = list_apps(&apps, setup, err);
    if (status != APR_SUCCESS)
        return status;
    if (setup->record == NULL && !setup->purge) {
        aphd_show_step(setup, "Setup has written nothing that could be taken back.");
        return APR_SUCCESS;
    }
    aphd_show_teardown(setup, apps);
    status = aphd_show_consent(setup, "Do that?", err);
    if (status == APR_SUCCESS)
        status = carry_out(setup, apps, err);
    if (status == APR_SUCCESS && !setup->purge && access(setup->settings->state_dir, F_OK) == 0)
        aphd_setup_note(setup, "The data of apps is kept in %s.", setup->settings->data_dir);
    if (status == APR_SUCCESS)
        aphd_show_step(setup, "apphost is out of httpd and of this machine's configuration.");
    return status;
}
