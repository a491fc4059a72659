/* SPDX-License-Identifier: Apache-2.0 */
/* The normal form of a compose file: what the reader hands over and the policy judges. JSON, because it
 * crosses a process border; this page is its definition.
 *
 *   {"format":1|2,                     1: services stood at the top level
 *    "top":      [KEY...],             keys at the top level that are not sections (name, version, x-...)
 *    "services": [SECTION...], "networks": [SECTION...], "volumes": [SECTION...],
 *    "configs":  [SECTION...], "secrets":  [SECTION...]}
 *   SECTION = {"name":S,"line":N,"keys":[KEY...]}
 *   KEY     = {"key":S,"line":N,"shape":SHAPE,"value":V}
 *
 * SHAPE says what V is; a value that does not have its key's shape is "other", and denied:
 *   string  S                          bool   true|false        int   N
 *   list    [{"line":N,"value":S}...]
 *   map     [{"line":N,"key":S,"value":S|null}...]      from "K: V" and from "K=V" alike
 *   ports   [{"line":N,"host_ip":S|null,"published":S|null,"target":S,"protocol":"tcp"|"udp",
 *             "extra":[S...]}...]
 *   mounts  [{"line":N,"type":S,"source":S|null,"target":S,"read_only":BOOL,"options":[[S,V]...]}...]
 *   tree    {...} as written, scalars as strings, each {"line":N,"value":...}    for nested sections
 *   other   null
 */
#ifndef APHD_MODEL_H
#define APHD_MODEL_H
#endif
