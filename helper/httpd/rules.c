/* SPDX-License-Identifier: Apache-2.0 */
/* What httpd's -t lets pass although the next reload fails or harms others by it. */
#include "helper/httpd/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "common/file_replace.h"
#include "helper/httpd/conditions.h"
#include "helper/httpd/tls.h"

#define CONFIG_MAX (4 * 1024 * 1024)

/* "" for a file we cannot read: httpd could, and its own check has the word. */
static const char *read_config(const char *path, apr_pool_t *p)
{
    char *octets = NULL;
    size_t length;
    if (aph_file_read(path, CONFIG_MAX, &octets, &length, NULL) != APR_SUCCESS)
        return "";
    const char *copy = apr_pstrmemdup(p, octets, length);
    free(octets);
    return copy;
}

/* --- outside of <VirtualHost> ----------------------------------------------------------------- */

/* These change nothing by themselves. */
static int may_stand_outside(const aphd_directives_t *text)
{
    static const char *const names[] = {"IfModule", "IfDefine",    "IfVersion", "IfFile",
                                        "IfSection", "IfDirective", "VirtualHost"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(text->name + strspn(text->name, "</"), names[i]) == 0 && *text->name == '<')
            return 1;
    return aphd_directives_is(text, "Define") || aphd_directives_is(text, "LogFormat");
}

static const char *outside(const char *name, apr_pool_t *p)
{
    return apr_psprintf(
        p,
        "%s stands outside of <VirtualHost> and would change every site; it belongs "
        "to httpd's own configuration",
        name);
}

/* Code that runs as root while httpd still checks, and a way to spell its name so that nobody sees;
 * and what httpd obeys while it reads, wherever it stands. */
