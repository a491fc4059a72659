/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/setup/firewall.h"

#include <apr_strings.h>
#include <sqlite3.h>
#include <unistd.h>

#include "helper/base/wall.h"

/* The chains are named after the instance, which only the database knows. NULL where it cannot be
 * read. */
static const char *instance_of(const aphd_setup_t *setup)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    const char *instance = NULL;
    if (sqlite3_open_v2(setup->settings->database_path, &db, SQLITE_OPEN_READONLY, NULL) ==
            SQLITE_OK &&
        sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE key = 'instance'", -1, &statement,
                           NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        instance = apr_pstrdup(setup->p, (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return instance;
}

void aphd_firewall_remove(aphd_setup_t *setup)
{
    aph_error_t err = APH_ERROR_INIT;
    if (access(setup->settings->database_path, F_OK) != 0)
        return; /* apphostd never ran */
    aphd_wall_t wall = {.settings = setup->settings, .instance = instance_of(setup)};
    if (wall.instance == NULL) {
        aphd_setup_note(setup, "The database does not say which chains of the firewall are ours; "
                               "iptables -S shows them as APPHOST-...");
        return;
    }
    apr_status_t status = aphd_wall_remove(&wall, setup->p, &err);
    aphd_wall_clear(&wall);
    if (status != APR_SUCCESS && status != APH_ECONFIG) /* that is: there is no iptables */
        aphd_setup_note(setup, "The firewall's chains of apphost may still be there: %s.",
                        err.message);
}
