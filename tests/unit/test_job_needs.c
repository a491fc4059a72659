/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan needs: layers that are not here, room, memory; who writes its folders, and who has its
 * ports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "helper/job/engine_about.h"
#include "helper/job/image_sizes.h"
#include "helper/job/listener.h"
#include "helper/job/plan_needs.h"
#include "helper/job/writers.h"

static json_t *parse(const char *text)
{
    json_error_t where;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &where);
    if (value == NULL)
        fail_msg("%s: %s", where.text, text);
    return value;
}

static json_int_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* --- sizes --------------------------------------------------------------------------------- */

static const char two_images[] =
    "[{\"pull\":true,\"diff_ids\":[\"a\",\"b\",\"c\"],\"layer_list\":[{\"digest\":\"A\",\"size\":1},"
    "{\"digest\":\"B\",\"size\":10},{\"digest\":\"C\",\"size\":100}]},"
    "{\"pull\":true,\"diff_ids\":[\"a\",\"x\"],\"layer_list\":[{\"digest\":\"A\",\"size\":1},"
    "{\"digest\":\"X\",\"size\":1000}]},"
    "{\"pull\":true,\"layer_list\":null},{\"pull\":false}]";

static void sizes_are(const char *chains, json_int_t first, json_int_t second)
{
    json_auto_t *images = parse(two_images), *here = parse(chains);
    json_auto_t *needs = aphd_image_sizes(images, here);
    assert_int_equal(number(json_array_get(images, 0), "layers"), 111);
    assert_int_equal(number(json_array_get(images, 0), "download"), first);
    assert_int_equal(number(json_array_get(images, 1), "layers"), 1001);
    assert_int_equal(number(json_array_get(images, 1), "download"), second);
    assert_true(json_is_null(json_object_get(json_array_get(images, 2), "download")));
    assert_int_equal(number(json_array_get(images, 3), "download"), 0);
    assert_null(json_object_get(json_array_get(images, 0), "layer_list"));
    assert_int_equal(number(needs, "download"), first + second);
    assert_int_equal(number(needs, "unknown"), 1);
}

static void test_layers_count_once(void **state)
{
    sizes_are("[]", 111, 1000);
    sizes_are("[[\"a\"]]", 110, 1000);
    sizes_are("[[\"a\",\"b\"],[\"q\"]]", 100, 1000);
    sizes_are("[[\"a\",\"b\",\"c\",\"d\"]]", 0, 1000);
    sizes_are("[[\"a\",\"x\"]]", 110, 0);
    /* The same layer on top of others is another one to the engine. */
    sizes_are("[[\"b\",\"c\"]]", 111, 1000);
}

/* --- does it fit --------------------------------------------------------------------------- */

static void fits(json_int_t download, json_int_t disk_free, const char *warning, apr_status_t status)
{
    json_auto_t *plan = json_pack(
        "{s:{s:I, s:I, s:i, s:n}, s:{s:I, s:I, s:s, s:I}}", "needs", "download", download, "disk",
        aphd_image_disk(download), "unknown", 0, "memory", "machine", "memory_free",
        (json_int_t)1000, "disk_free", (json_int_t)5, "images_disk", "/images", "images_disk_free",
        disk_free);
    json_auto_t *none = json_array();
    json_auto_t *warnings = aphd_plan_warnings(json_object_get(plan, "needs"),
                                               json_object_get(plan, "machine"), none);
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aphd_plan_fits(plan, &err), status);
    if (status != APR_SUCCESS)
        assert_non_null(strstr(err.message, "/images"));
    assert_int_equal(json_array_size(warnings), warning != NULL);
    if (warning != NULL)
        assert_non_null(strstr(json_string_value(json_object_get(json_array_get(warnings, 0),
                                                                 "text")), warning));
}

