/* SPDX-License-Identifier: Apache-2.0 */
/* What of a plan's images has to be downloaded. Pure.
 *
 * A registry sells compressed layers, the engine keeps unpacked ones, and only an image's
 * configuration knows both: its diff_ids, in the order of the layers. An engine reuses a layer where
 * everything below it is the same, so what is here already is the longest beginning that the list
 * of diff_ids has in common with an image of the engine. */
#ifndef APHD_IMAGE_SIZES_H
#define APHD_IMAGE_SIZES_H

#include <jansson.h>

/* Octets that are needed while images are downloaded and unpacked: the layers themselves, and of
 * each about 2.5 times its size when unpacked. */
json_int_t aphd_image_disk(json_int_t download);

/* Below this even layers that do not grow at all when unpacked cannot be kept. */
json_int_t aphd_image_disk_least(json_int_t download);

/* images: [{"pull":BOOL, "layer_list":[{"digest","size"}...]|null, "diff_ids":[S...]|null, ...}...];
 * each row receives "layers" (octets of all of them) and "download" (of those that are neither here
 * nor in an earlier row), null where they are not known, and loses the two lists. chains: of each
 * image of the engine, its diff_ids. Returns {"download":N,"disk":N,"unknown":N}: the sums of what
 * is known, and how many images are not. New reference. */
json_t *aphd_image_sizes(json_t *images, const json_t *chains);

#endif
