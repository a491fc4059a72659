/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's tables: routes and sockets. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "helper/job/port_probe.h"
#include "helper/job/subnets.h"

static void test_route_lines(void **state)
{
    char cidr[APHD_CIDR_MAX];
    assert_true(aphd_route_cidr("eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
                                cidr));
    assert_string_equal(cidr, "192.0.2.0/24");
    assert_true(aphd_route_cidr("br0\t0000D50A\t00000000\t0001\t0\t0\t0\tF0FFFFFF\t0\t0\t0", cidr));
    assert_string_equal(cidr, "10.213.0.0/28");
    assert_true(aphd_route_cidr("tun0\t0100000A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0",
                                cidr));
    assert_string_equal(cidr, "10.0.0.1/32");
    /* the default route, the heading, a route that is down, a mask with holes, rubbish */
    assert_false(aphd_route_cidr("eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
                                 cidr));
    assert_false(aphd_route_cidr("Iface\tDestination\tGateway \tFlags\tRefCnt", cidr));
    assert_false(aphd_route_cidr("eth0\t000200C0\t00000000\t0000\t0\t0\t0\t00FFFFFF\t0\t0\t0",
                                 cidr));
    assert_false(aphd_route_cidr("eth0\t000200C0\t00000000\t0001\t0\t0\t0\tFF00FFFF\t0\t0\t0",
                                 cidr));
    assert_false(aphd_route_cidr("", cidr));
}

static void test_taken(void **state)
{
    char path[] = "/tmp/aph-routes-XXXXXX";
    int fd = mkstemp(path);
    json_t *networks = json_loads(
        "[{\"IPAM\":{\"Config\":[{\"Subnet\":\"172.17.0.0/16\"},{\"Subnet\":\"fd00::/64\"}]}},"
        "{\"IPAM\":{\"Config\":null}},{\"IPAM\":{\"Config\":[{}]}}]", 0, NULL);
    json_t *taken = NULL;
    aph_error_t err = APH_ERROR_INIT;
    dprintf(fd, "Iface\tDestination\n"
                "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
                "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n");
    close(fd);
    assert_int_equal(aphd_subnets_taken(networks, path, &taken, &err), APR_SUCCESS);
    assert_int_equal(json_array_size(taken), 2);
    assert_string_equal(json_string_value(json_array_get(taken, 0)), "172.17.0.0/16");
    assert_string_equal(json_string_value(json_array_get(taken, 1)), "192.0.2.0/24");
    json_decref(taken);
    unlink(path);
    assert_int_not_equal(aphd_subnets_taken(networks, path, &taken, &err), APR_SUCCESS);
    json_decref(taken);
    json_decref(networks);
}

static void test_socket_lines(void **state)
{
    int listening = -1;
    const char *listener = "   2: 0100007F:88BF 00000000:0000 0A 00000000:00000000 00:00000000 "
                           "00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0";
    const char *client = "   3: 0100007F:88BF 0100007F:0050 01 00000000:00000000 00:00000000 "
                         "00000000  1000        0 4712 1 0000000000000000 20 4 30 10 -1";
    assert_int_equal(aphd_port_line_inode(listener, 35007, &listening), 4711);
    assert_true(listening);
    assert_int_equal(aphd_port_line_inode(client, 35007, &listening), 4712);
    assert_false(listening);
    assert_int_equal(aphd_port_line_inode(listener, 35008, &listening), 0);
    assert_int_equal(aphd_port_line_inode("  sl  local_address rem_address", 35007, &listening), 0);
}

static void test_a_bound_port_and_its_owner(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof at;
    char owner[APHD_PORT_OWNER_MAX], wanted[64];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    int port = ntohs(at.sin_port);
    assert_false(aphd_port_free("127.0.0.1", port));
    assert_false(aphd_port_free("0.0.0.0", port));
    aphd_port_owner(port, owner);
    snprintf(wanted, sizeof wanted, "process %d (", (int)getpid());
    assert_non_null(strstr(owner, wanted));
    close(fd);
    assert_true(aphd_port_free("127.0.0.1", port));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_route_lines),
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_socket_lines),
        cmocka_unit_test(test_a_bound_port_and_its_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
