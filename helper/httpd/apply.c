/* SPDX-License-Identifier: Apache-2.0 */
/* A new set of virtual hosts for the httpd that already serves, or a reload with the set there is.
 *
 *   1. take the lock: one change at a time
 *   2. look at the link, and at the running httpd: who has what is wanted already is left alone
 *   3. tidy up after whoever was ended in the middle of this
 *   4. ask httpd what it has without us; where its own configuration is broken, that is said now
 *   5. write the wanted as a set of its own, which nobody includes yet
 *   6. judge it ourselves, and have httpd read it alone, as nobody
 *   7. make it the candidate, and have httpd check everything with it, as root
 *   8. see that the running httpd is ours and has room for one more generation
 *   9. swap the link: from here on a start of httpd takes the new set
 *  10. check once more what a reload would read now
 *  11. signal httpd, and wait until a new generation answers with the new set
 *  12. remove the old set
 *
 * What fails before 9 leaves the link alone; what fails after it puts the old link back, and brings
 * httpd back to it where it was signalled.
 *
 * Where we are ended by force, this is on the disk, and the next apply goes on from it:
 *   in 1 to 4   nothing new
 *   in 5 to 8   a set nobody includes, perhaps half (it is called "new" until it is whole), perhaps
 *               a
 *               candidate's link; 3 removes them
 *   in 9 to 11  the link names the new set, which is whole and checked. httpd has the old or the
 *               new
 *               one; if it starts, it takes the new one. 2 sees the difference, keeps both sets,
 *               and reloads
 *   in 12       an old set too many; 3 removes it */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "helper/httpd/change.h"
#include "helper/httpd/check.h"
#include "helper/httpd/lock.h"
#include "helper/httpd/probe.h"
#include "helper/httpd/sets.h"

static const char *set_name(const aphd_change_t *change, int set)
{
    return set > 0 ? apr_itoa(change->httpd->p, set) : "";
}

static apr_status_t done(aphd_change_t *change, const char *sentence)
{
    change->result->set = change->target;
    change->result->sentence = sentence;
    return APR_SUCCESS;
}

/* 12. What is served, or will be at a start, is all there has to be. */
static apr_status_t finish(aphd_change_t *change, const char *sentence)
{
    aphd_sets_tidy(change->httpd, change->target, change->target, NULL);
    return done(change, sentence);
}

/* 2. The set httpd has is the one to go back to, where its folder is still there. */
static apr_status_t look(aphd_change_t *change, aph_error_t *err)
{
    apr_status_t rv = aphd_sets_current(&change->enabled, change->httpd, err);
    if (rv != APR_SUCCESS)
        return rv;
    change->fallback = change->target = change->enabled;
    if (aphd_httpd_probe(&change->before, change->httpd, NULL) != APR_SUCCESS)
        return APR_SUCCESS;
    change->running = 1;
    int had = atoi(change->before.set);
    if (had > 0 &&
        access(aphd_sets_path(change->httpd, set_name(change, had)), F_OK) == 0)
        change->fallback = had;
    return APR_SUCCESS;
}

static int httpd_has(const aphd_change_t *change, int set)
{
    return change->running && strcmp(change->before.set, set_name(change, set)) == 0;
}

/* 5 to 7. */
static apr_status_t prepare(aphd_change_t *change, aph_error_t *err)
{
    aphd_httpd_t *httpd = change->httpd;
    int least = change->running ? atoi(change->before.set) : 0;
    least = change->enabled > least ? change->enabled : least;
    apr_status_t rv = aphd_sets_write(&change->target, httpd, least, change->wanted, err);
    if (rv == APR_SUCCESS)
        rv = aphd_rules_judge(httpd, change->facts, change->wanted, err);
    if (rv == APR_SUCCESS)
        rv = aphd_skeleton_check(httpd, change->facts, change->wanted, err);
    if (rv == APR_SUCCESS)
        rv = aphd_sets_nominate(httpd, change->target, err);
    if (rv == APR_SUCCESS)
        rv = aphd_check_candidate(httpd, change->wanted, err);
    return rv;
}

/* Nobody runs it: there is nothing to prove, and the check has to do. */
static apr_status_t leave_for_start(aphd_change_t *change, aph_error_t *err)
{
    apr_status_t rv = aphd_change_last_check(change, err);
    if (rv != APR_SUCCESS)
        return rv;
    change->result->not_running = 1;
    return finish(change, "httpd is not running: this takes effect when it starts");
}

/* 10 to 12. */
static apr_status_t reload(aphd_change_t *change, aph_error_t *err)
{
    if (!change->running)
        return leave_for_start(change, err);
    apr_status_t rv = aphd_change_last_check(change, err);
    if (rv != APR_SUCCESS)
        return rv;
    aphd_proof_t proof = aphd_change_reload(change);
    if (proof != APHD_PROVEN)
        return aphd_change_revive(change, proof, err);
    aphd_lock_record_t record = {change->began, change->before.parent,
                                 change->result->generation};
    aphd_lock_write(&record, change->httpd);
    change->result->reloaded = 1;
    return finish(change, apr_psprintf(change->httpd->p,
                                       "httpd took it over without a pause (generation %d)",
                                       (int)change->result->generation));
}

