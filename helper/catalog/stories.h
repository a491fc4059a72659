/* SPDX-License-Identifier: Apache-2.0 */
/* The operations about the catalog: stories as those of helper/job. Each opens the store for itself
 * and closes it before its end; only those of kind job open it to write. */
#ifndef APHD_CATALOG_STORIES_H
#define APHD_CATALOG_STORIES_H

#include "helper/job/job.h"

aphd_story_t aphd_story_catalog_list;
aphd_story_t aphd_story_catalog_add;
aphd_story_t aphd_story_catalog_remove;
aphd_story_t aphd_story_catalog_refresh;
aphd_story_t aphd_story_storage_list;
aphd_story_t aphd_story_storage_add;
aphd_story_t aphd_story_storage_remove;
aphd_story_t aphd_story_search;
aphd_story_t aphd_story_show;
aphd_story_t aphd_story_revision_list;
aphd_story_t aphd_story_revision_activate;
aphd_story_t aphd_story_revision_deactivate;
aphd_story_t aphd_story_revision_categorize;
aphd_story_t aphd_story_revision_clean;
aphd_story_t aphd_story_revision_import;
aphd_story_t aphd_story_revision_diff;

#endif
