/* SPDX-License-Identifier: Apache-2.0 */
/* Steps both stories have. */
#ifndef APHD_SETUP_COMMON_H
#define APHD_SETUP_COMMON_H

#include "helper/setup/record.h"
#include "helper/setup/setup.h"

/* One setup or teardown at a time: takes the lock on StateDir, made where it is missing and made is
 * not NULL (*made says whether it was). Kept until the program ends. */
apr_status_t aphd_common_lock(aphd_setup_t *setup, int *made, aph_error_t *err);

/* Opens httpd for settings and finds its parent; setup->httpd is NULL where there is none any
 * more. */
apr_status_t aphd_common_open(aphd_setup_t *setup, aph_error_t *err);

/* Ends what an earlier run left half done: everything it wrote is taken back, httpd is reloaded,
 * the record goes. */
apr_status_t aphd_common_finish(aphd_setup_t *setup, aph_error_t *err);

/* Takes back what record says, with the kernel's reservation; then httpd must be sound. Modules
 * others use by now stay, and are told. Everything is as before when this fails. Leaves out httpd
 * where it is gone from this machine: setup->httpd is NULL then. */
apr_status_t aphd_common_take_back(aphd_setup_t *setup, aphd_record_t *record,
                                   aph_error_t *err);

#endif
