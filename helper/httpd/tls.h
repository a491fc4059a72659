/* SPDX-License-Identifier: Apache-2.0 */
/* What mod_ssl only finds when httpd has given up its old configuration already: a virtual host
 * with TLS and without a certificate, or with a key that is not the certificate's. */
#ifndef APHD_HTTPD_TLS_H
#define APHD_HTTPD_TLS_H

#include "helper/httpd/httpd.h"

/* Whether some file has a certificate outside of all virtual hosts, which they would inherit.
 * Pure. */
int aphd_tls_inherited(const char *octets, const aphd_httpd_facts_t *facts, apr_pool_t *p);

/* What is wrong with the first such virtual host of a text, and where it begins; NULL: nothing that
 * we can see. What a virtual host includes, or takes from a macro or mod_md, we do not see. */
const char *aphd_tls_fault(const char *octets, int inherited, const aphd_httpd_facts_t *facts,
                           int *line, apr_pool_t *p);

#endif
