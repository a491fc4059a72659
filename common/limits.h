/* SPDX-License-Identifier: Apache-2.0 */
/* Every bound that more than one program relies on. A length is compared with one of these before
 * anything is allocated for it. */
#ifndef APH_LIMITS_H
#define APH_LIMITS_H

/* An app's port is APH_PORT_BASE + app_id, always on 127.0.0.1. */
#define APH_PORT_BASE          35000
#define APH_APP_ID_MIN         1
#define APH_APP_ID_MAX_DEFAULT 999
#define APH_APP_ID_MAX         30535

#define APH_LABEL_MAX 63  /* octets in one DNS label, RFC 1035 section 2.3.4 */
#define APH_HOST_MAX  253 /* octets in a host name without its trailing dot */

/* Socket of apphostd: length prefix plus one JSON object. */
#define APH_FRAME_MAX        65536 /* octets of JSON in a frame of a client */
#define APH_JOB_FRAME_MAX    4194304 /* between apphostd and its own job children */
#define APH_FRAME_SECONDS    5     /* for a whole frame to arrive once its first octet did */
#define APH_JSON_DEPTH_MAX   16
#define APH_PROTOCOL_VERSION 1

/* Text written by an app's author. */
#define APH_SCRIPT_MAX  49152   /* octets of an install script sent over the socket */
#define APH_VHOST_MAX   65536   /* octets of a vhost template, and of one that was rendered */
#define APH_LIST_MAX    64      /* items of a list argument */
#define APH_LIST_ITEM_MAX 2048  /* octets of one */
#define APH_FOREIGN_MAX 1048576 /* octets of any foreign text handed to the reader */
#define APH_MANIFEST_MAX 4194304 /* octets of one answer of a registry */
#define APH_INDEX_MAX   8388608  /* octets of the index of a catalog */
#define APH_INDEX_ENTRIES_MAX 20000
#define APH_YAML_NODES_MAX  10000
#define APH_YAML_DEPTH_MAX  32
#define APH_YAML_SCALAR_MAX 65536

#define APH_ERROR_TEXT_MAX 1024

#endif