static int belongs_to_httpd(const aphd_directives_t *text)
{
    static const char *const names[] = {"LoadModule", "LoadFile", "<Macro", "ServerRoot",
                                        "DefaultRuntimeDir"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (aphd_directives_is(text, names[i]))
            return 1;
    return 0;
}

const char *aphd_rules_misplaced(const char *octets, int *line, apr_pool_t *p)
{
    aphd_directives_t text;
    int inside = 0;
    aphd_directives_begin(&text, octets, p);
    while (aphd_directives_next(&text)) {
        *line = text.line;
        if (belongs_to_httpd(&text))
            return apr_psprintf(p,
                                "%s has no place in an app's virtual host; it belongs to httpd's "
                                "own configuration",
                                text.name);
        if (aphd_directives_is(&text, "</VirtualHost"))
            inside = 0;
        else if (!inside && !may_stand_outside(&text))
            return outside(text.name, p);
        if (aphd_directives_is(&text, "<VirtualHost"))
            inside = 1;
    }
    return NULL;
}

/* --- logs ------------------------------------------------------------------------------------- */

static int names_a_log(const aphd_directives_t *text)
{
    static const char *const names[] = {"ErrorLog", "CustomLog", "TransferLog", "ForensicLog"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (aphd_directives_is(text, names[i]))
            return 1;
    return 0;
}

static const char *value_of(const aphd_httpd_facts_t *facts, const char *name, size_t length)
{
    for (int i = 0; i < facts->defines->nelts; i++) {
        const char *define = APR_ARRAY_IDX(facts->defines, i, const char *);
        if (strncmp(define, name, length) == 0 && define[length] == '=')
            return define + length + 1;
    }
    return NULL;
}

/* ${NAME} replaced by what Define gave it; NULL when one comes from httpd's environment, which we
 * do not see. */
static const char *expand(const char *path, const aphd_httpd_facts_t *facts, apr_pool_t *p)
{
    const char *open = strstr(path, "${");
    if (open == NULL)
        return path;
    const char *close = strchr(open, '}');
    const char *value =
        close != NULL ? value_of(facts, open + 2, (size_t)(close - open - 2)) : NULL;
    if (value == NULL || strstr(value, "${") != NULL)
        return NULL;
    path = apr_pstrcat(p, apr_pstrmemdup(p, path, (apr_size_t)(open - path)), value, close + 1,
                       NULL);
    return expand(path, facts, p);
}

/* A program that takes the log: httpd ends when it cannot be started. */
static const char *judge_pipe(const char *path, apr_pool_t *p)
{
    path += strspn(path, "|$");
    const char *program = aphd_directives_word(&path, p);
    if (*program != '/' || access(program, X_OK) == 0)
        return NULL;
    return apr_psprintf(p, "the program %s for a log cannot be run (%s), and httpd would end of it",
                        program, strerror(errno));
}

static const char *judge_folder(const char *folder, apr_pool_t *p)
{
    struct stat about;
    if (stat(folder, &about) != 0)
        return apr_psprintf(
            p,
            "the folder %s of a log cannot be used (%s), and httpd would end at its "
            "next reload",
            folder, strerror(errno));
    if (!S_ISDIR(about.st_mode))
        return apr_psprintf(p, "%s, where a log shall be, is not a folder", folder);
    return NULL;
}

/* The absolute path of a log that is a file; NULL for all else, and where it cannot be told. */
static const char *log_file(const char *path, const aphd_httpd_facts_t *facts, apr_pool_t *p)
{
    if (path == NULL || *path == '\0' || *path == '|' || strncmp(path, "/dev/", 5) == 0)
        return NULL;
    if (*path != '/' && (strchr(path, ':') != NULL || strcasecmp(path, "syslog") == 0))
        return NULL; /* syslog:local7, journald:, and what else modules offer */
    return *path == '/' ? path : apr_pstrcat(p, facts->server_root, "/", path, NULL);
}

static const char *folder_of(const char *path, apr_pool_t *p)
{
    const char *slash = strrchr(path, '/');
    return slash == path ? "/" : apr_pstrmemdup(p, path, (apr_size_t)(slash - path));
}

/* What would end httpd at a reload; NULL: nothing. */
static const char *judge_log(const aphd_directives_t *text, const aphd_httpd_facts_t *facts,
                             apr_pool_t *p)
{
    const char *args = text->args;
    const char *path = expand(aphd_directives_word(&args, p), facts, p);
    if (path != NULL && *path == '|')
        return judge_pipe(path, p);
    path = log_file(path, facts, p);
    return path != NULL ? judge_folder(folder_of(path, p), p) : NULL;
}

/* In a virtual host of ours also: whoever may write to the folder could put a link there, and
 * httpd's parent opens logs as root. */
static const char *judge_our_log(const aphd_directives_t *text, const aphd_httpd_facts_t *facts,
                                 apr_pool_t *p)
{
    struct stat about;
    const char *args = text->args, *fault = judge_log(text, facts, p);
    const char *path = log_file(expand(aphd_directives_word(&args, p), facts, p), facts, p);
    if (fault != NULL || path == NULL)
        return fault;
    const char *folder = folder_of(path, p);
    if (geteuid() == 0 && stat(folder, &about) == 0 &&
        (about.st_uid != 0 || (about.st_mode & (S_IWGRP | S_IWOTH)) != 0))
        return apr_psprintf(p,
                            "the folder %s of a log is not root's alone, and who can write there "
                            "could make httpd write any file: use APP_ROOT_DIR/logs",
                            folder);
    if (path[strlen(path) - 1] == '/' || (lstat(path, &about) == 0 && !S_ISREG(about.st_mode)))
        return apr_psprintf(p, "the log %s is not a regular file", path);
    return NULL;
}

/* ---------------------------------------------------------------------------------------------- */

/* --- addresses -------------------------------------------------------------------------------- */

/* "*", "_default_", each also with :80 or :*. */
static int is_any_address(const char *word)
{
    size_t stem = *word == '*' ? 1 : strncasecmp(word, "_default_", 9) == 0 ? 9 : 0;
    const char *port = word + stem + 1;
    if (stem == 0 || word[stem] == '\0')
        return stem > 0;
    size_t digits = strspn(port, "0123456789");
    return word[stem] == ':' &&
           (strcmp(port, "*") == 0 || (digits > 0 && digits <= 5 && port[digits] == '\0'));
}

static int has_site(const aphd_httpd_facts_t *facts, const char *address)
{
    for (int i = 0; i < facts->names->nelts; i++)
        if (strcasecmp(APR_ARRAY_IDX(facts->names, i, aphd_httpd_name_t).address, address) == 0)
            return 1;
    return 0;
}

/* A virtual host on an address of its own is asked before those on *, whatever the name; and a host
 * name would be looked up while httpd restarts. */
static const char *judge_address(const aphd_directives_t *text, const aphd_httpd_facts_t *facts,
                                 apr_pool_t *p)
{
    const char *args = text->args;
    while (*args != '\0') {
        const char *word = expand(aphd_directives_word(&args, p), facts, p);
        if (word != NULL && !is_any_address(word) && !has_site(facts, word))
            return apr_psprintf(
                p,
                "no site of httpd's own stands on the address %s, and this one would "
                "answer for every name there: use *:PORT",
                word);
    }
    return NULL;
}

/* ---------------------------------------------------------------------------------------------- */

static const char *judge_directive(const aphd_directives_t *text, const aphd_httpd_facts_t *facts,
                                   apr_pool_t *p)
{
    if (aphd_directives_is(text, "<VirtualHost"))
        return judge_address(text, facts, p);
    return names_a_log(text) ? judge_our_log(text, facts, p) : NULL;
}

static apr_status_t judge_ours(const aphd_httpd_t *httpd, const aphd_httpd_facts_t *facts,
                               const apr_array_header_t *wanted, const aphd_vhost_file_t *vhost,
                               int inherited, aph_error_t *err)
{
    aphd_effective_t effective;
    int line = 0;
    const char *misplaced = aphd_rules_misplaced(vhost->text, &line, httpd->p);
    if (misplaced != NULL)
        return aphd_check_ours(httpd, wanted, vhost->app_id, line, misplaced, err);
    aphd_effective_begin(&effective, vhost->text, facts, httpd->p);
    while (aphd_effective_next(&effective)) {
        const char *fault = judge_directive(&effective.text, facts, httpd->p);
        if (fault != NULL)
            return aphd_check_ours(httpd, wanted, vhost->app_id, effective.text.line, fault, err);
    }
    const char *fault = aphd_tls_fault(vhost->text, inherited, facts, &line, httpd->p);
    return fault != NULL ? aphd_check_ours(httpd, wanted, vhost->app_id, line, fault, err)
                         : APR_SUCCESS;
}

static apr_status_t judge_file(const aphd_httpd_t *httpd, const aphd_httpd_facts_t *facts,
                               const char *path, int inherited, aph_error_t *err)
{
    aphd_effective_t effective;
    aphd_cause_t cause = {.file = path};
    const char *octets = read_config(path, httpd->p);
    aphd_effective_begin(&effective, octets, facts, httpd->p);
    while (cause.sentence == NULL && aphd_effective_next(&effective))
        if (names_a_log(&effective.text)) {
            cause.line = effective.text.line;
            cause.sentence = judge_log(&effective.text, facts, httpd->p);
        }
    if (cause.sentence == NULL)
        cause.sentence = aphd_tls_fault(octets, inherited, facts, &cause.line, httpd->p);
    return cause.sentence != NULL ? aphd_check_not_ours(&cause, httpd, err) : APR_SUCCESS;
}

static int has_inherited_certificate(const aphd_httpd_t *httpd, const aphd_httpd_facts_t *facts)
{
    for (int i = 0; i < facts->includes->nelts; i++) {
        const char *path = APR_ARRAY_IDX(facts->includes, i, const char *);
        if (aphd_tls_inherited(read_config(path, httpd->p), facts, httpd->p))
            return 1;
    }
    return 0;
}

apr_status_t aphd_rules_judge_sites(const aphd_httpd_t *httpd, const aphd_httpd_facts_t *facts,
                                    aph_error_t *err)
{
    apr_status_t rv = APR_SUCCESS;
    int inherited = has_inherited_certificate(httpd, facts);
    for (int i = 0; rv == APR_SUCCESS && i < facts->includes->nelts; i++)
        rv = judge_file(httpd, facts, APR_ARRAY_IDX(facts->includes, i, const char *), inherited,
                        err);
    return rv;
}

apr_status_t aphd_rules_judge(const aphd_httpd_t *httpd, const aphd_httpd_facts_t *facts,
                              const apr_array_header_t *wanted, aph_error_t *err)
{
    apr_status_t rv = APR_SUCCESS;
    int inherited = has_inherited_certificate(httpd, facts);
    for (int i = 0; rv == APR_SUCCESS && i < wanted->nelts; i++)
        rv = judge_ours(httpd, facts, wanted, &APR_ARRAY_IDX(wanted, i, aphd_vhost_file_t),
                        inherited, err);
    return rv;
}
