/* SPDX-License-Identifier: Apache-2.0 */
/* The schema, as the steps that lead to it. A step, once released, is never changed: a new version
 * of the schema is a new row. */
#include "helper/catalog/store_private.h"

static const char *const steps[] = {
    /* 0 -> 1. The texts stand apart, so that a search reads none of them; two catalogs that offer
     * the same text share it. labels and words are what searches look into: "|category|...|", and
     * id, title, summary and categories in lower case. */
    "CREATE TABLE catalogs("
    " name TEXT PRIMARY KEY,"
    " url TEXT NOT NULL,"
    " key TEXT,"
    " private INTEGER NOT NULL,"
    " version INTEGER NOT NULL,"
    " sha256 TEXT NOT NULL,"
    " generated INTEGER NOT NULL,"
    " expires INTEGER NOT NULL,"
    " etag TEXT NOT NULL,"
    " checked INTEGER NOT NULL,"
    " refreshed INTEGER NOT NULL,"
    " error TEXT NOT NULL,"
    " bad TEXT NOT NULL DEFAULT '[]',"
    " named TEXT NOT NULL DEFAULT '{}') STRICT, WITHOUT ROWID;"
    "CREATE TABLE texts(sha256 TEXT NOT NULL UNIQUE, text TEXT NOT NULL) STRICT;"
    "CREATE TABLE revisions("
    " revision_id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " catalog TEXT NOT NULL,"
    " id TEXT NOT NULL,"
    " sha256 TEXT NOT NULL CHECK(length(sha256) = 64),"
    " format TEXT NOT NULL,"
    " revision INTEGER NOT NULL,"
    " version TEXT NOT NULL,"
    " title TEXT NOT NULL,"
    " summary TEXT NOT NULL,"
    " category TEXT NOT NULL,"
    " categories TEXT NOT NULL,"
    " icon TEXT,"
    " obsolete INTEGER NOT NULL,"
    " deprecated TEXT,"
    " advisory TEXT,"
    " automatic_updates INTEGER NOT NULL,"
    " url TEXT,"
    " was TEXT NOT NULL,"
    " predecessor TEXT,"
    " created INTEGER NOT NULL,"
    " activated INTEGER,"
    " labels TEXT NOT NULL,"
    " words TEXT NOT NULL,"
    " UNIQUE(catalog, id, sha256)) STRICT;"
    "CREATE UNIQUE INDEX revisions_active ON revisions(catalog, id) WHERE activated IS NOT NULL;"
    "CREATE INDEX revisions_id ON revisions(id);"
    "CREATE INDEX revisions_sha256 ON revisions(sha256);"
    "CREATE TABLE locations("
    " name TEXT PRIMARY KEY,"
    " path TEXT NOT NULL,"
    " read_only INTEGER NOT NULL,"
    " mark TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE answers("
    " entry TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " answers TEXT NOT NULL,"
    " kept INTEGER NOT NULL,"
    " UNIQUE(entry, name)) STRICT;",
    /* 1 -> 2. offered: what named was when a refresh last activated what it brought. removed: what
     * a name stood for whose catalog was removed. labels: what was changed by hand of an entry's
     * categories, for the revisions to come. */
    "ALTER TABLE catalogs ADD COLUMN offered TEXT NOT NULL DEFAULT '{}';"
    "UPDATE catalogs SET offered = named;"
    "CREATE TABLE removed("
    " name TEXT PRIMARY KEY,"
    " url TEXT NOT NULL,"
    " key TEXT) STRICT, WITHOUT ROWID;"
    "CREATE TABLE labels("
    " catalog TEXT NOT NULL,"
    " id TEXT NOT NULL,"
    " changes TEXT NOT NULL,"
    " PRIMARY KEY(catalog, id)) STRICT, WITHOUT ROWID;",
};

_Static_assert(sizeof steps / sizeof steps[0] == APHD_CATALOG_SCHEMA,
               "one step for every version of the schema");

const char *aphd_catalog_schema_step(int from)
{
    return from >= 0 && from < APHD_CATALOG_SCHEMA ? steps[from] : NULL;
}