static void test_room(void **state)
{
    const json_int_t giga = 1000000000;
    fits(giga, 10 * giga, NULL, APR_SUCCESS);
    fits(giga, 4 * giga, "about 3.5 GB, unpacked, and 4.0 GB is free", APR_SUCCESS);
    fits(giga, 2 * giga, "disk is short", APR_SUCCESS);
    fits(giga, 2 * giga - 1, "do not fit: 1.0 GB to download", APH_ENOSPACE);
    fits(0, 2 * giga, NULL, APR_SUCCESS);
}

static void test_memory(void **state)
{
    json_auto_t *compose = parse("{\"services\":{\"a\":{\"mem_limit\":100},\"b\":{\"mem_limit\":9,"
                                 "\"mem_reservation\":7},\"c\":{}}}");
    json_auto_t *nothing = parse("{\"services\":{\"c\":{}}}");
    json_auto_t *sum = aphd_plan_memory(compose), *none = aphd_plan_memory(nothing);
    assert_int_equal(json_integer_value(sum), 107);
    assert_true(json_is_null(none));
    assert_int_equal(aphd_plan_available("MemFree: 5 kB\nMemAvailable:   12 kB\n"), 12288);
    assert_int_equal(aphd_plan_available("MemFree: 5 kB\n"), -1);
    assert_int_equal(aphd_plan_available("MemAvailable: x"), -1);
}