/* 5 to 12, for a set that is not the enabled one. */
static apr_status_t change_set(aphd_change_t *change, aph_error_t *err)
{
    aphd_httpd_t *httpd = change->httpd;
    apr_status_t rv = prepare(change, err);
    if (rv == APR_SUCCESS)
        rv = aphd_change_look(change, err);
    if (rv == APR_SUCCESS && change->running)
        rv = aphd_change_room(change, err);
    if (rv == APR_SUCCESS)
        rv = aphd_sets_enable(httpd, change->target, err);
    int swapped = rv == APR_SUCCESS;
    if (rv == APR_SUCCESS)
        rv = aphd_sets_nominate(httpd, 0, err);
    if (rv == APR_SUCCESS)
        rv = reload(change, err);
    if (rv == APR_SUCCESS)
        return APR_SUCCESS;
    if (swapped)
        aphd_sets_enable(httpd, change->fallback, NULL);
    aphd_sets_tidy(httpd, change->enabled, change->fallback, NULL);
    return rv;
}

/* 6, 8 and 10 to 12, for the set that is in place. */
static apr_status_t keep_set(aphd_change_t *change, aph_error_t *err)
{
    apr_status_t rv = aphd_rules_judge(change->httpd, change->facts, change->wanted, err);
    if (rv == APR_SUCCESS)
        rv = aphd_change_look(change, err);
    if (rv == APR_SUCCESS && change->running)
        rv = aphd_change_room(change, err);
    return rv == APR_SUCCESS ? reload(change, err) : rv;
}

static apr_status_t ask(aphd_change_t *change, aph_error_t *err)
{
    apr_status_t rv = aphd_httpd_ask(&change->facts, change->httpd, err);
    if (rv == APR_SUCCESS)
        rv = aphd_rules_judge_sites(change->httpd, change->facts, err);
    if (rv == APR_SUCCESS)
        rv = aphd_sets_log_folders(change->httpd, change->wanted, err);
    return rv;
}

static apr_status_t apply(aphd_change_t *change, aph_error_t *err)
{
    apr_status_t rv = look(change, err);
    if (rv != APR_SUCCESS)
        return rv;
    int same = aphd_sets_equal(change->httpd, change->enabled, change->wanted);
    if (same && change->enabled == 0)
        return done(change, "no app needs a virtual host");
    rv = aphd_sets_tidy(change->httpd, change->enabled, change->fallback, err);
    if (rv != APR_SUCCESS)
        return rv;
    change->result->coalesced = same && httpd_has(change, change->enabled);
    if (change->result->coalesced)
        return done(change, "httpd has these virtual hosts already");
    rv = ask(change, err);
    if (rv == APR_SUCCESS)
        rv = same ? keep_set(change, err) : change_set(change, err);
    return rv;
}

/* What another proved after this was asked for is what was asked for. */
static int was_done(const aphd_change_t *change, int64_t asked)
{
    aphd_lock_record_t record;
    aphd_lock_read(&record, change->httpd);
    return record.began > asked && httpd_has(change, change->enabled) &&
           record.parent == change->before.parent &&
           change->before.generation >= record.generation;
}

static apr_status_t reload_only(aphd_change_t *change, int64_t asked, aph_error_t *err)
{
    apr_array_header_t *vhosts;
    apr_status_t rv = look(change, err);
    if (rv == APR_SUCCESS)
        rv = aphd_sets_tidy(change->httpd, change->enabled, change->fallback, err);
    if (rv != APR_SUCCESS)
        return rv;
    change->result->coalesced = was_done(change, asked);
    if (change->result->coalesced) {
        change->result->generation = change->before.generation;
        return done(change, "another reload did this meanwhile");
    }
    rv = aphd_sets_read(&vhosts, change->httpd, change->enabled, err);
    change->wanted = vhosts;
    if (rv == APR_SUCCESS)
        rv = ask(change, err);
    return rv == APR_SUCCESS ? keep_set(change, err) : rv;
}

/* wanted NULL: only a reload. */
static apr_status_t with_lock(aphd_httpd_result_t *result, aphd_httpd_t *httpd,
                              const apr_array_header_t *wanted, aph_error_t *err)
{
    int64_t asked = aphd_probe_now();
    int held = httpd->lock_fd >= 0;
    aphd_change_t change = {.httpd = httpd, .wanted = wanted, .result = result, .parent_fd = -1};
    *result = (aphd_httpd_result_t){0};
    apr_status_t rv = aphd_httpd_lock(httpd, err);
    if (rv != APR_SUCCESS)
        return rv;
    rv = wanted != NULL ? apply(&change, err) : reload_only(&change, asked, err);
    if (change.parent_fd >= 0)
        close(change.parent_fd);
    if (!held)
        aphd_httpd_unlock(httpd);
    return rv;
}

apr_status_t aphd_httpd_apply(aphd_httpd_result_t *result, aphd_httpd_t *httpd,
                              const apr_array_header_t *wanted, aph_error_t *err)
{
    return with_lock(result, httpd, wanted, err);
}

apr_status_t aphd_httpd_reload(aphd_httpd_result_t *result, aphd_httpd_t *httpd, aph_error_t *err)
{
    return with_lock(result, httpd, NULL, err);
}

apr_status_t aphd_httpd_check(aphd_httpd_t *httpd, const apr_array_header_t *wanted,
                              aph_error_t *err)
{
    aphd_httpd_result_t result = {0};
    aphd_change_t change = {
        .httpd = httpd, .wanted = wanted, .result = &result, .parent_fd = -1};
    int held = httpd->lock_fd >= 0;
    apr_status_t rv = aphd_httpd_lock(httpd, err);
    if (rv != APR_SUCCESS)
        return rv;
    rv = look(&change, err);
    if (rv == APR_SUCCESS) {
        rv = ask(&change, err);
        if (rv == APR_SUCCESS)
            rv = prepare(&change, err);
        aphd_sets_tidy(httpd, change.enabled, change.fallback, NULL);
    }
    if (!held)
        aphd_httpd_unlock(httpd);
    return rv;
}
