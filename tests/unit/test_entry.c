/* SPDX-License-Identifier: Apache-2.0 */
/* What is read of a manifest, what is refused and why; texts made plain; and what a lying reader cannot
 * bring past the parent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "helper/read/entry.h"
#include "helper/read/entry_form.h"
#include "helper/read/entry_table.h"

static apr_pool_t *p;

/* JSON with ' for ", so that a row stays one to read. */
static char *json(const char *text)
{
    char *out = apr_pstrdup(p, text);
    for (char *at = out; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    return out;
}

#define SERVICES "'compose':{'services':{'app':{'image':'example/app:1'}}}"
#define HEAD     "'apphost':1,'id':'app','revision':1,'title':'App',"

static json_t *reads_n(const char *text, size_t length, aph_error_t *err)
{
    json_t *entry = NULL;
    *err = (aph_error_t)APH_ERROR_INIT;
    aphd_entry_read(APHD_ENTRY_APPHOST, text, length, &entry, p, err);
    return entry;
}

static json_t *reads(const char *text)
{
    aph_error_t err;
    json_t *entry = reads_n(text, strlen(text), &err);
    if (entry == NULL)
        fail_msg("%s: %s", text, err.message);
    assert_true(aphd_entry_form(entry));
    return entry;
}

static void refused_n(const char *text, size_t length, const char *piece)
{
    aph_error_t err;
    assert_null(reads_n(text, length, &err));
    assert_int_equal(err.status, APH_EUNREADABLE);
    if (strstr(err.message, piece) == NULL)
        fail_msg("%.200s: %s", text, err.message);
}

static void refused(const char *text, const char *piece)
{
    refused_n(text, strlen(text), piece);
}

static void test_least(void **state)
{
    json_t *entry = reads(json("{" HEAD SERVICES "}"));
    assert_string_equal(json_string_value(json_object_get(entry, "format")), "apphost");
    assert_true(json_is_null(json_object_get(entry, "web")));
    assert_true(json_is_true(json_object_get(entry, "automatic_updates")));
    assert_null(json_object_get(entry, "compose"));
    size_t count;
    const aphd_member_t *rows = aphd_members(&count);
    for (size_t i = 0; i < count; i++)
        if (rows[i].object == APHD_OBJECT_ENTRY && (rows[i].flags & APHD_MEMBER_SOURCE) == 0)
            assert_non_null(json_object_get(entry, rows[i].name));
    json_decref(entry);
}

/* JSON that one reader takes and another does not, or takes otherwise. */
static void test_strict_json(void **state)
{
    static const struct {
        const char *text, *piece;
    } rows[] = {
        {"", "not JSON"},
        {"[]", "not a JSON object"},
        {"{" HEAD SERVICES ",}", "not JSON"},
        {"{" HEAD SERVICES "} {}", "not JSON"},
        {"{" HEAD SERVICES ",'summary':NaN}", "not JSON"},
        {"{" HEAD SERVICES ",'memory':1e999}", "not JSON"},
        {"{" HEAD SERVICES ",'memory':99999999999999999999}", "not JSON"},
        {"{" HEAD SERVICES ",'memory':1.0}", "memory should be a whole number"},
        {"{" HEAD SERVICES ",'summary':'\\ud800'}", "not JSON"},
        {"{" HEAD SERVICES ",'summary':'\\u0000'}", "not JSON"},
        {"{" HEAD SERVICES ",'summary':'\xC3'}", "not JSON"},
        {"{" HEAD SERVICES ",'summary':'a\nb'}", "not JSON"},
        {"{" HEAD SERVICES ",'id':'b'}", "not JSON: duplicate"},
        {"{" HEAD "'compose':{'services':{'app':{'image':'a','image':'b'}}}}", "not JSON: duplicate"},
        {"\xEF\xBB\xBF{" HEAD SERVICES "}", "byte order mark"},
        {"{" HEAD "'build':{}," SERVICES "}", "build is kept for a later release"},
        {"{" HEAD "'bundle':'x'," SERVICES "}", "bundle is kept for a later release"},
        {"{" HEAD "'tittle':'x'," SERVICES "}", "tittle is no member"},
        {"{" HEAD "'web':{'service':'app','port':1,'prot':2}," SERVICES "}", "web.prot is no member"},
        {"{" HEAD "'script':'x'," SERVICES "}", "has both"},
        {"{'apphost':1,'id':'app','revision':1,'title':'App'}", "has none"},
        {"{'apphost':2,'id':'app','revision':1,'title':'App'," SERVICES "}", "apphost should be"},
        {"{" HEAD "'compose':{'app':{'image':'a'}}}", "compose: it has no services"},
        {"{" HEAD "'compose':{'services':{'app':7}}}", "should be a mapping"},
        {"{" HEAD "'compose':{'services':{'app':{'command':'a\\u0007'}}}}", "control character"},
        {"{" HEAD "'web':{'service':'other','port':1}," SERVICES "}", "web names the service other"},
        {"{" HEAD "'prepare':'other'," SERVICES "}", "prepare names the service other"},
        {"{" HEAD "'files':[{'path':'a','text':''},{'path':'a/b','text':''}]," SERVICES "}", "in the way"},
        {"{" HEAD "'files':[{'path':'a','text':''},{'path':'a','text':''}]," SERVICES "}", "in the way"},
        {"{" HEAD "'was':['a','a']," SERVICES "}", "was[1] stands here for the second time"},
        {"{" HEAD "'permissions':[{'id':'x'}]," SERVICES "}", "permissions[0].reason is missing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refused(json(rows[i].text), rows[i].piece);
    json_decref(reads(json("{" HEAD SERVICES ",'x-own':{'a':[1.5,null]},'summary':'\\ud83d\\ude00'}")));
}

/* A manifest with something repeated n times in front of its services. */
static char *repeated(const char *before, const char *piece, size_t n, const char *after)
{
    size_t length = strlen(piece), head = strlen(before);
    char *out = apr_palloc(p, head + n * length + strlen(after) + 1);
    memcpy(out, before, head);
    for (size_t i = 0; i < n; i++)
        memcpy(out + head + i * length, piece, length);
    memcpy(out + head + n * length, after, strlen(after) + 1);
    return json(out);
}

static void test_limits(void **state)
{
    /* 16 levels: the manifest, compose, services, app, and twelve of its own. */
    json_decref(reads(repeated("{" HEAD "'x-own':", "[", 15, repeated("", "]", 15, "," SERVICES "}"))));
    refused(repeated("{" HEAD "'x-own':", "[", 16, repeated("", "]", 16, "," SERVICES "}")), "deeper than 16");
    refused(repeated("", "[", 1000000, ""), "deeper than 16");
    const char *whole = json("{" HEAD SERVICES "}");
    json_decref(reads(repeated("", " ", APH_FOREIGN_MAX - strlen(whole), whole)));
    refused(repeated("", " ", APH_FOREIGN_MAX + 1 - strlen(whole), whole), "1048577 octets");
    json_decref(reads(repeated("{" HEAD "'description':'", "\xC3\xA9", 20000, "'," SERVICES "}")));
    refused(repeated("{" HEAD "'description':'", "\xC3\xA9", 20001, "'," SERVICES "}"), "20001 characters");
    json_decref(reads(repeated("{" HEAD "'files':[{'path':'a','text':'", "x", 262144, "'}]," SERVICES "}")));
    refused(repeated("{" HEAD "'files':[{'path':'a','text':'", "x", 262145, "'}]," SERVICES "}"), "262145");
    /* One short word that becomes long may not stand there often enough. */
    refused(repeated("{" HEAD "'files':[{'path':'a','text':'", "{{url}}", 37000,
                     repeated("'},{'path':'b','text':'", "{{url}}", 37000, "'}]," SERVICES "}")),
            "more than 1048576 octets");
    refused(repeated("{" HEAD "'compose':{'services':{'app':{'command':['", "a','", 10000, "a']}}}}"),
            "more than 10000 values");
}

static void test_plain(void **state)
{
    static const struct {
        const char *html, *plain;
    } rows[] = {
        {"", ""},
        {"a < b && c > d", "a < b && c > d"},
        {"<p>One</p><p>Two</p>", "One\n\nTwo"},
        {"One\n\n\n\nTwo  \t three ", "One\n\nTwo three"},
        {"a<br>b<BR/>c", "a\nb\nc"},
        {"<ul><li>a<li>b</ul>c", "- a\n- b\nc"},
        {"<b>bo</b>ld", "bold"},
        {"<script>alert(1)</script >x", "x"},
        {"<ScRiPt>a<b></sCrIpT>x", "x"},
        {"<script>never ends", ""},
        {"<script>a</scripty>b</script>c", "c"},
        {"<style>p{}</style>y", "y"},
        {"<svg onload=x><p>in</p></svg>out", "out"},
        {"<a href=\"a>b\" title='c>d'>link</a>", "link"},
        {"<a href=\"never closed>text", "text"},
        {"<a never closed", ""},
        {"x<!-- a > b --><!doctype html><?php 1 ?>y", "xy"},
        {"x<!-- never ends", "x"},
        {"&lt;b&gt; &amp;amp; &quot;&#65;&#x42;&apos;", "<b> &amp; \"AB'"},
        {"&unknown; &#xD800; &#0; &#99999999; &; &#;", "&unknown; &#xD800; &#0; &#99999999; &; &#;"},
        {"&#27;[31mred&#x202E;", "[31mred"},
        {"a\x1B[0m\x07z", "a[0mz"},
        {"a\xE2\x80\xAE z", "a z"},
        {"a\xE2\x80\xA8" "b", "a\nb"},
        {"\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x9A\x80", "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x9A\x80"},
        {"a\xFFz", "a?z"},
        {"caf&eacute; \xC2\xA9", "caf\xC3\xA9 \xC2\xA9"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(aphd_entry_plain(rows[i].html, strlen(rows[i].html), p), rows[i].plain);
    /* What would be slow if anything were looked at twice. */
    static const char *const bombs[] = {"<a \"", "<a '", "<!--", "<script>", "&#x", "<", "</", "<p", "&amp", "<a b='\">"};
    for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++) {
        const char *bomb = repeated("", bombs[i], APH_FOREIGN_MAX / strlen(bombs[i]), "");
        assert_true(strlen(aphd_entry_plain(bomb, strlen(bomb), p)) <= strlen(bomb));
    }
}

static void test_texts_are_plain(void **state)
{
    json_t *entry = reads(json("{'apphost':1,'id':'a','revision':1,'title':'A\\n<b>B</b>\\u001b[1m',"
                               "'description':'<p>x<p>y','advisory':'a<br>b'," SERVICES "}"));
    assert_string_equal(json_string_value(json_object_get(entry, "title")), "A B[1m");
    assert_string_equal(json_string_value(json_object_get(entry, "description")), "x\n\ny");
    assert_string_equal(json_string_value(json_object_get(entry, "advisory")), "a b");
    json_decref(entry);
    refused(json("{'apphost':1,'id':'a','revision':1,'title':'<b></b>'," SERVICES "}"), "title has no text");
}

/* --- questions ------------------------------------------------------------------------------ */

#define ASKS(question) "{" HEAD "'questions':[{'id':'q','label':'Q'," question "}]," SERVICES "}"

static void test_questions(void **state)
{
    static const struct {
        const char *question, *piece; /* NULL: taken */
    } rows[] = {
        {"'kind':'port','service':'app','target':'80'", NULL},
        {"'kind':'port','service':'app','target':'65535','default':1,'protocol':'both','min':1,'max':9", NULL},
        {"'kind':'port','service':'app','target':'65536'", "needs a target"},
        {"'kind':'port','service':'app','target':'0'", "needs a target"},
        {"'kind':'port','service':'app'", "needs a target"},
        {"'kind':'port','target':'80'", "names no service"},
        {"'kind':'port','service':'other','target':'80'", "question q names the service other"},
        {"'kind':'port','service':'app','target':'80','default':65536", "default that is not a port"},
        {"'kind':'port','service':'app','target':'80','default':9,'min':10", "default that is below 10"},
        {"'kind':'port','service':'app','target':'80','type':'choice'", "has a type"},
        {"'kind':'port','service':'app','target':'80','min_size':9", "min_size, which is for"},
        {"'kind':'storage','service':'app','target':'/data','read_only':true,'min_size':9", NULL},
        {"'kind':'storage','service':'app','target':'data'", "absolute path"},
        {"'kind':'storage','service':'app','target':'/a/../b'", "absolute path"},
        {"'kind':'storage','service':'app','target':'/data','default':'disk'", "default, which is for"},
        {"'kind':'device','service':'app'", NULL},
        {"'kind':'device','service':'app','target':'/dev/x','default':'/dev/x'", NULL},
        {"'kind':'device','service':'app','default':'/etc/passwd'", "is not a device"},
        {"'kind':'device','service':'app','default':'/dev/../etc/passwd'", "is not a device"},
        {"'kind':'environment','service':'app','target':'A-B'", "name of a variable"},
        {"'kind':'environment','service':'app','target':'A','protocol':'tcp'", "protocol, which is for"},
        {"'kind':'environment','service':'app','target':'A','generate':20", "type secret"},
        {"'kind':'environment','service':'app','target':'A','type':'secret','generate':8", NULL},
        {"'kind':'environment','service':'app','target':'A','type':'secret','generate':7", "from 8 to 128"},
        {"'kind':'custom'", NULL},
        {"'kind':'custom','service':'app'", "names a service"},
        {"'kind':'custom','target':'x'", "has a target"},
        {"'kind':'custom','type':'choice'", "offers no choices"},
        {"'kind':'custom','type':'choice','choices':[{'value':'a'},{'value':'a'}]", "choice twice"},
        {"'kind':'custom','type':'choice','choices':[{'value':1},{'value':true}],'default':1", NULL},
        {"'kind':'custom','type':'choice','choices':[{'value':1}],'default':2", "none of its choices"},
        {"'kind':'custom','choices':[{'value':1}]", "choices, which is for"},
        {"'kind':'custom','type':'boolean','default':true", NULL},
        {"'kind':'custom','type':'boolean','default':1", "neither true nor false"},
        {"'kind':'custom','type':'integer','default':'07'", "not a whole number"},
        {"'kind':'custom','type':'integer','default':-7,'min':-7,'max':-7", NULL},
        {"'kind':'custom','min':2,'max':1", "min above its max"},
        {"'kind':'custom','pattern':'[a-z]+','default':'a1'", "does not match"},
        {"'kind':'custom','pattern':'a|ab','default':'ab'", NULL},
        {"'kind':'custom','pattern':'['", "no POSIX"},
        {"'kind':'custom','pattern':'(a)\\\\1'", "back reference"},
        {"'kind':'custom','pattern':'a{1000}'", NULL},
        {"'kind':'custom','pattern':'a{1001}'", "repeats too much"},
        {"'kind':'custom','pattern':'((a{10}){10}){11}'", "repeats too much"},
        {"'kind':'custom','pattern':'a)(b'", "no POSIX"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *text = json(apr_pstrcat(p, "{" HEAD "'questions':[{'id':'q','label':'Q',",
                                            rows[i].question, "}]," SERVICES "}", NULL));
        if (rows[i].piece != NULL)
            refused(text, rows[i].piece);
        else
            json_decref(reads(text));
    }
    refused(json("{" HEAD "'questions':[{'id':'q','label':'Q','kind':'custom'},"
                 "{'id':'q','label':'Q','kind':'custom'}]," SERVICES "}"), "second time");
}

/* --- a reader that lies --------------------------------------------------------------------- */

static void test_lies(void **state)
{
    static const struct {
        const char *member, *value;
    } rows[] = {
        {"id", "'../x'"}, {"id", "7"}, {"id", "''"}, {"revision", "-1"}, {"revision", "2147483648"},
        {"title", "'\\u001b[2J'"}, {"title", "'a\\nb'"}, {"title", "'\\u202e'"}, {"title", "null"},
        {"description", "'\\u0007'"}, {"version", "'\\u009b'"}, {"icon", "'http://a/'"}, {"icon", "''"},
        {"icon", "'javascript:x'"}, {"links", "{'website':'javascript:x'}"}, {"links", "[]"},
        {"web", "{'service':'a','port':0,'scheme':'http','path':'/','only':false}"},
        {"web", "{'service':'a','port':1,'scheme':'file','path':'/','only':false}"},
        {"web", "{'service':'a','port':1,'scheme':'http','path':'//evil','only':false}"},
        {"web", "{'service':'a','port':1}"}, {"was", "['..']"}, {"questions", "{}"}, {"questions", "[7]"},
        {"questions", "[{}]"}, {"files", "[{'path':'/etc/passwd','when':'install'}]"},
        {"files", "[{'path':'a/../b','when':'install'}]"}, {"files", "[{'path':'a','when':'never'}]"},
        {"data", "[{'path':'..','backup':'keep','text':''}]"}, {"memory", "'7'"}, {"memory", "-7"},
        {"health", "{'path':'x','seconds':1}"}, {"credentials", "[{'label':'a','user':'\\u001b','password':''}]"},
        {"digests", "{'a':'sha256:x'}"}, {"digests", "{'\\u001b':'sha256:x'}"}, {"options", "['auth-file=/x']"},
        {"kind", "'../x'"}, {"prepare", "'a b'"}, {"obsolete", "0"}, {"automatic_updates", "null"},
        {"deprecated", "'\\u0000'"}, {"format", "'other'"}, {"advisory", "7"},
    };
    json_t *entry = reads(json("{" HEAD SERVICES "}"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *lie = json_copy(entry);
        json_object_set_new(lie, rows[i].member, json_loads(json(rows[i].value),
                                                            JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL));
        if (aphd_entry_form(lie))
            fail_msg("%s: %s", rows[i].member, rows[i].value);
        json_decref(lie);
    }
    const char *member;
    json_t *value;
    json_object_foreach(entry, member, value) {
        json_t *less = json_copy(entry);
        json_object_del(less, member);
        assert_false(aphd_entry_form(less));
        json_decref(less);
    }
    json_decref(entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least),      cmocka_unit_test(test_strict_json),
        cmocka_unit_test(test_limits),     cmocka_unit_test(test_plain),
        cmocka_unit_test(test_texts_are_plain), cmocka_unit_test(test_questions),
        cmocka_unit_test(test_lies),
    };
    apr_initialize();
    apr_pool_create(&p, NULL);
    return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
