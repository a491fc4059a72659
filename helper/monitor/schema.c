/* SPDX-License-Identifier: Apache-2.0 */
/* The schema, as the steps that lead to it. A step, once released, is never changed: a new version
 * of the schema is a new row. */
#include "helper/monitor/store_private.h"

static const char *const steps[] = {
    /* 0 -> 1. An app's row outlives its containers while data of it remains (state kept). A
     * released id rests, so that a bookmark or a late connection does not reach another app. */
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE apps("
    " app_id INTEGER PRIMARY KEY CHECK(app_id BETWEEN 1 AND 30535),"
    " port INTEGER NOT NULL UNIQUE CHECK(port = 35000 + app_id),"
    " name TEXT NOT NULL UNIQUE,"
    " state TEXT NOT NULL CHECK(state IN"
    "  ('installing', 'starting', 'running', 'stopped', 'failing', 'kept')),"
    " desired TEXT NOT NULL CHECK(desired IN ('running', 'stopped')),"
    " web INTEGER NOT NULL,"
    " kept INTEGER NOT NULL DEFAULT 0,"
    " subnet TEXT UNIQUE,"
    " script TEXT NOT NULL,"
    " uninstall_script TEXT,"
    " compose TEXT,"
    " plan TEXT,"
    " images TEXT NOT NULL DEFAULT '[]',"
    " consents TEXT NOT NULL DEFAULT '[]',"
    " reason TEXT NOT NULL DEFAULT '',"
    " created INTEGER NOT NULL,"
    " changed INTEGER NOT NULL) STRICT;"
    "CREATE TABLE resting(app_id INTEGER PRIMARY KEY, until INTEGER NOT NULL) STRICT;"
    "CREATE TABLE jobs("
    " job_id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " op TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " app_id INTEGER REFERENCES apps(app_id) ON DELETE SET NULL,"
    " args TEXT NOT NULL,"
    " uid INTEGER NOT NULL,"
    " pid INTEGER NOT NULL,"
    " state TEXT NOT NULL CHECK(state IN ('queued', 'running', 'ended')),"
    " recoveries INTEGER NOT NULL DEFAULT 0,"
    " step TEXT,"
    " undo TEXT,"
    " result TEXT CHECK(result IN ('done', 'failed', 'rolled-back')),"
    " answer TEXT,"
    " code TEXT,"
    " tag TEXT,"
    " message TEXT,"
    " log TEXT NOT NULL DEFAULT '',"
    " created INTEGER NOT NULL,"
    " started INTEGER,"
    " ended INTEGER) STRICT;"
    "CREATE INDEX jobs_open ON jobs(job_id) WHERE state <> 'ended';"
    "CREATE INDEX jobs_app ON jobs(app_id);"
    "CREATE TABLE audit("
    " audit_id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " at INTEGER NOT NULL,"
    " uid INTEGER NOT NULL,"
    " pid INTEGER NOT NULL,"
    " op TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " job_id INTEGER,"
    " result TEXT NOT NULL) STRICT;",
    /* 1 -> 2. What an app is beyond its containers: its kind, other names, options, and what they
     * make of its route. An alias is one app's, whatever its domain. */
    "ALTER TABLE apps ADD COLUMN kind TEXT NOT NULL DEFAULT 'container';"
    "ALTER TABLE apps ADD COLUMN options TEXT NOT NULL DEFAULT '[]';"
    "ALTER TABLE apps ADD COLUMN webapp TEXT;"
    "ALTER TABLE apps ADD COLUMN allowed TEXT NOT NULL DEFAULT '[]';"
    "ALTER TABLE apps ADD COLUMN vhost INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE apps ADD COLUMN route_flags INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE apps ADD COLUMN max_inflight INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE apps ADD COLUMN max_upgrades INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE aliases(host TEXT PRIMARY KEY,"
    " app_id INTEGER NOT NULL REFERENCES apps(app_id) ON DELETE CASCADE) STRICT, WITHOUT ROWID;"
    "CREATE INDEX aliases_app ON aliases(app_id);",
    /* 2 -> 3. Where an app came from: what its script is the text of, the catalog's entry and the
     * exact revision, the answers it was made with, and what the last update replaced. */
    "ALTER TABLE apps ADD COLUMN format TEXT NOT NULL DEFAULT 'script';"
    "ALTER TABLE apps ADD COLUMN entry TEXT;"
    "ALTER TABLE apps ADD COLUMN revision TEXT;"
    "ALTER TABLE apps ADD COLUMN answers TEXT NOT NULL DEFAULT '{}';"
    "ALTER TABLE apps ADD COLUMN previous TEXT;",
};

_Static_assert(sizeof steps / sizeof steps[0] == APHD_SCHEMA_VERSION,
               "one step for every version of the schema");

const char *aphd_schema_step(int from)
{
    return from >= 0 && from < APHD_SCHEMA_VERSION ? steps[from] : NULL;
}
