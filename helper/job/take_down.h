/* SPDX-License-Identifier: Apache-2.0 */
/* Taking an app away, piece by piece; each piece may be gone already. Only what bears both of our
 * labels, only images we pulled, only folders that are ours. */
#ifndef APHD_TAKE_DOWN_H
#define APHD_TAKE_DOWN_H

#include "helper/job/job.h"

/* Stops every running container, the last started first. */
apr_status_t aphd_take_stop(aphd_job_t *job, aph_error_t *err);

/* Removes containers, then networks. */
apr_status_t aphd_take_containers(aphd_job_t *job, aph_error_t *err);

/* Gives back the images of refs (array of strings, borrowed) that nothing else uses. */
apr_status_t aphd_take_images(aphd_job_t *job, const json_t *refs, aph_error_t *err);

/* Takes away what undo (below) says was made in the data folder and in storage locations. */
apr_status_t aphd_take_folders(aphd_job_t *job, const json_t *undo, aph_error_t *err);

/* Undoes an install as far as undo (job journal, borrowed) says it went:
 *   {"folders":[REL...]     made in the data folder by this job
 *    "data_made":BOOL       the data folder itself was
 *    "storage":[{"location","folder","missing"}...]  folders made in storage locations, from the
 *                           topmost one that was missing on: they go as far as they are empty
 *    "images":[REF...]      pulled by this job
 *    "engine":BOOL          containers may exist
 *    "vhost":BOOL}          its virtual host may be enabled
 * Afterwards nothing of the install is left but data that was there before. */
apr_status_t aphd_take_install_back(aphd_job_t *job, const json_t *undo, aph_error_t *err);

#endif
