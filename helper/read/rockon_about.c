/* SPDX-License-Identifier: Apache-2.0 */
/* What a rock-on is called and what is said of it. Its texts are HTML of many hands. */
#include "helper/read/rockon.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#include "helper/read/entry_table.h"

#define ID_MAX      63
#define TITLE_MAX   100
#define SUMMARY_MAX 300
#define TEXT_MAX    20000
#define VERSION_MAX 64
#define URL_MAX     500

static const char *text_of(aphd_rockon_t *r, const char *name)
{
    return aphd_rockon_plain(json_object_get(r->text, name), r->p);
}

static void set_text(aphd_rockon_t *r, const char *name, const char *text, size_t most)
{
    if (*text != '\0')
        json_object_set_new(r->manifest, name, aphd_rockon_shown(text, most, r->p));
}

/* The first sentence of the first line. */
static const char *summary_of(const char *text, apr_pool_t *p)
{
    size_t length = 0;
    while (text[length] != '\0' && text[length] != '\n' &&
           !(text[length] == '.' && strchr(" \n", text[length + 1]) != NULL))
        length++;
    length += text[length] == '.';
    return apr_pstrmemdup(p, text, length);
}

/* "... available for amd64 and arm64 architecture." is how each definition of today says it. Only a
 * sentence that is understood whole counts. */
static json_t *architectures_of(const char *text, apr_pool_t *p)
{
    static const char *const known[] = {"amd64",   "arm64",   "arm",  "386",
                                        "riscv64", "ppc64le", "s390x"};
    static const char *const fillers[] = {"and", "or", "the", "both"};
    json_t *list = json_array();
    const char *at = strstr(text, "available for ");
    const char *end = at != NULL ? strstr(at, "architecture") : NULL;
    if (end == NULL || end - at > 120)
        return list;
    at += strlen("available for ");
    while (at < end) {
        size_t length = strcspn(at, " ,/&");
        const char *word = apr_pstrmemdup(p, at, length);
        size_t k = 0, f = 0;
        while (k < sizeof known / sizeof known[0] && strcasecmp(known[k], word) != 0)
            k++;
        while (f < sizeof fillers / sizeof fillers[0] && strcasecmp(fillers[f], word) != 0)
            f++;
        if (k < sizeof known / sizeof known[0])
            json_array_append_new(list, json_string(known[k]));
        else if (length > 0 && f == sizeof fillers / sizeof fillers[0]) {
            json_array_clear(list);
            return list;
        }
        at += length + (length == 0);
        at += strspn(at, " ,/&");
    }
    return list;
}

/* An address as links and icons may have it; what is odd in it is left out, for it is only looks.
 */
static int is_address(const char *text, aphd_grammar_t grammar)
{
    return text != NULL && strlen(text) <= URL_MAX && aphd_grammar_fits(grammar, text);
}

static void set_links(aphd_rockon_t *r)
{
    const char *site = aphd_rockon_text(json_object_get(r->text, "website"), r->p);
    const char *icon = aphd_rockon_text(json_object_get(r->text, "icon"), r->p);
    if (is_address(site, APHD_GRAMMAR_URL))
        json_object_set_new(r->manifest, "links", json_pack("{s:s}", "website", site));
    /* The bare root of a site is not a picture. */
    if (is_address(icon, APHD_GRAMMAR_HTTPS) && strchr(icon + 8, '/') != NULL &&
        strchr(icon + 8, '/')[1] != '\0')
        json_object_set_new(r->manifest, "icon", json_string(icon));
}

static void set_version(aphd_rockon_t *r)
{
    const char *text = aphd_rockon_text(json_object_get(r->text, "version"), r->p);
    if (text != NULL && strlen(text) <= VERSION_MAX &&
        aphd_grammar_fits(APHD_GRAMMAR_PRINTABLE, text))
        json_object_set_new(r->manifest, "version", json_string(text));
}

apr_status_t aphd_rockon_about(aphd_rockon_t *r)
{
    json_t *title = json_string(r->title);
    const char *plain = aphd_rockon_plain(title, r->p);
    const char *description = text_of(r, "description"), *notes = text_of(r, "more_info");
    const char *id = aphd_rockon_slug(r->title, '-', ID_MAX, r->p);
    json_decref(title);
    if (*id == '\0' || *plain == '\0')
        return aph_error_set(
            r->err, APH_EUNREADABLE, 2457,
            "%.80s: no letter or digit of a-z and 0-9 is in the name, so no id can "
            "be made of it",
            r->title);
    json_object_set_new(r->manifest, "id", json_string(id));
    set_text(r, "title", plain, TITLE_MAX);
    set_text(r, "description", description, TEXT_MAX);
    set_text(r, "summary", summary_of(description, r->p), SUMMARY_MAX);
    if (r->host_page != NULL)
        notes =
            apr_pstrcat(r->p, notes, *notes != '\0' ? "\n\n" : "",
                        "This app is on the network of the machine itself and not behind httpd. "
                        "Its page: ",
                        r->host_page, NULL);
    set_text(r, "notes", aphd_rockon_bare(notes, r->p), TEXT_MAX);
    json_object_set_new(r->manifest, "architectures", architectures_of(description, r->p));
    set_version(r);
    set_links(r);
    return APR_SUCCESS;
}
