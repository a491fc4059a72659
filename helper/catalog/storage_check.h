/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of an app in storage locations, looked at again: between two starts anybody who may write
 * a location may have put a link there, and a disk may not be mounted. */
#ifndef APHD_CATALOG_STORAGE_CHECK_H
#define APHD_CATALOG_STORAGE_CHECK_H

#include "helper/job/job.h"

/* rows: "storage" of a plan (helper/job/storage_plan.h), borrowed; NULL or empty is fine. Each must
 * be there, a folder, reached without a link, in the location that was added. Comes right before
 * what starts containers. APH_EDENIED, APH_ENOTFOUND with the folder and what to do. */
apr_status_t aphd_storage_check(const aphd_job_t *job, const json_t *rows, aph_error_t *err);

/* The LOCATION a row is in, a new reference. APH_ENOTFOUND. */
apr_status_t aphd_storage_location(const aphd_job_t *job, const json_t *row, json_t **location,
                                   aph_error_t *err);

#endif
