/* SPDX-License-Identifier: Apache-2.0 */
/* httpd reads our virtual hosts alone, as nobody, in no network: LoadModule runs code the moment it
 * is read, so text of ours is never read by root before it was read by somebody harmless.
 *
 * The skeleton has httpd's own ServerRoot (relative names mean the same), its modules and its
 * definitions; its files lie in a scratch folder among the sets. Nobody cannot see the keys of
 * certificates; where root sees a file that is not empty, the copy names another one that is not
 * empty: reading it is for later than -t. */
#include "helper/httpd/check.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <apr_strings.h>

#include "common/file_replace.h"
#include "helper/httpd/conditions.h"
#include "helper/httpd/run.h"
#include "helper/httpd/sets.h"

#define CONFIG_MAX (4 * 1024 * 1024)

/* --- modules ---------------------------------------------------------------------------------- */

/* A module that httpd says it has not, was never loaded, whatever we think of the conditions. */
static int takes_effect(const aphd_directives_t *text, const aphd_httpd_facts_t *facts)
{
    const char *args = text->args;
    return aphd_directives_is(text, "LoadFile") ||
           (aphd_directives_is(text, "LoadModule") &&
            aphd_effective_module(facts, aphd_directives_word(&args, text->p)));
}

const char *aphd_skeleton_loads(const char *octets, const aphd_httpd_facts_t *facts, apr_pool_t *p)
{
    aphd_effective_t effective;
    const char *loads = "";
    aphd_effective_begin(&effective, octets, facts, p);
    while (aphd_effective_next(&effective))
        if (takes_effect(&effective.text, facts))
            loads = apr_pstrcat(p, loads, effective.text.name, " ", effective.text.args, "\n",
                                NULL);
    return loads;
}

/* --- the files of the skeleton ---------------------------------------------------------------- */

static const char *quote(const char *value, apr_pool_t *p)
{
    char *quoted = apr_palloc(p, strlen(value) * 2 + 3), *to = quoted;
    *to++ = '"';
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\')
            *to++ = '\\';
        *to++ = *value;
    }
    *to++ = '"';
    *to = '\0';
    return quoted;
}

/* A file httpd read and we cannot is passed over: without its modules the skeleton says what is
 * missing. */
static const char *all_loads(const aphd_httpd_facts_t *facts, apr_pool_t *p)
{
    const char *loads = "";
    for (int i = 0; i < facts->includes->nelts; i++) {
        char *octets = NULL;
        size_t length;
        const char *path = APR_ARRAY_IDX(facts->includes, i, const char *);
        if (aph_file_read(path, CONFIG_MAX, &octets, &length, NULL) != APR_SUCCESS)
            continue;
        loads = apr_pstrcat(p, loads, aphd_skeleton_loads(octets, facts, p), NULL);
        free(octets);
    }
    return loads;
}

static const char *all_defines(const aphd_httpd_facts_t *facts, apr_pool_t *p)
{
    const char *lines = "";
    for (int i = 0; i < facts->defines->nelts; i++) {
        const char *define = APR_ARRAY_IDX(facts->defines, i, const char *);
        size_t length = strcspn(define, "=");
        const char *name = apr_pstrmemdup(p, define, length);
        lines = define[length] == '='
                    ? apr_pstrcat(p, lines, "Define ", name, " ", quote(define + length + 1, p),
                                  "\n", NULL)
                    : apr_pstrcat(p, lines, "Define ", name, "\n", NULL);
    }
    return lines;
}

static int names_a_secret(const char *directive)
{
    static const char *const names[] = {
        "SSLCertificateFile",   "SSLCertificateKeyFile",        "SSLCertificateChainFile",
        "SSLCACertificateFile", "SSLProxyMachineCertificateFile"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(directive, names[i]) == 0)
            return 1;
    return 0;
}

