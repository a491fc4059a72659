/* SPDX-License-Identifier: Apache-2.0 */
/* What a person sees and is asked. With --json all of it goes into one object at the end, and
 * nothing is asked. */
#ifndef APHD_SETUP_SHOW_H
#define APHD_SETUP_SHOW_H

#include "helper/setup/record.h"
#include "helper/setup/setup.h"

/* Asks for the domain on a terminal; the answer goes to setup->domain. */
void aphd_show_ask_domain(aphd_setup_t *setup, const char *proposal);

/* Everything setup will do. */
void aphd_show_plan(const aphd_setup_t *setup);

/* What teardown will take back; apps: names, NULL-terminated. */
void aphd_show_teardown(const aphd_setup_t *setup, const char *const *apps);

/* The notes that came since they were shown last. */
void aphd_show_notes(aphd_setup_t *setup);

/* One line about what is being done. */
void aphd_show_step(const aphd_setup_t *setup, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* APR_SUCCESS when --yes was given or a person agrees; APH_ECONSENT otherwise. */
apr_status_t aphd_show_consent(const aphd_setup_t *setup, const char *question, aph_error_t *err);

/* The result as JSON: {"changes":[{"path","kind","text"|"target","why","differs"}],"notes":[S],
 * "done":BOOL}, with the members of error in it where that is not NULL. */
void aphd_show_json(const aphd_setup_t *setup, int done, const aph_error_t *error);

#endif
