/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan says of folders in storage locations, one row each:
 *
 *   {"answer":S,"location":S,"folder":S,"path":ABS,
 *    "read_only":BOOL                    no service may write it
 *    "new":BOOL                          it will be made
 *    "mounts":[{"service":S,"target":S,"read_only":BOOL}...],
 *    "owner":{"uid":N,"gid":N,"mode":S}|null    of what is there; null where it is new
 *    "given":{"uid":N,"gid":N}|null      whose a new one will be; null: it stays root's
 *    "writers":[WRITER...]               writers.h
 *    "writable":BOOL|null                whether they can write what is there; null: not known
 *    "shared":[NAME...]                  apps that have the same folder
 *    "free":N|null,"wanted":N}           octets; wanted 0: nobody said
 *
 * All of it pure; who looks at the disk is storage_folders.h. */
#ifndef APHD_STORAGE_PLAN_H
#define APHD_STORAGE_PLAN_H

#include <sys/types.h>
#include <jansson.h>

#include "helper/catalog/storage_folders.h"

/* One row for each folder that binds (of the policy) names, of site rows
 * (helper/catalog/storage.h), both borrowed, with what follows from them: answer to mounts,
 * writers, shared, wanted. others: as aphd_storage_others makes. Rows that name the same folder
 * become one. */
json_t *aphd_storage_rows(const json_t *binds, const json_t *site_rows, const json_t *compose,
                          const json_t *images, const json_t *others);

/* Adds what was seen: new, owner, given, writable, free. remapped: users inside containers are
 * others outside, and nothing is known of them. */
void aphd_storage_rows_add(json_t *row, const aphd_storage_folder_t *seen, int remapped);

/* Folders of all apps (rows of the "apps" call) but the one called name ("": of all), and those
 * that an update is about to give them, as aphd_policy_site_t wants them, with "location" and
 * "answer": new array. */
json_t *aphd_storage_others(const json_t *apps, const char *name);

/* Adds what is worth a warning (plan_needs.h) to warnings. */
void aphd_storage_warn(const json_t *rows, json_t *warnings);

/* To whom a new folder of the row is given; zero: it stays root's. */
int aphd_storage_row_owner(const json_t *row, aphd_storage_owner_t *owner);

#endif
