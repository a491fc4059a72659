/* SPDX-License-Identifier: Apache-2.0 */
/* A container that has what its model says passes; one with any more power does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "helper/job/verify.h"
#include "helper/job/verify_values.h"

static const char model[] =
    "{\"services\":{\"web\":{\"image\":\"sha256:abc\",\"cap_add\":[\"NET_ADMIN\"],"
    "\"security_opt\":[\"no-new-privileges:true\"],\"devices\":[\"/dev/dri:/dev/dri\"],"
    "\"ports\":[\"127.0.0.1:35007:80/tcp\","
    "{\"target\":22,\"published\":2224,\"protocol\":\"tcp\"}],"
    "\"volumes\":[{\"type\":\"bind\",\"source\":\"/d/7/$$x\",\"target\":\"/config\"},"
    "{\"type\":\"bind\",\"source\":\"/etc/localtime\",\"target\":\"/etc/localtime\","
    "\"read_only\":true},\"data:/data\","
    "{\"type\":\"bind\",\"source\":\"/srv/media/films\",\"target\":\"/films\","
    "\"bind\":{\"propagation\":\"rprivate\"},\"read_only\":true}]},"
    "\"side\":{\"image\":\"sha256:abc\",\"network_mode\":\"service:web\"}}}";

static const char inspected[] =
    "{\"Image\":\"sha256:abc\",\"Config\":{\"Labels\":{\"org.apphost.instance\":\"me\","
    "\"org.apphost.app\":\"7\"}},"
    "\"HostConfig\":{\"Privileged\":false,\"PublishAllPorts\":false,\"PidMode\":\"\","
    "\"IpcMode\":\"private\",\"UTSMode\":\"\",\"UsernsMode\":\"\",\"CgroupParent\":\"\","
    "\"NetworkMode\":\"apphost-1a2b3c4d-7_default\",\"CapAdd\":[\"CAP_NET_ADMIN\"],"
    "\"SecurityOpt\":[\"no-new-privileges\"],\"GroupAdd\":null,"
    "\"Devices\":[{\"PathOnHost\":\"/dev/dri\",\"PathInContainer\":\"/dev/dri\"}],"
    "\"DeviceCgroupRules\":null,\"DeviceRequests\":null,\"VolumesFrom\":[],"
    "\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"35007\"}],"
    "\"22/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"2224\"}]}},"
    "\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/d/7/$x\",\"Destination\":\"/config\","
    "\"RW\":true},"
    "{\"Type\":\"bind\",\"Source\":\"/etc/localtime\",\"Destination\":\"/etc/localtime\","
    "\"RW\":false},{\"Type\":\"bind\",\"Source\":\"/srv/media/films\","
    "\"Destination\":\"/films\",\"RW\":false,\"Propagation\":\"rprivate\"},"
    "{\"Type\":\"volume\",\"Name\":\"n\",\"Source\":\"/v\","
    "\"Destination\":\"/anonymous\",\"RW\":true}]}";

/* Sets the value at a path of keys ("HostConfig.PidMode") to JSON text, and verifies. */
static apr_status_t verify_with(const char *outer, const char *key, const char *value,
                                aph_error_t *err)
{
    json_auto_t *parsed = json_loads(model, 0, NULL);
    json_auto_t *container = json_loads(inspected, 0, NULL);
    aphd_verify_t verify = {parsed, "apphost-1a2b3c4d-7", "me", 7};
    assert_non_null(parsed);
    assert_non_null(container);
    if (key != NULL) {
        json_t *object = outer != NULL ? json_object_get(container, outer) : container;
        json_t *fresh = json_loads(value, JSON_DECODE_ANY, NULL);
        assert_non_null(fresh);
        assert_int_equal(json_object_set_new(object, key, fresh), 0);
    }
    return aphd_verify_container(&verify, "web", container, err);
}

static void test_as_agreed(void **state)
{
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(verify_with(NULL, NULL, NULL, &err), APR_SUCCESS);
    /* less than agreed is fine */
    assert_int_equal(verify_with("HostConfig", "CapAdd", "null", &err), APR_SUCCESS);
    assert_int_equal(verify_with("HostConfig", "Devices", "[]", &err), APR_SUCCESS);
    assert_int_equal(verify_with("HostConfig", "PortBindings", "{}", &err), APR_SUCCESS);
    assert_int_equal(verify_with(NULL, "Mounts", "[]", &err), APR_SUCCESS);
}

