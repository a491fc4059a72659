/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/httpd/conditions.h"

#include <string.h>

#include <apr_strings.h>

int aphd_effective_module(const aphd_httpd_facts_t *facts, const char *name)
{
    for (int i = 0; i < facts->modules->nelts; i++)
        if (strcmp(APR_ARRAY_IDX(facts->modules, i, const char *), name) == 0)
            return 1;
    return 0;
}

static int has_define(const aphd_httpd_facts_t *facts, const char *name)
{
    size_t length = strlen(name);
    for (int i = 0; i < facts->defines->nelts; i++) {
        const char *define = APR_ARRAY_IDX(facts->defines, i, const char *);
        if (strncmp(define, name, length) == 0 && (define[length] == '\0' || define[length] == '='))
            return 1;
    }
    return 0;
}

/* <IfModule> takes ssl_module or the source's name, mod_ssl.c. */
static int holds(const aphd_directives_t *section, const aphd_httpd_facts_t *facts)
{
    const char *args = section->args;
    const char *name = aphd_directives_word(&args, section->p);
    if (aphd_directives_is(section, "<Macro"))
        return 0;
    int wanted = *name != '!';
    name += !wanted;
    if (aphd_directives_is(section, "<IfDefine"))
        return has_define(facts, name) == wanted;
    size_t length = strlen(name);
    if (strncmp(name, "mod_", 4) == 0 && length > 6 && strcmp(name + length - 2, ".c") == 0)
        name = apr_pstrcat(section->p, apr_pstrmemdup(section->p, name + 4, length - 6), "_module",
                           NULL);
    return aphd_effective_module(facts, name) == wanted;
}

/* 1 for the begin of a section that may be left out, -1 for its end, 0 for all else. */
static int turn(const aphd_directives_t *text)
{
    static const char *const sections[][2] = {{"<IfDefine", "</IfDefine"},
                                              {"<IfModule", "</IfModule"},
                                              {"<Macro", "</Macro"}};
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        if (aphd_directives_is(text, sections[i][0]))
            return 1;
        if (aphd_directives_is(text, sections[i][1]))
            return -1;
    }
    return 0;
}

void aphd_effective_begin(aphd_effective_t *effective, const char *octets,
                          const aphd_httpd_facts_t *facts, apr_pool_t *p)
{
    *effective = (aphd_effective_t){.facts = facts};
    aphd_directives_begin(&effective->text, octets, p);
}

int aphd_effective_next(aphd_effective_t *effective)
{
    while (aphd_directives_next(&effective->text)) {
        int turned = turn(&effective->text);
        if (turned > 0) {
            effective->depth++;
            if (effective->asleep == 0 && !holds(&effective->text, effective->facts))
                effective->asleep = effective->depth;
        } else if (turned < 0) {
            if (effective->asleep == effective->depth)
                effective->asleep = 0;
            effective->depth -= effective->depth > 0;
        } else if (effective->asleep == 0)
            return 1;
    }
    return 0;
}
