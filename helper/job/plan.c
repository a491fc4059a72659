/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/plan.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <sodium.h>

#include "helper/job/plan_needs.h"
#include "helper/job/storage_plan.h"

static void hash_text(const char *text, char hash[APHD_HASH_TEXT])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, (const unsigned char *)text, strlen(text));
    sodium_bin2hex(hash, APHD_HASH_TEXT, digest, sizeof digest);
}

static json_t *hashed(const char *text)
{
    char hash[APHD_HASH_TEXT];
    if (text == NULL)
        return json_null();
    hash_text(text, hash);
    return json_string(hash);
}

/* A refusal that root overrides is a kind of its own. */
static int is_of(const json_t *finding, const char *verdict)
{
    const char *is = json_string_value(json_object_get(finding, "verdict"));
    if (json_is_true(json_object_get(finding, "overridden")))
        is = "overridden";
    return is != NULL && strcmp(is, verdict) == 0;
}

/* An id names what is asked about and not all of it: how, where and for whom stands in the rest. The line
 * does not count. */
static int is_same(const json_t *one, const json_t *other)
{
    static const char *const members[] = {"id", "key", "verdict", "rule", "value", "reason",
                                          "consequence", "terms", NULL};
    for (const char *const *member = members; *member != NULL; member++) {
        const json_t *is = json_object_get(one, *member), *was = json_object_get(other, *member);
        if (is != was && !json_equal(is, was))
            return 0;
    }
    return 1;
}

static int has_finding(const json_t *list, const json_t *finding)
{
    size_t i;
    json_t *known;
    json_array_foreach((json_t *)list, i, known)
        if (is_same(known, finding))
            return 1;
    return 0;
}

/* Whether there was consent before. A refusal is none that asks for it. */
static int was_agreed(const aphd_plan_in_t *in, const json_t *finding)
{
    return (is_of(finding, "ask") || is_of(finding, "overridden")) && has_finding(in->agreed, finding);
}

static json_t *findings_agreed(const aphd_plan_in_t *in)
{
    json_t *chosen = json_array();
    size_t i;
    json_t *finding;
    json_array_foreach(in->policy->findings, i, finding)
        if (was_agreed(in, finding))
            json_array_append_new(chosen, json_deep_copy(finding));
    return chosen;
}

/* The findings of one verdict; bare ones lack what may name the port. */
static json_t *findings_of(const aphd_plan_in_t *in, const char *verdict, int bare)
{
    json_t *chosen = json_array();
    size_t i;
    json_t *finding;
    json_array_foreach(in->policy->findings, i, finding) {
        if (!is_of(finding, verdict) || was_agreed(in, finding))
            continue;
        json_t *copy = json_deep_copy(finding);
        if (bare) {
            json_object_del(copy, "value");
            json_object_del(copy, "reason");
            json_object_del(copy, "terms");
        }
        json_array_append_new(chosen, copy);
    }
    return chosen;
}

static json_t *ports_of(const aphd_policy_result_t *policy)
{
    json_t *ports = json_array();
    size_t i;
    json_t *port;
    json_array_foreach(policy->ports, i, port) {
        json_t *copy = json_deep_copy(port);
        if (json_is_true(json_object_get(copy, "web")))
            json_object_set_new(copy, "host", json_null());
        json_array_append_new(ports, copy);
    }
    return ports;
}

/* The rows of list with these members only. */
static json_t *only(const json_t *list, const char *const *keys)
{
    json_t *chosen = json_array();
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)list, i, row) {
        json_t *copy = json_object();
        for (const char *const *key = keys; *key != NULL; key++)
            json_object_set(copy, *key, json_object_get(row, *key));
        json_array_append_new(chosen, copy);
    }
    return chosen;
}

/* An image that is here is what its id says; under which digest it once came changes nothing. */
static json_t *images_of(const json_t *images)
{
    static const char *const agreed[] = {"service", "ref", "pull", "id", "digest", NULL};
    json_t *list = only(images, agreed);
    size_t i;
    json_t *image;
    json_array_foreach(list, i, image)
        if (!json_is_true(json_object_get(image, "pull")))
            json_object_set_new(image, "digest", json_null());
    return list;
}