static void test_machines(void **state)
{
    static const char *const rows[][3] = {{"x86_64", "amd64", ""}, {"aarch64", "arm64", ""},
                                          {"armv7l", "arm", "v7"}, {"riscv64", "riscv64", ""},
                                          {"amd64", "amd64", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *architecture, *variant;
        aphd_engine_machine(rows[i][0], &architecture, &variant);
        assert_string_equal(architecture, rows[i][1]);
        assert_string_equal(variant, rows[i][2]);
    }
}

/* --- writers ------------------------------------------------------------------------------- */

static const char binds[] =
    "[{\"service\":\"web\",\"path\":\"d\",\"read_only\":false},"
    "{\"service\":\"db\",\"path\":\"d\",\"read_only\":false},"
    "{\"service\":\"ro\",\"path\":\"d\",\"read_only\":true},"
    "{\"service\":\"web\",\"path\":\"e\",\"read_only\":false}]";

/* "UID GID" of the folder's new owner, or "root". */
static const char *owner_of(const char *path, const char *compose, const char *images)
{
    static char text[64];
    json_auto_t *all = parse(binds), *model = parse(compose), *rows = parse(images);
    json_auto_t *writers = aphd_writers_of(path, all, model, rows);
    uid_t uid;
    gid_t gid;
    if (!aphd_writers_owner(writers, &uid, &gid))
        return "root";
    snprintf(text, sizeof text, "%d %d", (int)uid, (int)gid);
    return text;
}

static void test_writers(void **state)
{
    static const char none[] = "{\"services\":{\"web\":{},\"db\":{}}}";
    static const char user[] = "{\"services\":{\"web\":{\"user\":\"5:6\"},\"db\":{}}}";
    static const char puid[] = "{\"services\":{\"web\":{\"environment\":{\"PUID\":\"7\",\"PGID\":"
                               "\"8\"}},\"db\":{}}}";
    static const char both[] = "{\"services\":{\"web\":{\"user\":\"0\",\"environment\":{\"PUID\":"
                               "\"7\"}},\"db\":{}}}";
    static const char root[] = "[{\"service\":\"web\",\"user\":\"\",\"puid\":null},"
                               "{\"service\":\"db\",\"user\":\"root:9\"}]";
    static const char same[] = "[{\"service\":\"web\",\"user\":\"3\"},{\"service\":\"db\",\"user\":"
                               "\"3:4\"}]";
    static const char apart[] = "[{\"service\":\"web\",\"user\":\"3\"},{\"service\":\"db\",\"user\":"
                                "\"4\"}]";
    static const char named[] = "[{\"service\":\"web\",\"user\":\"node\"},{\"service\":\"db\","
                                "\"user\":\"\"}]";
    static const char huge[] = "[{\"service\":\"web\",\"user\":\"4294967296\"}]";
    static const char inside[] = "[{\"service\":\"web\",\"user\":\"\",\"puid\":\"911\",\"pgid\":"
                                 "\"x\"}]";
    assert_string_equal(owner_of("e", none, root), "root");
    assert_string_equal(owner_of("e", none, "[]"), "root");
    assert_string_equal(owner_of("e", user, root), "5 6");
    assert_string_equal(owner_of("d", user, root), "5 6");
    assert_string_equal(owner_of("e", puid, root), "7 8");
    assert_string_equal(owner_of("e", both, same), "root");
    assert_string_equal(owner_of("d", none, same), "3 4");
    assert_string_equal(owner_of("d", none, apart), "root");
    assert_string_equal(owner_of("e", none, named), "root");
    assert_string_equal(owner_of("e", none, huge), "root");
    assert_string_equal(owner_of("e", none, inside), "911 -1");
    assert_string_equal(owner_of("nobody's", none, same), "root");
}

/* --- ports --------------------------------------------------------------------------------- */

static void line_is(const char *line, int udp, int rank)
{
    aphd_listener_t listener = {.rank = -1};
    int is = aphd_listener_line(line, udp, 35001, &listener);
    assert_int_equal(is, rank >= 0);
    if (is) {
        assert_int_equal(listener.rank, rank);
        assert_int_equal(listener.uid, 33);
        assert_int_equal(listener.inode, 4711);
    }
}

#define REST " 00000000:00000000 00:00000000 00000000    33        0 4711 1 0000000000000000 100"
static void test_lines_of_the_kernel(void **state)
{
    line_is("   0: 0100007F:88B9 00000000:0000 0A" REST, 0, 4);
    line_is("   0: 00000000:88B9 00000000:0000 0A" REST, 0, 3);
    line_is("   0: 0000000000000000FFFF00000100007F:88B9 00000000000000000000000000000000:0000 0A"
            REST, 0, 2);
    line_is("   0: 00000000000000000000000000000000:88B9 00000000000000000000000000000000:0000 0A"
            REST, 0, 1);
    line_is("   0: 0501A8C0:88B9 00000000:0000 0A" REST, 0, 0);
    line_is("   0: 0100007F:88B9 0100007F:1234 01" REST, 0, -1);
    line_is("   0: 0100007F:88BA 00000000:0000 0A" REST, 0, -1);
    line_is(" 123: 00000000:88B9 00000000:0000 07" REST, 1, 3);
    line_is(" 123: 00000000:88B9 0100007F:0035 01" REST, 1, -1);
    line_is("  sl  local_address rem_address   st tx_queue", 0, -1);
}

static void test_what_the_engine_publishes(void **state)
{
    json_auto_t *container = parse(
        "{\"NetworkSettings\":{\"IPAddress\":\"\",\"Ports\":{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\","
        "\"HostPort\":\"35001\"}],\"53/udp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"35002\"}],"
        "\"22/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"35003\"}],\"9/tcp\":null},"
        "\"Networks\":{\"x\":{\"IPAddress\":\"10.214.0.2\",\"GlobalIPv6Address\":\"\"}}}}");
    json_auto_t *addresses = json_array();
    aphd_listener_addresses(container, addresses);
    assert_int_equal(json_array_size(addresses), 1);
    assert_true(aphd_listener_published(container, 35001));
    assert_false(aphd_listener_published(container, 35002));
    assert_false(aphd_listener_published(container, 35003));
    assert_false(aphd_listener_published(NULL, 35001));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers_count_once),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_machines),
        cmocka_unit_test(test_writers),
        cmocka_unit_test(test_lines_of_the_kernel),
        cmocka_unit_test(test_what_the_engine_publishes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
