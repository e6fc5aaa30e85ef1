/* Reads the bundle file: this program, the payload, the payload's footer, source, manifest, trailer.
 *
 * The footer is the last 64 bytes of the executable region: where the index is, how long it is, its digest, 8 zero
 * bytes, "DAGFLOE1". The index names every file: see build/payload.py, which writes it.
 */

#include "launcher.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRAILER_BYTES = 64, FOOTER_BYTES = 64, MAX_FILES = 1000000 };

static uint32_t read_u32(const uint8_t *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

struct reader {
    const uint8_t *at, *end;
    int is_short;
};

static const uint8_t *take(struct reader *reader, size_t length) {
    if (reader->is_short || (size_t)(reader->end - reader->at) < length) {
        reader->is_short = 1;
        return NULL;
    }
    reader->at += length;
    return reader->at - length;
}

static uint64_t take_number(struct reader *reader) {
    const uint8_t *at = take(reader, 8);
    return at ? read_u64(at) : 0;
}

/* A text, which ends with a zero byte in the index, too. */
static const char *take_text(struct reader *reader) {
    uint64_t length = take_number(reader);
    const uint8_t *at = length < PATH_MAX ? take(reader, length + 1) : NULL;
    if (at == NULL || at[length] != 0 || strlen((const char *)at) != length) {
        reader->is_short = 1;
        return "";
    }
    return (const char *)at;
}

/* Whether a path stays inside the folder that it is in. */
static int is_inside(const char *path) {
    if (*path == 0 || *path == '/') {
        return 0;
    }
    for (const char *part = path; part != NULL; part = strchr(part, '/')) {
        part += *part == '/';
        if (*part == 0 || *part == '/' || strncmp(part, "./", 2) == 0 || strcmp(part, ".") == 0 ||
            strncmp(part, "../", 3) == 0 || strcmp(part, "..") == 0) {
            return 0;
        }
    }
    return 1;
}

static int read_index(struct bundle *bundle, struct reader *reader, const uint8_t *map, size_t limit) {
    const uint8_t *magic = take(reader, 8);
    if (magic == NULL || memcmp(magic, "DFINDEX1", 8) != 0) {
        return -1;
    }
    bundle->name = take_text(reader);
    bundle->program = take_text(reader);
    bundle->place = take_text(reader);
    bundle->loader = take_text(reader);
    bundle->libc_version = take_text(reader);
    uint64_t count = take_number(reader);
    if (reader->is_short || count > MAX_FILES || (bundle->files = calloc(count + 1, sizeof *bundle->files)) == NULL) {
        return -1;
    }
    bundle->count = (uint32_t)count;
    for (uint32_t i = 0; i < bundle->count; i++) {
        struct file *file = &bundle->files[i];
        uint64_t kind = take_number(reader);
        uint64_t offset = take_number(reader);
        file->size = take_number(reader);
        file->stored = take_number(reader);
        const uint8_t *told = take(reader, DIGEST_BYTES);
        file->path = take_text(reader);
        if (reader->is_short || kind > 2 || !is_inside(file->path) || offset > limit || file->stored > limit - offset ||
            file->size > SIZE_MAX / 2 || (kind == 2 && (file->stored != file->size || file->size >= PATH_MAX))) {
            return -1;
        }
        file->is_program = kind == 1;
        file->is_link = kind == 2;
        file->data = map + offset;
        memcpy(file->digest, told, DIGEST_BYTES);
    }
    return reader->at == reader->end && is_inside(bundle->program) ? 0 : -1;
}

int read_bundle(struct bundle *bundle, char *why) {
    struct stat status;
    ssize_t length = readlink("/proc/self/exe", bundle->path, sizeof bundle->path - 1);
    if (length < 0) {
        snprintf(why, REASON_BYTES, "/proc is not there, and the program cannot find its own file without it");
        return -1;
    }
    bundle->path[length] = 0;
    int descriptor = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 || fstat(descriptor, &status) != 0) {
        snprintf(why, REASON_BYTES, "its own file cannot be read: make it readable for this user");
        return -1;
    }
    size_t size = (size_t)status.st_size;
    const uint8_t *map = mmap(NULL, size ? size : 1, PROT_READ, MAP_PRIVATE, descriptor, 0);
    close(descriptor);
    snprintf(why, REASON_BYTES, "the file is damaged: copy it here again (`dagfloe verify` says more)");
    if (map == MAP_FAILED || size < TRAILER_BYTES + FOOTER_BYTES) {
        return -1;
    }
    const uint8_t *trailer = map + size - TRAILER_BYTES;
    uint64_t behind = (uint64_t)read_u32(trailer) + read_u32(trailer + 4) + TRAILER_BYTES;
    if (memcmp(trailer + 56, "AFBNDL01", 8) != 0 || behind > size || size - behind < FOOTER_BYTES) {
        return -1;
    }
    size_t binary = size - (size_t)behind;
    const uint8_t *footer = map + binary - FOOTER_BYTES;
    uint64_t index_at = read_u64(footer), index_bytes = read_u64(footer + 8);
    if (memcmp(footer + 56, "DAGFLOE1", 8) != 0 || index_at > binary || index_bytes > binary - index_at) {
        return -1;
    }
    uint8_t found[DIGEST_BYTES];
    digest(map + index_at, (size_t)index_bytes, found);
    if (memcmp(found, footer + 16, DIGEST_BYTES) != 0) {
        return -1;
    }
    as_hex(found, DIGEST_BYTES, bundle->id);
    struct reader reader = {map + index_at, map + index_at + index_bytes, 0};
    return read_index(bundle, &reader, map, binary);
}