/* A plan without them says nothing of storage locations. */
static void put_storage(json_t *rows, json_t *content, json_t *plan)
{
    static const char *const agreed[] = {"answer", "path", "new", "read_only", "mounts", NULL};
    if (json_array_size(rows) == 0)
        return;
    json_object_set_new(content, "storage", only(rows, agreed));
    json_object_set(plan, "storage", rows);
    aphd_storage_warn(rows, json_object_get(plan, "warnings"));
}

apr_status_t aphd_plan_make(const aphd_plan_in_t *in, json_t **plan, aph_error_t *err)
{
    static const char *const place[] = {"path", "new", NULL};
    json_t *content = json_pack("{s:s, s:o, s:o, s:b, s:o, s:o, s:O, s:o, s:o}",
        "name", in->name, "script", hashed(in->script),
        "uninstall_script", hashed(in->uninstall_script),
        "web", in->url != NULL,
        "images", images_of(in->images), "folders", only(in->folders, place), "files", in->files,
        "ports", ports_of(in->policy), "asked", findings_of(in, "ask", 1));
    json_object_set_new(content, "overridden", findings_of(in, "overridden", 1));
    json_object_update(content, in->site);
    *plan = json_pack("{s:i, s:s, s:s?, s:s, s:o, s:i, s:s, s:O, s:O, s:O, s:o, s:o, s:o, s:O, s:o}",
        "app_id", in->app_id, "name", in->name, "url", in->url,
        "because", in->because, "content", content,
        "port", in->port, "data", in->data_dir, "images", in->images, "folders", in->folders,
        "needs", in->needs,
        "asked", findings_of(in, "ask", 0), "refused", findings_of(in, "deny", 0),
        "rewritten", findings_of(in, "rewrite", 0), "machine", in->machine,
        "warnings", aphd_plan_warnings(in->needs, in->machine, in->images));
    json_object_set_new(*plan, "overridden", findings_of(in, "overridden", 0));
    if (in->agreed != NULL)
        json_object_set_new(*plan, "agreed", findings_agreed(in));
    put_storage(in->storage, content, *plan);
    if (*plan == NULL)
        return aph_error_set(err, APH_EINTERNAL, 1130, "the plan cannot be written down");
    return APR_SUCCESS;
}

apr_status_t aphd_plan_hash(const json_t *plan, const json_t *secrets, char hash[APHD_HASH_TEXT],
                            aph_error_t *err)
{
    json_auto_t *content = json_copy(json_object_get(plan, "content"));
    if (json_object_size(secrets) > 0)
        json_object_set(content, "secrets", (json_t *)secrets);
    char *text = json_dumps(content, JSON_COMPACT | JSON_SORT_KEYS);
    if (text == NULL)
        return aph_error_set(err, APH_EINTERNAL, 1131, "the plan cannot be hashed");
    hash_text(text, hash);
    free(text);
    return APR_SUCCESS;
}

const char *aphd_plan_list(const json_t *findings, const char *verdict, apr_pool_t *p)
{
    const char *list = "";
    size_t i;
    json_t *finding;
    json_array_foreach(findings, i, finding) {
        const char *key = json_string_value(json_object_get(finding, "key"));
        const char *value = json_string_value(json_object_get(finding, "value"));
        const char *reason = json_string_value(json_object_get(finding, "reason"));
        const char *risk = json_string_value(json_object_get(finding, "consequence"));
        const char *rule = json_string_value(json_object_get(finding, "rule"));
        if (!is_of(finding, verdict))
            continue;
        int line = (int)json_integer_value(json_object_get(finding, "line"));
        list = apr_psprintf(p, "%s%s%s%s%s (%s%s%s%s%s%s)", list, list[0] != '\0' ? "; " : "",
                            key != NULL ? key : "?", value != NULL ? " " : "",
                            value != NULL ? value : "",
                            line > 0 ? apr_psprintf(p, "line %d: ", line) : "",
                            reason != NULL ? reason : "no reason given",
                            risk == NULL ? "" : strcmp(verdict, "overridden") == 0
                                ? "; overridden with --allow " : "; root may override it with --allow ",
                            risk != NULL ? rule : "", risk != NULL ? ": " : "",
                            risk != NULL ? risk : "");
    }
    return list;
}
