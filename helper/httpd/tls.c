/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/httpd/tls.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <apr_strings.h>

#include "helper/httpd/conditions.h"
#include "helper/httpd/run.h"

#define OPENSSL "/usr/bin/openssl"

/* One virtual host as far as TLS goes. */
typedef struct tls_site_t {
    int inside, line;
    int engine;                     /* SSLEngine is on */
    int hidden;                     /* more of it stands somewhere else */
    int certificates;
    const char *certificate, *key;  /* NULL: not said; of several the last one */
} tls_site_t;

static const char *first_word(const aphd_directives_t *text)
{
    const char *args = text->args;
    return aphd_directives_word(&args, text->p);
}

static void note(tls_site_t *site, const aphd_directives_t *text)
{
    static const char *const elsewhere[] = {"Include", "IncludeOptional", "Use"};
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
        site->hidden = site->hidden || aphd_directives_is(text, elsewhere[i]);
    if (aphd_directives_is(text, "SSLEngine"))
        site->engine = strcasecmp(first_word(text), "off") != 0;
    else if (aphd_directives_is(text, "SSLCertificateFile")) {
        site->certificate = first_word(text);
        site->certificates++;
    } else if (aphd_directives_is(text, "SSLCertificateKeyFile"))
        site->key = first_word(text);
}

int aphd_tls_inherited(const char *octets, const aphd_httpd_facts_t *facts, apr_pool_t *p)
{
    aphd_effective_t effective;
    int inside = 0;
    aphd_effective_begin(&effective, octets, facts, p);
    while (aphd_effective_next(&effective)) {
        if (aphd_directives_is(&effective.text, "<VirtualHost"))
            inside = 1;
        else if (aphd_directives_is(&effective.text, "</VirtualHost"))
            inside = 0;
        else if (!inside && aphd_directives_is(&effective.text, "SSLCertificateFile"))
            return 1;
    }
    return 0;
}

/* The public key openssl finds in a file; NULL when it finds none, as in a key with a
 * passphrase. */
static const char *public_key(const char *const *words, apr_pool_t *p)
{
    aphd_run_t run;
    if (aphd_run(&run, words, APHD_RUN_CHECK, p, NULL) != APR_SUCCESS || run.exit_code != 0 ||
        strstr(run.out, "PUBLIC KEY") == NULL)
        return NULL;
    return run.out;
}

/* Only what openssl is sure about counts; where it is not installed, httpd will tell. */
static const char *pair_fault(const tls_site_t *site, apr_pool_t *p)
{
    const char *key = site->key != NULL ? site->key : site->certificate;
    const char *const of_certificate[] = {OPENSSL, "x509", "-in", site->certificate, "-noout",
                                          "-pubkey", NULL};
    const char *const of_key[] = {OPENSSL, "pkey",    "-in", key, "-passin", "pass:",
                                  "-pubout", NULL};
    if (site->certificates != 1 || *site->certificate != '/' || *key != '/' ||
        access(OPENSSL, X_OK) != 0)
        return NULL;
    const char *one = public_key(of_certificate, p);
    if (one == NULL)
        return apr_psprintf(p,
                            "SSLCertificateFile %s has no certificate, and httpd would end at its "
                            "next reload",
                            site->certificate);
    const char *other = public_key(of_key, p);
    if (other == NULL || strcmp(one, other) == 0)
        return NULL;
    return apr_psprintf(
        p,
        "the key in %s is not the one of the certificate in %s, and httpd would end "
        "at its next reload",
        key, site->certificate);
}

static const char *site_fault(const tls_site_t *site, int inherited, apr_pool_t *p)
{
    if (!site->engine || site->hidden)
        return NULL;
    if (site->certificate != NULL)
        return pair_fault(site, p);
    return inherited
               ? NULL
               : "SSLEngine is on, but there is no SSLCertificateFile, and httpd would end at "
                 "its next reload";
}

const char *aphd_tls_fault(const char *octets, int inherited, const aphd_httpd_facts_t *facts,
                           int *line, apr_pool_t *p)
{
    aphd_effective_t effective;
    tls_site_t site = {0};
    if (!aphd_effective_module(facts, "ssl_module") || aphd_effective_module(facts, "md_module"))
        return NULL;
    aphd_effective_begin(&effective, octets, facts, p);
    while (aphd_effective_next(&effective)) {
        if (aphd_directives_is(&effective.text, "<VirtualHost"))
            site = (tls_site_t){.inside = 1, .line = effective.text.line};
        else if (site.inside && aphd_directives_is(&effective.text, "</VirtualHost")) {
            const char *fault = site_fault(&site, inherited, p);
            *line = site.line;
            if (fault != NULL)
                return fault;
            site.inside = 0;
        } else if (site.inside)
            note(&site, &effective.text);
    }
    return NULL;
}
