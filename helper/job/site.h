/* SPDX-License-Identifier: Apache-2.0 */
/* What an app is to httpd: its kind, its other names, its options, and the virtual host they make.
 * Everything lives in the job's pool. */
#ifndef APHD_SITE_H
#define APHD_SITE_H

#include "helper/job/job.h"
#include "helper/vhost/names.h"
#include "helper/vhost/options.h"
#include "helper/vhost/render.h"

typedef struct aphd_site_t {
    aphd_kind_t kind;
    const char *kind_name;
    const char *webapp;           /* folder that is served; NULL: none */
    const char *const *aliases;   /* normalised, NULL-terminated */
    json_t *alias_list;           /* the same, as the database takes it; borrowed from the job */
    json_t *option_list;          /* as typed; borrowed from the job */
    aphd_options_t options;
    aphd_vhost_t vhost;           /* text NULL until aphd_site_render, and where it is headless */
    const char *template_path;
    unsigned enabled : 1;         /* its virtual host is to be among the enabled ones */
    uint32_t route_flags;         /* APH_ROUTE_..., after aphd_site_render */
} aphd_site_t;

/* Judges what an install names, and what manifest does (ENTRY of helper/read/entry.h, borrowed; NULL: it is of
 * no entry), over which the person's word goes: kind, aliases, options and their files, the folder of a webapp. Changes
 * nothing; the app has no row yet. APH_EUSAGE, APH_EDENIED, APH_ETAKEN as names.h, options.h and
 * files_dir.h say. */
apr_status_t aphd_site_from_args(const aphd_job_t *job, const json_t *manifest, aphd_site_t *site,
                                 aph_error_t *err);

/* What an app without a web page cannot have. */
apr_status_t aphd_site_judge_headless(const aphd_site_t *site, aph_error_t *err);

/* The same from an app's row, where all of it was judged before; and its virtual host. */
apr_status_t aphd_site_from_row(const aphd_job_t *job, const aphd_job_app_t *app, aphd_site_t *site,
                                aph_error_t *err);

/* The same for an app that moves from the entry was to the entry is (ENTRYs, borrowed): its options are
 * those of its row that was did not bring, the person's, and those of is that these say nothing about.
 * What a person gave just as was has it counts as was's. */
apr_status_t aphd_site_moved(const aphd_job_t *job, const aphd_job_app_t *app, const json_t *was,
                             const json_t *is, aphd_site_t *site, aph_error_t *err);

/* Renders its virtual host from the template that is effective now. */
apr_status_t aphd_site_render(const aphd_job_t *job, const aphd_job_app_t *app, aphd_site_t *site,
                              aph_error_t *err);

/* For the plan: {"kind","aliases","options","webapp","vhost"}, new reference. */
json_t *aphd_site_content(const aphd_site_t *site);

/* What of it the row keeps beside what reserve wrote: "route_flags","max_requests","max_websockets"
 * and, as given, "vhost"; new reference. */
json_t *aphd_site_fields(const aphd_site_t *site, int enabled);

#endif
