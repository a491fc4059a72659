/* SPDX-License-Identifier: Apache-2.0 */
/* Installing: what root overrides, and what was agreed to. Both are recorded with the app. */
#include "helper/job/install.h"

#include <string.h>
#include <apr_strings.h>

#include "common/rules.h"

static int lists(const json_t *list, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)list, i, item)
        if (strcmp(json_string_value(item), text) == 0)
            return 1;
    return 0;
}

apr_status_t aphd_install_allowed(const aphd_job_t *job, aph_error_t *err)
{
    size_t i;
    json_t *rule;
    json_array_foreach(aphd_job_list(job, "allow"), i, rule)
        if (aph_rule_find(json_string_value(rule)) == NULL)
            return aph_error_set(err, APH_EUSAGE, 2210, "no refusal called %.60s can be overridden; "
                                 "those that can: apphostctl help rules", json_string_value(rule));
    return APR_SUCCESS;
}

static void add_ids(json_t *ids, const json_t *findings)
{
    size_t i;
    json_t *finding;
    json_array_foreach((json_t *)findings, i, finding)
        json_array_append(ids, json_object_get(finding, "id"));
}

/* Rules that override something; one that was allowed and not needed is not recorded. */
static json_t *rules_used(const json_t *findings)
{
    json_t *rules = json_array();
    size_t i;
    json_t *finding;
    json_array_foreach((json_t *)findings, i, finding) {
        json_t *rule = json_object_get(finding, "rule");
        if (json_is_true(json_object_get(finding, "overridden"))
            && !lists(rules, json_string_value(rule)))
            json_array_append(rules, rule);
    }
    return rules;
}

/* Every id of wanted stands in given, and the other way round. */
static apr_status_t check_given(const json_t *wanted, const json_t *given, apr_pool_t *p,
                                aph_error_t *err)
{
    const char *missing = "";
    size_t i;
    json_t *id;
    json_array_foreach((json_t *)given, i, id)
        if (!lists(wanted, json_string_value(id)))
            return aph_error_set(err, APH_EUSAGE, 2211, "the app does not ask for %.100s; look at "
                                 "what it asks for with --plan", json_string_value(id));
    json_array_foreach((json_t *)wanted, i, id)
        if (!lists(given, json_string_value(id)))
            missing = apr_pstrcat(p, missing, missing[0] != '\0' ? ", " : "",
                                  json_string_value(id), NULL);
    if (missing[0] != '\0')
        return aph_error_set(err, APH_ECONSENT, 2212, "the app asks for more than was consented to: "
                             "%s; add --consent for each, or --yes for all", missing);
    return APR_SUCCESS;
}

static apr_status_t refuse_silence(const aphd_install_t *install, aph_error_t *err)
{
    const json_t *findings = install->policy.findings;
    const char *asked = aphd_plan_list(findings, "ask", install->job->p);
    const char *overridden = aphd_plan_list(findings, "overridden", install->job->p);
    return aph_error_set(err, APH_ECONSENT, 1207, "the app asks for what needs your consent: "
                         "%s%s%s; say --yes to agree", asked,
                         asked[0] != '\0' && overridden[0] != '\0' ? "; " : "", overridden);
}

/* Also where nobody looked at the plan: before they are opened. */
static void name_open_ports(const aphd_install_t *install)
{
    size_t i;
    json_t *port;
    json_array_foreach(install->policy.ports, i, port)
        if (!json_is_true(json_object_get(port, "web")))
            aphd_report_log(&install->job->report, "port %d/%s of this machine will be open to "
                            "your network (service %s)",
                            (int)json_integer_value(json_object_get(port, "host")),
                            json_string_value(json_object_get(port, "protocol")),
                            json_string_value(json_object_get(port, "service")));
}

apr_status_t aphd_install_consent(aphd_install_t *install, aph_error_t *err)
{
    aphd_job_t *job = install->job;
    const char *shown = aphd_job_text(job, "plan_hash");
    const json_t *given = aphd_job_list(job, "consents");
    json_auto_t *ids = json_array();
    aphd_install_step(install, 5, "consent", "checking what was agreed to");
    if (shown != NULL && strcmp(shown, install->plan_hash) != 0)
        return aph_error_set(err, APH_EPLAN, 1206, "the plan is not the one that was shown: an "
                             "image, a folder or the script changed meanwhile, or a registry says "
                             "something else than it did; look at it again with --plan");
    name_open_ports(install);
    add_ids(ids, json_object_get(install->plan, "asked"));
    add_ids(ids, json_object_get(install->plan, "overridden"));
    apr_status_t status = APR_SUCCESS;
    if (given != NULL && !aphd_job_flag(job, "yes"))
        status = check_given(ids, given, job->p, err);
    else if (json_array_size(ids) > 0 && !aphd_job_flag(job, "yes"))
        status = refuse_silence(install, err);
    add_ids(ids, json_object_get(install->plan, "agreed")); /* to what an update goes on asking for */
    install->consents = json_incref(ids);
    install->rules = rules_used(install->policy.findings);
    if (status != APR_SUCCESS || json_array_size(ids) == 0)
        return status;
    json_auto_t *fields = json_pack("{s:O, s:O}", "consents", ids, "allowed", install->rules);
    status = aphd_install_judge(install, ids, err);
    return status == APR_SUCCESS && install->replaced == NULL
         ? aphd_ask_record(job->ask, fields, err) : status;
}
