/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/monitor/admission.h"

#include <string.h>

#include "common/hostname.h"

/* One letter per state, in the order of aphd_app_state_t: none, installing, starting, running,
 * stopped, failing, kept.   + admitted   n no such app   t name taken   k only its data is there
 *   u admitted only with --purge */
static const struct {
    const char *op;
    const char *by_state;
} table[] = {
    {"install",   "+ttttt+"},
    {"uninstall", "n+++++u"},
    {"start",     "nt++++k"},
    {"stop",      "nt++++k"},
    {"restart",   "nt++++k"},
    {"update",    "nt++++k"},
    {"rollback",  "nt++++k"},
    {"logs",      "n+++++k"},
};

_Static_assert(APHD_APP_STATES == 7, "every row of the table has a letter for every state");

static apr_status_t judge(char letter, const char *op, const char *name, int purge,
                          aph_error_t *err)
{
    switch (letter) {
    case '+':
        return APR_SUCCESS;
    case 't':
        if (strcmp(op, "install") == 0)
            return aph_error_set(err, APH_ETAKEN, 805,
                                 "an app called %s is installed already; choose another name, or "
                                 "`apphostctl uninstall %s` first",
                                 name, name);
        return aph_error_set(err, APH_EBUSY, 806,
                             "%s was never installed completely; `apphostctl uninstall %s` removes "
                             "what is there",
                             name, name);
    case 'k':
        return aph_error_set(err, APH_ENOTFOUND, 807,
                             "%s is uninstalled and only its data is kept; install it again to use "
                             "the data",
                             name);
    case 'u':
        if (purge)
            return APR_SUCCESS;
        return aph_error_set(
            err, APH_ENOTFOUND, 808,
            "%s is uninstalled already and its data is kept; `apphostctl uninstall "
            "%s --purge` deletes the data",
            name, name);
    default:
        return aph_error_set(err, APH_ENOTFOUND, 809,
                             "no app is called %s; `apphostctl list` shows those there are", name);
    }
}

apr_status_t aphd_admission_check(const char *op, const json_t *args, const char *name,
                                  aphd_app_state_t state, aph_error_t *err)
{
    int purge = json_is_true(json_object_get(args, "purge"));
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i].op, op) == 0)
            return judge(table[i].by_state[state], op, name, purge, err);
    return aph_error_set(err, APH_EINTERNAL, 810, "%s is in no row of the admission table", op);
}

apr_status_t aphd_admission_name(const char *name, const char *machine,
                                 const char *const *domains, aph_error_t *err)
{
    size_t length = strlen(name);
    apr_status_t status = aph_name_check(name, machine, err);
    for (int i = 0; domains[i] != NULL && status == APR_SUCCESS; i++)
        for (int k = 0; domains[k] != NULL && status == APR_SUCCESS; k++)
            if (strncmp(domains[k], name, length) == 0 && domains[k][length] == '.'
                && strcmp(domains[k] + length + 1, domains[i]) == 0)
                status =
                    aph_error_set(err, APH_ETAKEN, 811,
                                  "%s is a domain apps live under, so no app can be called %s; "
                                  "choose another name",
                                  domains[k], name);
    return status;
}