static void test_any_more_is_not(void **state)
{
    static const struct { const char *outer, *key, *value; } rows[] = {
        {"HostConfig", "Privileged", "true"},
        {"HostConfig", "PublishAllPorts", "true"},
        {"HostConfig", "PidMode", "\"host\""},
        {"HostConfig", "IpcMode", "\"host\""},
        {"HostConfig", "UTSMode", "\"host\""},
        {"HostConfig", "UsernsMode", "\"host\""},
        {"HostConfig", "CgroupParent", "\"/system.slice\""},
        {"HostConfig", "NetworkMode", "\"host\""},
        {"HostConfig", "NetworkMode", "\"apphost-1a2b3c4d-77_default\""},
        {"HostConfig", "NetworkMode", "\"container:abc\""},
        {"HostConfig", "CapAdd", "[\"NET_ADMIN\",\"SYS_ADMIN\"]"},
        {"HostConfig", "CapAdd", "[\"ALL\"]"},
        {"HostConfig", "SecurityOpt", "[\"no-new-privileges\",\"seccomp=unconfined\"]"},
        {"HostConfig", "SecurityOpt", "[\"no-new-privileges:false\"]"},
        {"HostConfig", "GroupAdd", "[\"0\"]"},
        {"HostConfig", "Devices", "[{\"PathOnHost\":\"/dev/sda\"}]"},
        {"HostConfig", "DeviceCgroupRules", "[\"a *:* rwm\"]"},
        {"HostConfig", "DeviceRequests", "[{\"Count\":-1}]"},
        {"HostConfig", "VolumesFrom", "[\"other\"]"},
        {"HostConfig", "PortBindings", "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"35007\"}]}"},
        {"HostConfig", "PortBindings", "{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\","
                                       "\"HostPort\":\"80\"}]}"},
        {"HostConfig", "PortBindings", "{\"81/tcp\":[{\"HostIp\":\"127.0.0.1\","
                                       "\"HostPort\":\"35007\"}]}"},
        {NULL, "Mounts", "[{\"Type\":\"bind\",\"Source\":\"/\",\"Destination\":\"/config\","
                         "\"RW\":true}]"},
        {NULL, "Mounts", "[{\"Type\":\"bind\",\"Source\":\"/etc/localtime\","
                         "\"Destination\":\"/etc/localtime\",\"RW\":true}]"},
        {NULL, "Mounts", "[{\"Type\":\"bind\",\"Source\":\"/d/7/$x\",\"Destination\":\"/etc\","
                         "\"RW\":true}]"},
        {NULL, "Mounts", "[{\"Type\":\"bind\",\"Source\":\"/srv/media/films\","
                         "\"Destination\":\"/films\",\"RW\":true}]"},
        {NULL, "Mounts", "[{\"Type\":\"bind\",\"Source\":\"/srv/media\","
                         "\"Destination\":\"/films\",\"RW\":false}]"},
        {NULL, "Mounts", "[{\"Type\":\"bind\",\"Source\":\"/srv/media/films\","
                         "\"Destination\":\"/films\",\"RW\":false,\"Propagation\":\"rshared\"}]"},
        {NULL, "Image", "\"sha256:def\""},
        {"Config", "Labels", "{}"},
        {"Config", "Labels", "{\"org.apphost.instance\":\"other\",\"org.apphost.app\":\"7\"}"},
        {"Config", "Labels", "{\"org.apphost.instance\":\"me\",\"org.apphost.app\":\"8\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        aph_error_t err = APH_ERROR_INIT;
        assert_int_equal(verify_with(rows[i].outer, rows[i].key, rows[i].value, &err), APH_EDENIED);
        assert_non_null(strstr(err.message, rows[i].key));
        assert_non_null(strstr(err.message, "web"));
    }
}

static void test_a_shared_network(void **state)
{
    json_auto_t *parsed = json_loads(model, 0, NULL);
    json_auto_t *container = json_loads(inspected, 0, NULL);
    aphd_verify_t verify = {parsed, "apphost-1a2b3c4d-7", "me", 7};
    json_t *host = json_object_get(container, "HostConfig");
    json_object_set_new(host, "NetworkMode", json_string("container:0123"));
    json_object_set_new(host, "CapAdd", json_null());
    json_object_set_new(host, "Devices", json_null());
    json_object_set_new(host, "SecurityOpt", json_null());
    json_object_set_new(host, "PortBindings", json_null());
    json_object_set_new(container, "Mounts", json_array());
    assert_int_equal(aphd_verify_container(&verify, "side", container, NULL), APR_SUCCESS);
    json_object_set_new(host, "NetworkMode", json_string("host"));
    assert_int_equal(aphd_verify_container(&verify, "side", container, NULL), APH_EDENIED);
    assert_int_equal(aphd_verify_container(&verify, "stranger", container, NULL), APH_EDENIED);
}

static void test_ports_in_both_forms(void **state)
{
    static const struct { const char *json, *text; } rows[] = {
        {"\"80\"", "::80/tcp"},
        {"\"35007:80\"", ":35007:80/tcp"},
        {"\"0.0.0.0:35007:80\"", ":35007:80/tcp"},
        {"\"127.0.0.1:35007:80/udp\"", "127.0.0.1:35007:80/udp"},
        {"{\"target\":80,\"published\":\"35007\",\"host_ip\":\"127.0.0.1\"}",
         "127.0.0.1:35007:80/tcp"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[128];
        json_auto_t *value = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);
        aphd_normal_port(value, text, sizeof text);
        assert_string_equal(text, rows[i].text);
    }
}

/* Verifies a container whose model has those members beside the others. */
static apr_status_t verify_overridden(const char *members, const char *key, const char *value)
{
    aph_error_t err = APH_ERROR_INIT;
    json_auto_t *parsed = json_loads(model, 0, NULL), *more = json_loads(members, 0, NULL);
    json_auto_t *container = json_loads(inspected, 0, NULL);
    aphd_verify_t verify = {parsed, "apphost-1a2b3c4d-7", "me", 7};
    json_object_update(json_object_get(json_object_get(parsed, "services"), "web"), more);
    json_object_set_new(json_object_get(container, "HostConfig"), key,
                        json_loads(value, JSON_DECODE_ANY, NULL));
    return aphd_verify_container(&verify, "web", container, &err);
}

/* Exactly what was overridden, and nothing beside it. */
static void test_overridden(void **state)
{
    static const char pid[] = "{\"pid\":\"host\"}", users[] = "{\"userns_mode\":\"host\"}";
    static const char net[] = "{\"network_mode\":\"host\"}", all[] = "{\"privileged\":true}";
    static const char ipc[] = "{\"ipc\":\"host\"}";
    static const char unlabelled[] = "[\"no-new-privileges:true\",\"label=disable\"]";
    assert_int_equal(verify_overridden(pid, "PidMode", "\"host\""), APR_SUCCESS);
    assert_int_equal(verify_overridden(pid, "PidMode", "\"container:x\""), APH_EDENIED);
    assert_int_equal(verify_overridden(pid, "IpcMode", "\"host\""), APH_EDENIED);
    assert_int_equal(verify_overridden(ipc, "IpcMode", "\"host\""), APR_SUCCESS);
    assert_int_equal(verify_overridden(users, "UsernsMode", "\"host\""), APR_SUCCESS);
    assert_int_equal(verify_overridden(net, "NetworkMode", "\"host\""), APR_SUCCESS);
    assert_int_equal(verify_overridden(net, "NetworkMode", "\"bridge\""), APH_EDENIED);
    assert_int_equal(verify_overridden(all, "Privileged", "true"), APR_SUCCESS);
    assert_int_equal(verify_overridden(all, "PidMode", "\"host\""), APH_EDENIED);
    assert_int_equal(verify_overridden(all, "UTSMode", "\"host\""), APH_EDENIED);
    assert_int_equal(verify_overridden(pid, "SecurityOpt", unlabelled), APR_SUCCESS);
    assert_int_equal(verify_overridden(users, "SecurityOpt", unlabelled), APH_EDENIED);
    assert_int_equal(verify_overridden(pid, "SecurityOpt", "[\"seccomp=unconfined\"]"), APH_EDENIED);
}

/* Podman calls the mode of any network "bridge", as Docker does the one that all containers share. */
static void test_networks_of_podman(void **state)
{
    static const struct { const char *networks; apr_status_t status; } rows[] = {
        {"{\"apphost-1a2b3c4d-7_default\":{}}", APR_SUCCESS},
        {"{\"apphost-1a2b3c4d-77_default\":{}}", APH_EDENIED},
        {"{\"apphost-1a2b3c4d-7_default\":{},\"podman\":{}}", APH_EDENIED},
        {"{\"bridge\":{}}", APH_EDENIED},
        {"{}", APH_EDENIED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_auto_t *parsed = json_loads(model, 0, NULL);
        json_auto_t *container = json_loads(inspected, 0, NULL);
        aphd_verify_t verify = {parsed, "apphost-1a2b3c4d-7", "me", 7};
        aph_error_t err = APH_ERROR_INIT;
        json_object_set_new(json_object_get(container, "HostConfig"), "NetworkMode",
                            json_string("bridge"));
        json_object_set_new(container, "NetworkSettings",
                            json_pack("{s:o}", "Networks", json_loads(rows[i].networks, 0, NULL)));
        assert_int_equal(aphd_verify_container(&verify, "web", container, &err), rows[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_agreed),
        cmocka_unit_test(test_any_more_is_not),
        cmocka_unit_test(test_a_shared_network),
        cmocka_unit_test(test_networks_of_podman),
        cmocka_unit_test(test_ports_in_both_forms),
        cmocka_unit_test(test_overridden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