/* The line itself, or the same directive with a file everybody may read. */
static const char *harmless_line(const char *line, const char *stand_in, apr_pool_t *p)
{
    struct stat about;
    const char *args = line;
    const char *directive = aphd_directives_word(&args, p);
    if (!names_a_secret(directive))
        return line;
    const char *path = aphd_directives_word(&args, p);
    if (*path != '/' || stat(path, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size == 0)
        return line;
    return apr_pstrcat(p, directive, " ", quote(stand_in, p), NULL);
}

/* Line by line, so that numbers of lines stay as they are. */
static const char *harmless_copy(const char *text, const char *stand_in, apr_pool_t *p)
{
    apr_array_header_t *lines = apr_array_make(p, 64, sizeof(const char *));
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        const char *line = apr_pstrmemdup(p, text, length);
        APR_ARRAY_PUSH(lines, const char *) = harmless_line(line, stand_in, p);
        text += length + (text[length] == '\n');
    }
    APR_ARRAY_PUSH(lines, const char *) = "";
    return apr_array_pstrcat(p, lines, '\n');
}

static apr_status_t write_files(const aphd_httpd_t *httpd, const aphd_httpd_facts_t *facts,
                                const apr_array_header_t *wanted, const char *scratch,
                                aph_error_t *err)
{
    apr_pool_t *p = httpd->p;
    const char *stand_in = apr_pstrcat(p, scratch, "/stand-in", NULL);
    const char *text = apr_pstrcat(
        p, "ServerRoot ", quote(facts->server_root, p), "\nDefaultRuntimeDir ", quote(scratch, p),
        "\nPidFile ", quote(apr_pstrcat(p, scratch, "/pid", NULL), p),
        "\nErrorLog /dev/null\nServerName apphost-asks.invalid\n", all_defines(facts, p),
        all_loads(facts, p), "IncludeOptional ",
        quote(apr_pstrcat(p, scratch, "/0*.conf", NULL), p), "\nIncludeOptional ",
        quote(apr_pstrcat(p, scratch, "/[1-9]*.conf", NULL), p), "\n", NULL);
    apr_status_t rv = aph_file_replace(apr_pstrcat(p, scratch, "/httpd", NULL), text, strlen(text),
                                       0644, err);
    if (rv == APR_SUCCESS)
        rv = aph_file_replace(stand_in, "-\n", 2, 0644, err);
    for (int i = 0; rv == APR_SUCCESS && i < wanted->nelts; i++) {
        const aphd_vhost_file_t *vhost = &APR_ARRAY_IDX(wanted, i, aphd_vhost_file_t);
        const char *copy = harmless_copy(vhost->text, stand_in, p);
        rv = aph_file_replace(apr_psprintf(p, "%s/%05d.conf", scratch, vhost->app_id), copy,
                              strlen(copy), 0644, err);
    }
    return rv;
}

static apr_status_t run_skeleton(const aphd_httpd_t *httpd, const apr_array_header_t *wanted,
                                 const char *scratch, aph_error_t *err)
{
    const char *const words[] = {"-f", apr_pstrcat(httpd->p, scratch, "/httpd", NULL), "-t", "-D",
                                 "APPHOST_CANDIDATE", NULL};
    aphd_run_t run;
    apr_status_t rv = aphd_run_httpd(&run, httpd, words, APHD_RUN_UNPRIVILEGED, err);
    if (rv != APR_SUCCESS || run.exit_code == 0)
        return rv;
    aphd_cause_t cause;
    aphd_dump_cause(&cause, run.errors, httpd->p);
    int app_id = aphd_check_whose(httpd, cause.file);
    if (app_id > 0)
        return aphd_check_ours(httpd, wanted, app_id, cause.line, cause.sentence, err);
    return aph_error_set(err, APH_ECONFIG, 2086,
                         "the virtual hosts cannot be checked by themselves: %s%s%s",
                         cause.sentence, cause.file != NULL ? " in " : "",
                         cause.file != NULL ? cause.file : "");
}

apr_status_t aphd_skeleton_check(const aphd_httpd_t *httpd, const aphd_httpd_facts_t *facts,
                                 const apr_array_header_t *wanted, aph_error_t *err)
{
    const char *scratch = NULL;
    if (wanted->nelts == 0)
        return APR_SUCCESS;
    apr_status_t rv = aphd_sets_scratch(&scratch, httpd, err);
    if (rv == APR_SUCCESS)
        rv = write_files(httpd, facts, wanted, scratch, err);
    if (rv == APR_SUCCESS)
        rv = run_skeleton(httpd, wanted, scratch, err);
    if (scratch != NULL)
        aphd_sets_remove(scratch);
    return rv;
}
